"""CUDA's own capture of a training step: on a machine with a GPU only."""

from __future__ import annotations

import pytest
import torch

from prism.models import build
from prism.training.fit import train
from prism.training.run import Conditions
from tests.unit.training.cuda_graph.captured_training import CAPTURABLE, entry_of, same_numbers
from tests.unit.training.tiny_training import KillError, die_at, paths_in, run_of

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.slow,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"),
]


@pytest.mark.parametrize(("precision", "relative"), [("fp32", 2e-3), ("bf16", 5e-2)])
@pytest.mark.parametrize("name", CAPTURABLE)
def test_a_graph_on_a_gpu_does_what_single_steps_do(name, precision, relative, dataset, tmp_path, capsys):
    entry = entry_of(name, steps=20, learning_rate=1e-3, precision=precision)
    paths = {graphs: paths_in(tmp_path / str(graphs)) for graphs in (True, False)}
    for graphs, each in paths.items():
        train(run_of(dataset, entry), each, "cuda", Conditions(cuda_graphs=graphs))
        said = capsys.readouterr().err
        assert ("step: one CUDA graph" in said) == graphs, said
    same_numbers(paths[True], paths[False], relative)


@pytest.mark.parametrize("name", ["hyenadna", "prism"])
def test_a_graph_on_a_gpu_resumes(name, dataset, tmp_path, capsys):
    entry = entry_of(name, steps=20, learning_rate=1e-3, precision="fp32")
    whole, paths = paths_in(tmp_path / "whole"), paths_in(tmp_path / "killed")
    train(run_of(dataset, entry), whole, "cuda")
    for batches in (12, 3):
        with pytest.raises(KillError):
            train(die_at(run_of(dataset, entry), batches), paths, "cuda", Conditions(state_minutes=0))
    capsys.readouterr()
    train(run_of(dataset, entry), paths, "cuda")
    said = capsys.readouterr().err
    assert "resumed at step " in said
    assert "step: one CUDA graph" in said
    same_numbers(paths, whole, 2e-3)


def test_a_gpu_that_refuses_goes_on_step_by_step(dataset, tmp_path, monkeypatch, capsys):
    """The model asks the GPU for a number; its dropout must still be able to draw after the capture has failed."""

    def asking(name, settings):
        module = build(name, settings)
        module.register_forward_pre_hook(lambda module, given: given[0].signals.sum().item() and None)
        return module

    monkeypatch.setattr("prism.training.fit.build", asking)
    entry = entry_of("hyenadna", steps=20, learning_rate=1e-3, precision="fp32")
    train(run_of(dataset, entry), paths_in(tmp_path / "refused"), "cuda")
    assert "CUDA graph: not used (" in capsys.readouterr().err
    train(run_of(dataset, entry), paths_in(tmp_path / "eager"), "cuda", Conditions(cuda_graphs=False))
    same_numbers(paths_in(tmp_path / "refused"), paths_in(tmp_path / "eager"), 2e-3)

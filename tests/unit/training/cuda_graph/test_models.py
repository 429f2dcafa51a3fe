"""Which trainings have their step captured, and that these models allow it."""

from __future__ import annotations

import pytest
import torch

from prism.models import build
from prism.models.catalogue import names
from prism.training.cuda_graph import task as captured_task
from prism.training.cuda_graph.adamw import make_capturable, make_plain, plain
from prism.training.cuda_graph.step import obstacle
from prism.training.cuda_graph.task import CapturedTask, task_of
from prism.training.loop.data import FoldData
from prism.training.loop.readback import Readback
from prism.training.loop.task import Task
from tests.unit.models.tiny_models import batch_with_peaks
from tests.unit.training.cuda_graph.captured_training import (
    CAPTURABLE,
    LENGTH,
    SMALL,
    RefusesQuestions,
    entry_of,
)
from tests.unit.training.tiny_training import run_of

STEM = {"stem": {"size": 4}, "pool_bins": 4}
VARIANTS = {
    "caduceus_signals": [{"input_mask": "peaks"}, STEM | {"input_mask": "peaks"}, {"signal_dropout": 0.5}],
    "mamba": [STEM],
    "prism": [
        STEM,
        {"signal_dropout": 0.5, "adjust_promoter": True, "normalise_contexts": True},
        *({"context": kind} for kind in ("random", "shuffled", "constant")),
    ],
}


def small(name: str, **own) -> torch.nn.Module:
    sizes = {
        "length": LENGTH,
        "n_signals": 3,
        "n_rna_features": 9,
        "signals": ["H3K27ac", "DNase", "contacts"],
    }
    return build(name, sizes | SMALL | own).train()


@pytest.mark.parametrize("scan", ["", "reference"])
@pytest.mark.parametrize("name", CAPTURABLE)
def test_a_capturable_model_asks_nothing_of_the_device(name, scan, monkeypatch):
    """With the CPU's own kernels, and with the plain twin's operations, which are torch's."""
    if scan:
        monkeypatch.setenv("PRISM_SCAN", scan)
    modules = [small(name), *(small(name, **own) for own in VARIANTS.get(name, []))]
    batch = batch_with_peaks(4, LENGTH)
    for module in modules:
        with RefusesQuestions():
            output = module(batch)
            loss = output.expression.square().mean() + sum(output.losses.values())
            loss.backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)


def test_it_would_be_noticed():
    module, batch = small("seq2exp_hard"), batch_with_peaks(4, LENGTH)
    with pytest.raises(RuntimeError, match="waits for the device"), RefusesQuestions():
        module(batch)


def test_which_models_are_capturable():
    assert set(names(lambda entry: entry.capturable)) == set(CAPTURABLE)


def test_what_is_in_the_way(dataset):
    settings = run_of(dataset, entry_of("mamba")).settings
    assert obstacle(small("mamba"), settings, "bf16") is None
    assert (
        obstacle(small("seq2exp_soft"), settings, "bf16") == "seq2exp_soft's forward pass is not made for it"
    )
    assert obstacle(small("mamba"), settings, "fp16") == "the loss scale of fp16"
    checkpointed = build("mamba", SMALL | {"checkpoint_layers": True})
    assert obstacle(checkpointed, settings, "fp32") == "checkpoint_layers"
    parts = run_of(dataset, entry_of("mamba", micro_batch=2)).settings
    assert obstacle(small("mamba"), parts, "fp32") == "micro_batch"
    whole = run_of(dataset, entry_of("mamba", micro_batch=4)).settings
    assert obstacle(small("mamba"), whole, "fp32") is None


def test_the_task_of_a_training(dataset, capsys):
    """A CPU's is the plain one, without a word; a GPU that is only named here."""
    run = run_of(dataset, entry_of("mamba"))
    data, gpu = FoldData(run), torch.device("cuda", 0)
    assert type(task_of(small("mamba"), data, torch.device("cpu"), "fp32", True)) is Task
    assert capsys.readouterr().err == ""
    task = task_of(small("mamba"), data, gpu, "bf16", True)
    assert (type(task), task.capture) == (CapturedTask, captured_task.cuda_graph)
    assert capsys.readouterr().err == ""
    assert type(task_of(small("mamba"), data, gpu, "bf16", False)) is Task
    assert type(task_of(small("seq2exp_hard"), data, gpu, "bf16", True)) is Task
    assert capsys.readouterr().err == (
        "CUDA graph: not used (switched off); going on step by step\n"
        "CUDA graph: not used (seq2exp_hard's forward pass is not made for it); going on step by step\n"
    )


def test_an_optimiser_there_and_back():
    weight = torch.nn.Parameter(torch.ones(3))
    optimiser = torch.optim.AdamW([{"params": [weight]}], lr=0.25, weight_decay=0)
    weight.grad = torch.ones(3)
    optimiser.step()
    before = optimiser.state_dict()
    make_capturable(optimiser)
    rate = optimiser.param_groups[0]["lr"]
    assert isinstance(rate, torch.Tensor)
    optimiser.step()
    assert weight.tolist() == pytest.approx([0.5, 0.5, 0.5])
    rate.fill_(0.5)
    optimiser.step()
    assert weight.tolist() == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)
    told = plain(optimiser.state_dict())
    assert told["param_groups"] == [before["param_groups"][0] | {"lr": 0.5}]
    assert told["state"][0]["step"] == 3
    make_plain(optimiser)
    assert optimiser.param_groups[0]["lr"] == 0.5


def test_what_is_arriving_does_not_change():
    values = torch.tensor([1.0, 2.0])
    arriving = Readback(values)
    values.zero_()
    assert arriving.tolist() == [1.0, 2.0]

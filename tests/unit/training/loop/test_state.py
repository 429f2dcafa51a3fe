"""Kept states, and a killed run that ends as if it had not been."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from prism.models import build
from prism.training.fit import train
from prism.training.loop.state import RunState, random_state, restore_random_state, seed_everything
from prism.training.run import Conditions
from tests.unit.training.tiny_training import KillError, die_at, kill, paths_in, run_of, same_files


@pytest.mark.parametrize(("batches", "resumed_at"), [(2, None), (12, 8), (20, 14), (29, 21)])
def test_a_killed_run_ends_with_the_same_numbers(trained, dataset, tmp_path, batches, resumed_at, capsys):
    """Kept at every step here; `batches` counts also those of a validation, and the one read ahead."""
    record, whole = trained
    paths = paths_in(tmp_path)
    with pytest.raises(KillError):
        train(die_at(run_of(dataset), batches), paths, "cpu", Conditions(state_minutes=0))
    assert not paths.metrics.exists()
    capsys.readouterr()
    assert train(run_of(dataset), paths, "cpu") == record
    said = capsys.readouterr().err
    assert (f"resumed at step {resumed_at} " if resumed_at else "from step 0") in said
    same_files(paths, whole)
    assert not paths.state.exists()


def test_kill_9_and_a_broken_newest_state(trained, dataset, tmp_path):
    """The real thing: the process is killed without warning, and the newest state is cut short."""
    script = (
        "import os, pathlib, signal, sys\n"
        "from prism.training.fit import train\n"
        "from tests.unit.training.tiny_training import die_at, paths_in, run_of\n"
        "run = die_at(run_of(sys.argv[1:3]), 20, lambda: os.kill(os.getpid(), signal.SIGKILL))\n"
        "train(run, paths_in(pathlib.Path(sys.argv[3])), 'cpu')\n"
    )
    record, whole = trained
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script, *map(os.fspath, [*dataset, tmp_path])]
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    paths = paths_in(tmp_path)
    states = sorted(paths.state.glob("*/step-*.pt"))
    assert len(states) == 2
    states[-1].write_bytes(states[-1].read_bytes()[:1000])
    assert train(run_of(dataset), paths, "cpu") == record
    same_files(paths, whole)


def test_sigterm_keeps_the_state_and_is_no_success(trained, dataset, tmp_path, capsys):
    """Slurm's warning: the run stops between two steps and says so with its exit status."""
    record, whole = trained
    paths = paths_in(tmp_path)
    run = die_at(run_of(dataset), 11, lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(SystemExit) as stopped:
        train(run, paths, "cpu")
    assert stopped.value.code == 143
    assert "stopped by SIGTERM at step 8" in capsys.readouterr().err
    assert train(run_of(dataset), paths, "cpu") == record
    assert "resumed at step 8 " in capsys.readouterr().err
    same_files(paths, whole)


def test_a_run_killed_after_its_last_step_only_writes_its_files(
    trained, dataset, tmp_path, monkeypatch, capsys
):
    record, whole = trained
    paths = paths_in(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("prism.training.fit.write_history", lambda *_: kill())
        with pytest.raises(KillError):
            train(run_of(dataset), paths, "cpu")
    capsys.readouterr()
    assert train(run_of(dataset), paths, "cpu") == record
    assert "resumed at step 24 " in capsys.readouterr().err
    same_files(paths, whole)


def test_a_model_that_draws_random_numbers_resumes_exactly(dataset, tmp_path, monkeypatch):
    """Dropout draws from torch's generator in every step; killed twice, the second time right after the restart."""
    monkeypatch.setattr("prism.training.fit.build", noisy)
    whole = train(run_of(dataset), paths_in(tmp_path / "whole"), "cpu")
    paths = paths_in(tmp_path / "killed")
    for batches in (14, 3):
        with pytest.raises(KillError):
            train(die_at(run_of(dataset), batches), paths, "cpu", Conditions(state_minutes=0))
    assert train(run_of(dataset), paths, "cpu") == whole
    same_files(paths, paths_in(tmp_path / "whole"))


def noisy(name, settings):
    module = build(name, settings)
    module.register_forward_pre_hook(_drop_signals)
    return module


def _drop_signals(module, arguments):
    batch = arguments[0]
    if module.training:
        batch = replace(batch, signals=torch.nn.functional.dropout(batch.signals, 0.3))
    return (batch,)


def test_two_states_are_kept_and_the_newest_readable_is_loaded(tmp_path):
    lines: list[str] = []
    states = RunState(tmp_path / "state", "mine", lines.append)
    assert states.load() is None
    for step in (5, 10, 15):
        states.save({"step": step, "tensor": torch.arange(step)})
    names = sorted(path.name for path in (tmp_path / "state/mine").iterdir())
    assert names == ["step-000000010.pt", "step-000000015.pt"]
    assert states.load()["step"] == 15
    (tmp_path / "state/mine/step-000000015.pt").write_bytes(b"PK cut short")
    assert states.load()["tensor"].tolist() == list(range(10))
    assert "step-000000015.pt: cannot be read" in lines[-1]


def test_another_runs_state_is_named_and_left_alone(tmp_path):
    lines: list[str] = []
    RunState(tmp_path / "state", "theirs", lines.append).save({"step": 1})
    mine = RunState(tmp_path / "state", "mine", lines.append)
    assert mine.load() is None
    assert "theirs (this run is mine)" in lines[0]
    mine.save({"step": 2})
    mine.clear()
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["theirs"]
    RunState(tmp_path / "state", "theirs", lines.append).clear()
    assert not (tmp_path / "state").exists()


def test_random_state_comes_back(tmp_path):
    cpu = torch.device("cpu")
    seed_everything(7)
    np.random.standard_normal()  # leaves a second value cached in numpy's generator
    torch.save(random_state(cpu), tmp_path / "random.pt")
    drawn = [random.random(), np.random.standard_normal(), torch.rand(1).item()]
    seed_everything(8)
    restore_random_state(torch.load(tmp_path / "random.pt", weights_only=True), cpu)
    assert [random.random(), np.random.standard_normal(), torch.rand(1).item()] == drawn

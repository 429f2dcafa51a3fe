"""Exact resume at ten random points, exact repeat, and signals that end a training."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest
import torch

from prism.protocol.settings import TrainingSettings
from prism.training.fit import train
from prism.training.run import Conditions
from tests.unit.training import tiny_dataset
from tests.unit.training.forked_runs import IN_WRITING, KILLS
from tests.unit.training.tiny_training import die_at, paths_in, run_of, same_files

pytestmark = pytest.mark.slow


def forked_runs(word, files, folder):
    command = [
        sys.executable,
        "-m",
        "tests.unit.training.forked_runs",
        word,
        *map(os.fspath, files),
        str(folder),
    ]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, text=True,
                          capture_output=True)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def same_weights(paths, others):
    ours, theirs = (torch.load(each.checkpoint, weights_only=True)["state_dict"] for each in (paths, others))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_killed_at_ten_random_points_it_ends_with_the_same_numbers(dataset, tmp_path):
    forked_runs("kill", dataset, tmp_path)
    whole, killed = paths_in(tmp_path / "whole"), paths_in(tmp_path / "killed")
    same_files(killed, whole)
    same_weights(killed, whole)
    assert killed.metrics.read_bytes() == whole.metrics.read_bytes()
    logs = [(tmp_path / f"kill{number}.log").read_text() for number in range(KILLS + 1)]
    resumed = [int(step) for log in logs for step in re.findall(r"resumed at step (\d+) ", log)]
    assert len(resumed) == KILLS
    assert resumed == sorted(resumed)
    # a kill in the middle of writing leaves the state before
    assert len(set(resumed)) == KILLS - len(IN_WRITING)
    assert not any("cannot be read" in log for log in logs)  # what was half written had no state's name


def test_same_seed_twice_on_two_threads(tmp_path):
    forked_runs("repeat", tiny_dataset.write(tmp_path / "data", length=256), tmp_path)
    first, second = paths_in(tmp_path / "first"), paths_in(tmp_path / "second")
    assert "2 thread(s)" in (tmp_path / "first.log").read_text()
    same_files(first, second)
    same_weights(first, second)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_a_validation_keeps_the_state_before_it(
    number, trained, dataset, tmp_path, capsys, monkeypatch
):
    """The validation of step 6 is not finished: a state of step 6 would leave it out of the history."""
    monkeypatch.setattr(TrainingSettings, "genes_at_once", lambda *_: 4)  # 6 genes in two batches
    whole = train(run_of(dataset), paths_in(tmp_path / "whole"), "cpu")
    paths = paths_in(tmp_path / "stopped")
    run, plain = run_of(dataset), []

    def batch(indices, read=run.windows.batch):
        plain.append(indices)
        # genes 20 to 25 are the validation's; its second time is after step 6
        if sum(each[0] == 20 for each in plain) == 2 and indices[0] == 20:
            os.kill(os.getpid(), number)
        return read(indices)

    run.windows.batch = batch
    with pytest.raises(SystemExit) as stopped:
        train(run, paths, "cpu")
    assert stopped.value.code == 143
    assert "stopped by SIGTERM at step 6; a re-run goes on from step 3" in capsys.readouterr().err
    assert train(run_of(dataset), paths, "cpu") == whole
    same_files(paths, paths_in(tmp_path / "whole"))


def test_interrupt_keeps_the_state(trained, dataset, tmp_path, capsys):
    record, whole = trained
    paths = paths_in(tmp_path)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit) as stopped:
        train(die_at(run_of(dataset), 11, lambda: os.kill(os.getpid(), signal.SIGINT)), paths, "cpu")
    assert stopped.value.code == 143
    assert signal.getsignal(signal.SIGINT) is handler
    assert "at step 8; a re-run goes on from step 8" in capsys.readouterr().err
    assert train(run_of(dataset), paths, "cpu") == record
    same_files(paths, whole)


def test_a_loss_that_turns_nan_keeps_the_last_good_state(trained, dataset, tmp_path):
    record, whole = trained
    paths = paths_in(tmp_path)
    run = run_of(dataset)
    read, seen = run.windows.batch, []

    def batch(indices):
        seen.append(indices)
        found = read(indices)
        if len(seen) >= 14 and max(indices) < 20:  # of training
            found.signals[:] = float("nan")
        return found

    run.windows.batch = batch
    told = r"the loss of step (\d+) is nan; genes of its batch: gene\d\d, gene"
    with pytest.raises(ValueError, match=told):
        train(run, paths, "cpu", Conditions(state_minutes=0))
    states = sorted(paths.state.glob("*/step-*.pt"))
    assert len(states) == 2
    weights = torch.load(states[-1], weights_only=True)["model"]
    assert all(torch.isfinite(value).all() for value in weights.values() if value.is_floating_point())
    assert train(run_of(dataset), paths, "cpu") == record
    same_files(paths, whole)


def test_an_infinite_gradient_is_no_good_state_either(dataset, tmp_path, monkeypatch):
    """The loss of that step is still finite, and the weights would be lost."""
    from prism.training.loop.task import Task

    plain = Task.configure_gradient_clipping

    def exploding(task, *arguments, **more):
        if task.step == 7:
            next(task.module.parameters()).grad.fill_(float("inf"))
        plain(task, *arguments, **more)

    monkeypatch.setattr(Task, "configure_gradient_clipping", exploding)
    with pytest.raises(ValueError, match="the gradient's norm of step 7 is inf; genes of its batch: gene"):
        train(run_of(dataset), paths_in(tmp_path), "cpu", Conditions(state_minutes=0))
    newest = max(paths_in(tmp_path).state.glob("*/step-*.pt"))
    assert newest.name == "step-000000007.pt"  # before that step

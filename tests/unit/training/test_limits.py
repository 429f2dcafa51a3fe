"""Trainings that end before their limit, and that wait for a GPU no longer than that."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from prism.jobs.attempts import TemporaryError
from prism.jobs.job import job
from prism.jobs.limits import Limits
from prism.training.fit import train
from prism.training.loop import save_state
from prism.training.run import Conditions
from tests.unit.training.tiny_training import counted, paths_in, run_of, same_files


def test_it_stops_before_the_limit_and_goes_on_from_there(trained, dataset, tmp_path, capsys, stand_still):
    """55 s have gone by at the eleventh look, before step 11; the margin of one minute is 6 s."""
    record, whole = trained
    paths = paths_in(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        train(run_of(dataset), paths, "cpu", Conditions(limits=Limits(1, elapsed=counted(5))))
    assert stopped.value.code == 75
    assert "stopped before the limit of 1 minutes at step 10 of 24, " in capsys.readouterr().err
    assert train(run_of(dataset), paths, "cpu", Conditions(limits=Limits(1, elapsed=lambda: 0))) == record
    assert "resumed at step 10 " in capsys.readouterr().err
    same_files(paths, whole)


def test_a_long_step_widens_the_margin(dataset, tmp_path, monkeypatch, capsys):
    """A step takes 4 s, with a validation 8: 24 s are kept to end in, and the eighth look comes after 40 s."""
    monkeypatch.setattr(save_state, "time", SimpleNamespace(monotonic=counted(4)))
    with pytest.raises(SystemExit):
        train(run_of(dataset), paths_in(tmp_path), "cpu", Conditions(limits=Limits(1, elapsed=counted(5))))
    assert "at step 7 of 24, 24 s to spare" in capsys.readouterr().err


def test_a_limit_too_short_for_a_step_is_no_reason_to_try_again(dataset, tmp_path):
    paths = paths_in(tmp_path)
    short = Limits(1, elapsed=lambda: 55)
    with (
        pytest.raises(
            ValueError, match="1 minutes do not suffice for one step: 55 s went by before step 1, "
        ),
        job(paths.state, short, 1, print),
    ):
        train(run_of(dataset), paths, "cpu", Conditions(limits=short))
    with (
        pytest.raises(TemporaryError, match=r"attempt 2 not started; .*do not suffice for one step.*runtime"),
        job(paths.state, short, 2, print),
    ):
        pytest.fail("attempt 2 was begun")
    with job(paths.state, Limits(), 1, print):  # a new job begins anew
        train(run_of(dataset), paths, "cpu")
    assert not paths.state.exists()


def test_waiting_for_a_gpu_ends_with_the_limit(monkeypatch, dataset, tmp_path, capsys):
    from prism.compute import gpu_lock

    monkeypatch.setattr(gpu_lock, "candidates", lambda _: [torch.device("cuda", 0)])
    monkeypatch.setattr(gpu_lock, "_try_lock", lambda _: None)
    with pytest.raises(SystemExit) as stopped:
        train(run_of(dataset), paths_in(tmp_path), "cuda", Conditions(limits=Limits(1, elapsed=lambda: 58)))
    assert stopped.value.code == 75
    assert "the time limit came while another run held cuda:0" in capsys.readouterr().err


def test_a_gpu_that_is_not_there_stops_the_run(monkeypatch, dataset, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="cuda was asked for, but PyTorch sees no GPU here; use device auto"):
        train(run_of(dataset), paths_in(tmp_path), "cuda")
    assert SimpleNamespace(**train(run_of(dataset), paths_in(tmp_path), "auto")).model == "small"

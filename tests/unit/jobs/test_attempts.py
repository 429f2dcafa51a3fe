"""Attempts of a job: which failures are tried again, and which attempts got further."""

from __future__ import annotations

import pytest

from prism.jobs.attempts import HostMemoryError, TemporaryError, attempted, got_further
from prism.training.loop.state import RunState


def test_only_a_lasting_failure_is_not_tried_again(tmp_path):
    with pytest.raises(TemporaryError), attempted(tmp_path, 1):
        raise HostMemoryError("too small")
    with pytest.raises(OSError, match="disk"), attempted(tmp_path, 2):
        raise OSError("disk")
    with pytest.raises(ValueError, match="bad"), attempted(tmp_path, 3):
        raise ValueError("bad")
    with pytest.raises(TemporaryError, match="ended with: bad"), attempted(tmp_path, 4):
        pytest.fail("begun")


def end_attempt(state, run, step, error=SystemExit):
    """An attempt that saves a state of `run` at `step`, None for no state, and ends with `error`."""

    def attempt():
        if step is not None:
            RunState(state, run, print).save({"step": step})
        raise error("75")

    with pytest.raises(error, match="75"), attempted(state, 1):
        attempt()


def test_an_attempt_that_saved_a_later_step_got_further(tmp_path):
    assert not got_further(tmp_path)  # never begun
    end_attempt(tmp_path, "a", None)
    assert not got_further(tmp_path)
    end_attempt(tmp_path, "a", 5)
    assert got_further(tmp_path)
    assert not got_further(tmp_path)  # asked already: the next attempt may not have begun
    end_attempt(tmp_path, "a", 5)
    assert not got_further(tmp_path)
    end_attempt(tmp_path, "b", 3)  # of other settings: 5 steps of `a` say nothing of them
    assert got_further(tmp_path)
    end_attempt(tmp_path, "b", 4, ValueError)  # the next attempt would meet it again
    assert not got_further(tmp_path)
    with attempted(tmp_path, 1):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]

"""One training of a run at a time: in real processes, with real locks."""

from __future__ import annotations

import os

import pytest

from prism.jobs.attempts import TemporaryError
from prism.jobs.lock import locked
from tests.unit.jobs.lock_holder import Holder

HOLD_RUN = """
import sys
from prism.jobs.lock import locked
with locked(sys.argv[1], print):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_run_is_trained_by_one_process_at_a_time(tmp_path):
    state = tmp_path / "state"
    with Holder(HOLD_RUN, state) as first:
        assert first.says() == "held"
        expected = rf"state: this run is being trained by process {first.process.pid} on .*; wait for it"
        with pytest.raises(TemporaryError, match=expected), locked(state, print):
            pytest.fail("two at a time")
        first.end()
    assert not state.exists()
    with locked(state, print):
        assert (state / "lock").read_text().startswith(f"process {os.getpid()} on ")


def test_a_killed_holder_leaves_no_lock(tmp_path):
    with Holder(HOLD_RUN, tmp_path / "state") as first:
        assert first.says() == "held"
    with locked(tmp_path / "state", print):
        pass
    assert not (tmp_path / "state").exists()


def test_a_state_directory_with_a_state_stays(tmp_path):
    with locked(tmp_path / "state", print):
        (tmp_path / "state/mine").mkdir()
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["mine"]

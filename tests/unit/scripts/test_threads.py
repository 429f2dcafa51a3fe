"""The variables that keep a script to its share of the processor."""

from __future__ import annotations

import os

import pytest
import torch

from workflow_scripts import threads


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """The environment and torch's threads as they were."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_all_libraries_get_as_many_threads_as_the_job():
    threads.limit(2)
    assert {os.environ[name] for name in threads.VARIABLES} == {"2"}
    assert torch.get_num_threads() == 2


def test_waiting_threads_sleep_unless_the_user_says_otherwise():
    os.environ.pop("OMP_WAIT_POLICY", None)
    threads.limit(1)
    assert os.environ["OMP_WAIT_POLICY"] == "passive"
    os.environ["OMP_WAIT_POLICY"] = "active"
    threads.limit(1)
    assert os.environ["OMP_WAIT_POLICY"] == "active"


def test_no_thread_is_refused():
    with pytest.raises(ValueError, match="--threads 0"):
        threads.limit(0)

"""One training on a GPU, and one of a run, at a time: in real processes, with real locks."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from prism.jobs.attempts import TemporaryError
from prism.jobs.lock import locked

HOLD_RUN = """
import sys
from prism.jobs.lock import locked
with locked(sys.argv[1], print):
    print("held", flush=True)
    sys.stdin.read()
"""
# the cards are only named; the locks are real
HOLD_GPU = """
import sys
from types import SimpleNamespace
import torch
from prism.compute import gpu_lock
cards, folder, wanted = sys.argv[1].split(","), sys.argv[2], sys.argv[3]
torch.cuda.is_available = lambda: True
torch.cuda.device_count = lambda: len(cards)
torch.cuda.get_device_properties = lambda card: SimpleNamespace(uuid=cards[card.index])
gpu_lock._lock_folder = lambda: __import__("pathlib").Path(folder)
with gpu_lock.reserved(wanted, lambda line: print(line, flush=True), poll_seconds=0.05) as place:
    print("held", cards[place.index], place, flush=True)
    sys.stdin.read()
"""


class Holder:
    """A process that holds a lock until it is told to end."""

    def __init__(self, code: str, *arguments) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip

    def __enter__(self) -> Holder:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stdin.close()

    def says(self) -> str:
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.stdin.close()
        assert self.process.wait(600) == 0


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


def test_each_training_takes_a_card_of_its_own(tmp_path):
    """The second takes the other card; the third, to which the cards have other numbers, waits for one of them."""
    cards = ("GPU-a,GPU-b", tmp_path, "auto")
    with Holder(HOLD_GPU, *cards) as first, Holder(HOLD_GPU, "GPU-b,GPU-a", tmp_path, "cuda") as third:
        held = {first.says(), third.says()}
        assert {line.split()[1] for line in held} == {"GPU-a", "GPU-b"}
        with Holder(HOLD_GPU, *cards) as second:
            assert second.says() == "waiting: another run holds cuda:0, cuda:1"
            first.end()
            assert second.says() == "held GPU-a cuda:0"


def test_a_named_card_is_waited_for(tmp_path):
    with Holder(HOLD_GPU, "GPU-a,GPU-b", tmp_path, "cuda:1") as first:
        assert first.says() == "held GPU-b cuda:1"
        # CUDA_VISIBLE_DEVICES leaves this one nothing but the card that is held
        with Holder(HOLD_GPU, "GPU-b", tmp_path, "auto") as second:
            assert second.says() == "waiting: another run holds cuda:0"
            first.process.kill()  # and the operating system takes its lock away
            assert second.says() == "held GPU-b cuda:0"

"""One training on a GPU at a time: the cards are only named; processes and locks are real."""

from __future__ import annotations

from tests.unit.jobs.lock_holder import Holder

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

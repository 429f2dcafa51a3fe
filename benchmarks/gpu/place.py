"""Where a step of the check computes, at what size, and how it is timed."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from benchmarks.train_step import PAPER

GENES, QUICK_GENES = 18_377, 32
QUICK = {"batch": 2, "length": 64, "d": 8, "layers": 1, "n": 1}


def parsed(description: str | None) -> argparse.Namespace:
    """The options that every step has: `device` (cuda or cpu), `quick`, and what follows from them.

    description: of the step, for --help.

    Returns them with `size` (batch, length, d, layers, n of the model) and `genes` (of the synthetic dataset).
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--quick", action="store_true", help="toy sizes: does it run?")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: PyTorch finds no GPU here; try --device cpu --quick")
    options.size = dict(QUICK if options.quick else PAPER)
    options.genes = QUICK_GENES if options.quick else GENES
    return options


def sized(options: argparse.Namespace, **changes: object) -> argparse.Namespace:
    """The size of the model and its device as one object, as `benchmarks.training_steps` takes it.

    options: of `parsed`.
    changes: what differs, such as `precision="bf16"`.
    """
    return argparse.Namespace(**{**options.size, "device": options.device, **changes})


def wait(device: str) -> None:
    """Wait until the GPU has done what it was given; a CPU has."""
    if device == "cuda":
        torch.cuda.synchronize()


def seconds_of(work: Callable[[], object], device: str, together: int, repeats: int = 5) -> float:
    """Seconds of one call of `work`: the median of `repeats` stretches of `together` calls, after one that warms up."""
    work()
    wait(device)
    found = []
    for _ in range(repeats):
        started = time.perf_counter()
        for _ in range(together):
            work()
        wait(device)
        found.append((time.perf_counter() - started) / together)
    return statistics.median(found)

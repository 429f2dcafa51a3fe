"""The same numbers by several numbers of threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def with_threads(compute: Callable[[], Any], *counts: int) -> list[Any]:
    """What `compute` gives with each of these numbers of PyTorch's threads."""
    before, answers = torch.get_num_threads(), []
    try:
        for threads in counts:
            torch.set_num_threads(threads)
            answers.append(compute())
    finally:
        torch.set_num_threads(before)
    return answers

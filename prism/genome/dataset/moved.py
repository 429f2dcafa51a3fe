"""Rows of a batch: checked, and moved to where it is made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def counted(indices: Sequence[int] | Tensor, n: int, one: str) -> np.ndarray:
    """Rows of a dataset as whole numbers from 0; those below 0 count from its end.

    indices: rows in any order; repeats are allowed.
    n: rows of the dataset.
    one: what a row is called in messages, such as "gene".
    Raises IndexError for a row that is not there.
    """
    rows = np.asarray(indices, np.int64)
    if len(rows) and not (-n <= rows.min() and rows.max() < n):
        raise IndexError(f"{one} {rows.max()} was asked for; the {one}s are 0 to {n - 1}")
    return rows % n


def moved(values: np.ndarray, device: torch.device) -> Tensor:
    """The same values on a device; a GPU is not waited for, as a copy from memory that is not pinned would.

    values: of any shape.
    device: where they go.
    """
    tensor = torch.from_numpy(values)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)

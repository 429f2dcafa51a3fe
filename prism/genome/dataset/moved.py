"""Rows of a batch, moved to where it is made."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def moved(values: np.ndarray, device: torch.device) -> Tensor:
    """The same values on a device; a GPU is not waited for, as a copy from memory that is not pinned would.

    values: of any shape.
    device: where they go.
    """
    tensor = torch.from_numpy(values)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)

"""How tensors reach the CPU kernels: whole vectors of channels, neighbours adjacent, time in scan order."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def padded(x: Tensor | None, dim: int, multiple: int) -> Tensor | None:
    """`x` with zeros after the end of axis `dim`, up to a multiple; x itself where nothing is missing."""
    if x is None or x.shape[dim] % multiple == 0:
        return x
    padding = [0, 0] * x.ndim
    padding[2 * (x.ndim - 1 - dim % x.ndim) + 1] = -x.shape[dim] % multiple
    return F.pad(x, padding)


def array(x: Tensor, reverse: bool = False) -> np.ndarray:
    """The memory of `x`, copied only where its last axis is not contiguous; axis 1 backwards if `reverse`."""
    x = x.detach()
    values = (x if x.stride(-1) == 1 else x.contiguous()).numpy()
    return values[:, ::-1] if reverse else values


def unset(like: Tensor, *shape: int) -> Tensor:
    """A tensor of `shape` (that of `like` when not given) and of `like`'s type on the CPU, its numbers not yet set.

    numpy allocates it: torch asks for aligned blocks, whose holes glibc does not use again, so that the peak of a
    training step would be a third higher.
    """
    dtype = {torch.float32: np.float32, torch.float64: np.float64}[like.dtype]
    return torch.from_numpy(np.empty(shape or tuple(like.shape), dtype))

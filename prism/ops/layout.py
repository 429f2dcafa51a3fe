"""How tensors reach the CPU kernels: whole vectors of channels, neighbours adjacent, time in scan order."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def padded(x: Tensor | None, dim: int, multiple: int) -> Tensor | None:
    """A tensor with zeros after the end of one axis; the tensor itself if nothing is missing.

    x: any tensor, or None.
    dim: the axis.
    multiple: its length becomes a multiple of this.
    """
    if x is None or x.shape[dim] % multiple == 0:
        return x
    padding = [0, 0] * x.ndim
    padding[2 * (x.ndim - 1 - dim % x.ndim) + 1] = -x.shape[dim] % multiple
    return F.pad(x, padding)


def array(x: Tensor, reverse: bool = False) -> np.ndarray:
    """The memory of a tensor as an array, copied only if its last axis is not contiguous.

    x: on a CPU.
    reverse: whether axis 1 runs backwards; default False.
    """
    x = x.detach()
    values = (x if x.stride(-1) == 1 else x.contiguous()).numpy()
    return values[:, ::-1] if reverse else values


def unset(like: Tensor, *shape: int) -> Tensor:
    """A tensor on the CPU with numbers not yet set.

    like: gives the type.
    shape: of the new tensor; default: that of `like`.

    numpy allocates it: torch asks for aligned blocks, and glibc does not use their holes again, so the peak
    of a training step would be a third higher.
    """
    dtype = {torch.float32: np.float32, torch.float64: np.float64}[like.dtype]
    return torch.from_numpy(np.empty(shape or tuple(like.shape), dtype))

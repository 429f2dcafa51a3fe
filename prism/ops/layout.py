"""How tensors reach the CPU kernels: whole vectors of channels, neighbours adjacent, time in scan order."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

LINE = 64  # bytes of a cache line: vectors of AVX-512 that straddle two cost twice as much


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
    shape = shape or tuple(like.shape)
    dtype = np.dtype({torch.float32: np.float32, torch.float64: np.float64}[like.dtype])
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return torch.from_numpy(memory[start : start + size].view(dtype).reshape(shape))

"""How tensors reach the GPU kernels: channels adjacent, strides beside pointers, time in scan order."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
import triton
import triton.language as tl
from torch import Tensor

SPAN = 64  # positions of a program of `turned`


@triton.jit
def row(x, b, s, length):
    """Where position s of sample b begins; 64-bit, for a batch may have more than 2^31 numbers."""
    start = x[0] + b.to(tl.int64) * x[1] + s.to(tl.int64) * x[2]
    if x[2] < 0:
        start -= (length - 1).to(tl.int64) * x[2]
    return start


@triton.jit(do_not_specialize=["length", "padded"])
def turned(
    B,
    C,
    columns,
    length,
    padded,
    N: tl.constexpr,
    WIDTH: tl.constexpr,
    SPAN: tl.constexpr,
):
    """B and C as columns, (2, batch, n, padded), in scan order, zeros past the end. WIDTH: a power of two >= N."""
    spans = tl.cdiv(padded, SPAN)
    b, batch = tl.program_id(0) // spans, tl.num_programs(0) // spans
    s = tl.program_id(0) % spans * SPAN + tl.arange(0, SPAN)[:, None]
    n = tl.arange(0, WIDTH)[None, :]
    column = columns + (b.to(tl.int64) * N + n) * padded + s
    matrix = batch.to(tl.int64) * N * padded
    there, kept = (s < length) & (n < N), (s < padded) & (n < N)
    tl.store(column, tl.load(row(B, b, s, length) + n, mask=there, other=0.0).to(tl.float32), mask=kept)
    tl.store(
        column + matrix, tl.load(row(C, b, s, length) + n, mask=there, other=0.0).to(tl.float32), mask=kept
    )


def rows(x: Tensor | None) -> Tensor | None:
    """`x`, copied only where neighbours on its last axis are not adjacent in memory."""
    return x if x is None or x.stride(-1) == 1 else x.contiguous()


def sequence(x: Tensor | None, reverse: bool) -> tuple | None:
    """x (batch, length, channels) as kernels take it: pointer, stride of a sample, stride of a position.

    The last is negative for a sequence read from its end, and a constant of the compiled kernel.
    """
    if x is None:
        return None
    return x, x.stride(0), tl.constexpr(-x.stride(1) if reverse else x.stride(1))


def matrix(x: Tensor) -> tuple:
    """x (d, n) as kernels take it: pointer and both strides."""
    return x, x.stride(0), x.stride(1)


def unset(device: torch.device, *shape: int) -> Tensor:
    """A float32 tensor whose numbers are not yet set."""
    return torch.empty(shape, dtype=torch.float32, device=device)


def on_device_of(x: Tensor) -> AbstractContextManager:
    """Context in which kernels go to the GPU that holds `x`."""
    return torch.cuda.device(x.device) if x.is_cuda else nullcontext()


def columns_of(B: Tensor, C: Tensor, padded: int, reverse: bool) -> Tensor:
    """B and C (batch, length, n) as float32 columns in scan order, zeros past the end: (2, batch, n, padded)."""
    batch, length, n = B.shape
    columns = unset(B.device, 2, batch, n, padded)
    turned[(batch * triton.cdiv(padded, SPAN),)](
        sequence(B, reverse),
        sequence(C, reverse),
        columns,
        length,
        padded,
        N=n,
        WIDTH=triton.next_power_of_2(n),
        SPAN=SPAN,
    )
    return columns

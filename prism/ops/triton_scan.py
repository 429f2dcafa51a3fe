"""The selective scan on a GPU: kernels and gradients combined."""

from __future__ import annotations

import torch
import triton
from torch import Tensor
from torch.autograd.function import once_differentiable

from prism.ops.triton_layout import columns_of, matrix, on_device_of, rows, sequence, unset
from prism.ops.triton_scan_gradients import chunk_gradients
from prism.ops.triton_scan_kernels import carry_over, chunk_ends, chunk_outputs

BLOCK = 32  # channels of a program: the lanes of one warp
CHUNK = 64  # positions between the states that a forward pass makes
LEVELS = 4
GRADIENT_CHUNK = 1 << LEVELS  # likewise backward, where all that belongs to a chunk has to fit into registers
GROUP = 8  # chunks asked for at once when states are handed on


def selective_scan_triton(u, delta, A, B, C, D, z, delta_bias, delta_softplus: bool, reverse: bool) -> Tensor:
    """As `prism.ops.selective_scan`, for tensors of float32 or half precision, in any mixture, on a GPU.

    u, delta, A, B, C, D, z, delta_bias, delta_softplus, reverse: see there.

    States and sums are float32; the gradient of each tensor has its type. The numbers do not change from run
    to run.
    """
    u, delta, B, C, z = (rows(x) for x in (u, delta, B, C, z))
    D, delta_bias = (x if x is None else x.contiguous() for x in (D, delta_bias))
    inputs = (u, delta, A, B, C, D, z, delta_bias)
    if torch.is_grad_enabled() and any(x is not None and x.requires_grad for x in inputs):
        return _SelectiveScan.apply(*inputs, delta_softplus, reverse)
    return _forward(*inputs, delta_softplus, reverse)


class _Launch:
    """How one direction of one scan is cut into programs, and the buffers and arguments that follow from it."""

    def __init__(self, u: Tensor, A: Tensor, chunk: int, softplus: bool) -> None:
        self.batch, self.length, self.d = u.shape
        self.n, self.device, self.A = A.shape[1], u.device, A
        self.chunks, self.blocks = triton.cdiv(self.length, chunk), triton.cdiv(self.d, BLOCK)
        self.programs = (self.batch * self.chunks * self.blocks,)
        self.sizes = (self.length, self.d, self.chunks)
        self.constants = {"N": self.n, "BLOCK": BLOCK, "CHUNK": chunk, "SOFTPLUS": softplus, "num_warps": 1}

    def boundaries(self) -> Tensor:
        return unset(self.device, self.batch, self.chunks, self.n, self.d)

    def sums(self) -> Tensor:
        return unset(self.device, self.batch, self.chunks, self.d)

    def hand_on(self, ends: Tensor, totals: Tensor, backward: bool) -> None:
        """In place: from each chunk's own end to the state before it, or the gradient of the state after it."""
        carry_over[(self.batch * self.n * self.blocks,)](
            ends,
            totals,
            matrix(self.A),
            self.d,
            self.chunks,
            N=self.n,
            BLOCK=BLOCK,
            GROUP=GROUP,
            BACKWARD=backward,
            num_warps=1,
        )


def _forward(u, delta, A, B, C, D, z, delta_bias, softplus: bool, reverse: bool) -> Tensor:
    y = torch.empty_like(u, memory_format=torch.contiguous_format)
    if not y.numel():
        return y
    launch = _Launch(u, A, CHUNK, softplus)
    states, totals = None, None
    u_, delta_, B_, C_, z_, y_ = (sequence(x, reverse) for x in (u, delta, B, C, z, y))
    inputs = (u_, delta_, matrix(A), B_, C_)
    with on_device_of(u):
        if launch.chunks > 1:
            states, totals = launch.boundaries(), launch.sums()
            unused = (None, delta_bias, None)
            outputs = (states, None, totals)
            chunk_ends[launch.programs](*inputs, *unused, *outputs, *launch.sizes, **launch.constants)
            launch.hand_on(states, totals, backward=False)
        others = (D, z_, delta_bias, states, y_)
        chunk_outputs[launch.programs](*inputs, *others, *launch.sizes, **launch.constants)
    return y


def _backward(u, delta, A, B, C, D, z, delta_bias, gy, softplus: bool, reverse: bool) -> tuple:
    """The gradient of every input, in its order."""
    launch = _Launch(u, A, GRADIENT_CHUNK, softplus)
    gu, gdelta, gz = (
        None if x is None else torch.empty_like(x, memory_format=torch.contiguous_format)
        for x in (u, delta, z)
    )
    states, pulls, totals = launch.boundaries(), launch.boundaries(), launch.sums()
    gD, gbias = launch.sums(), launch.sums()
    gcolumns = unset(u.device, 2, launch.blocks, launch.batch, launch.n, launch.chunks * GRADIENT_CHUNK)
    sequences = (u, delta, B, C, z, rows(gy), gu, gdelta, gz)
    u_, delta_, B_, C_, z_, gy_, gu_, gdelta_, gz_ = (sequence(x, reverse) for x in sequences)
    A_ = matrix(A)
    if gu.numel():
        with on_device_of(u):
            inputs, outputs = (u_, delta_, A_, B_, C_, z_, delta_bias, gy_), (states, pulls, totals)
            chunk_ends[launch.programs](*inputs, *outputs, *launch.sizes, **launch.constants)
            launch.hand_on(states, totals, backward=False)
            launch.hand_on(pulls, totals, backward=True)
            columns = columns_of(B, C, gcolumns.shape[-1], reverse)
            inputs = (u_, delta_, A_, columns, D, z_, delta_bias, gy_, states, pulls)
            outputs = ((gu_, gdelta_, gz_), (gcolumns, gD, gbias))
            chunk_gradients[launch.programs](
                *inputs, *outputs, *launch.sizes, **launch.constants, LEVELS=LEVELS
            )
    gB, gC = gcolumns.sum(1)[..., : launch.length].transpose(-1, -2)
    if reverse:
        gB, gC = gB.flip(1), gC.flip(1)
    gA = states.sum((0, 1)).t()  # `chunk_gradients` has put the parts of it there
    summed = gA.to(A.dtype), gB.to(B.dtype), gC.to(C.dtype), gD.sum((0, 1)).to(D.dtype)
    gbias = None if delta_bias is None else gbias.sum((0, 1)).to(delta_bias.dtype)
    return gu, gdelta, *summed, gz, gbias


class _SelectiveScan(torch.autograd.Function):
    @staticmethod
    def forward(ctx, u, delta, A, B, C, D, z, delta_bias, softplus, reverse):
        ctx.save_for_backward(u, delta, A, B, C, D, z, delta_bias)
        ctx.options = (softplus, reverse)
        return _forward(u, delta, A, B, C, D, z, delta_bias, softplus, reverse)

    @staticmethod
    @once_differentiable
    def backward(ctx, gy):
        return *_backward(*ctx.saved_tensors, gy, *ctx.options), None, None

"""The selective scan on a CPU: kernels and gradients combined."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from prism.ops.compiled import compiled, run
from prism.ops.lanes import LANES
from prism.ops.layout import array, padded, unset
from prism.ops.scan_gradient_kernels import scan_backward
from prism.ops.scan_kernels import CHUNK, LOG2E, scan_forward
from prism.ops.sum_kernels import sum_blocks

READ = "3332233131bb"  # the kinds of what both kernels read: `ScanInputs.arguments`


class ScanInputs(NamedTuple):
    """What a scan reads, of one dtype, in whole vectors of channels; shapes: `prism.ops.selective_scan`.

    u: input.
    delta: step before bias and softplus, or None for 0.
    low: (batch, length, rank), whose product with `spread` adds to the step; or None.
    spread: (rank, d), or None.
    rates: (n, d), A * log2(e), transposed; n even.
    B: input weights.
    C: output weights.
    D: skip.
    z: gate, or None.
    bias: of the step, or None.
    softplus: whether the step goes through softplus.
    reverse: whether to scan from the end to the start.
    """

    u: Tensor
    delta: Tensor | None
    low: Tensor | None
    spread: Tensor | None
    rates: Tensor
    B: Tensor
    C: Tensor
    D: Tensor
    z: Tensor | None
    bias: Tensor | None
    softplus: bool
    reverse: bool

    def arguments(self) -> list:
        """What both kernels read, in their order."""
        batch, _, d = self.u.shape
        delta = self.u.new_empty(batch, 0, d) if self.delta is None else self.delta
        low = self.u.new_empty(batch, 0, 0) if self.low is None else self.low
        spread = self.u.new_empty(0, d) if self.spread is None else self.spread
        gate = self.u if self.z is None else self.z
        bias = torch.zeros_like(self.D) if self.bias is None else self.bias
        u, delta, low, B, C, gate = (
            array(x, self.reverse) for x in (self.u, delta, low, self.B, self.C, gate)
        )
        rates, D, spread, bias = (array(x) for x in (self.rates, self.D, spread, bias))
        return [u, delta, low, spread, rates, B, C, D, gate, bias, self.z is not None, self.softplus]

    @property
    def tasks(self) -> int:
        """Independent pieces of work: samples times vectors of channels."""
        return self.u.shape[0] * self.u.shape[2] // LANES


def scan_rates(A: Tensor) -> Tensor:
    """A * log2(e), transposed, as the kernels read it.

    A: (d, n).
    """
    return (A.detach() * LOG2E).t().contiguous()


def states_of_chunks(inputs: ScanInputs, keep: bool) -> Tensor:
    """Room for the state before each chunk, (batch, chunks, n, d).

    inputs: of the scan.
    keep: whether there is room for any chunk.
    """
    batch, length, d = inputs.u.shape
    return unset(inputs.u, batch, -(-length // CHUNK) if keep else 0, len(inputs.rates), d)


def run_forward(inputs: ScanInputs, y: Tensor, states: Tensor, add: bool = False) -> None:
    """Write y, and the states if there is room for them.

    inputs: of the scan.
    y: (batch, length, d), written.
    states: of `states_of_chunks`, written.
    add: whether to add to y instead; default False.
    """
    kernel = compiled(scan_forward, inputs.u.dtype, READ + "b34")
    run(kernel, inputs.tasks, *inputs.arguments(), add, array(y, inputs.reverse), states.numpy())


class ScanGradients(NamedTuple):
    """Gradients of the parameters of one scan.

    A: (d, n).
    D: (d,).
    bias: (d,).
    """

    A: Tensor
    D: Tensor
    bias: Tensor


def run_backward(
    inputs: ScanInputs,
    states: Tensor,
    gy: Tensor,
    gu: Tensor,
    gdelta: Tensor,
    gz: Tensor,
    gB: Tensor,
    gC: Tensor,
    y: Tensor | None = None,
    add: bool = False,
) -> ScanGradients:
    """Write the gradients of the sequences, and return those of the parameters.

    inputs: of the scan.
    states: those that `run_forward` wrote.
    gy: (batch, length, d), gradient of y.
    gu: (batch, length, d), written.
    gdelta: (batch, length, d), written.
    gz: (batch, length, d), written.
    gB: (batch, length, n), written.
    gC: (batch, length, n), written.
    y: (batch, length, d), written again if given; default None.
    add: whether to add to gz and y instead; default False.
    """
    (batch, _, d), (n, _), u = inputs.u.shape, inputs.rates.shape, inputs.u
    segments = states.shape[1] * CHUNK // LANES
    partial = unset(u, 2, batch, d // LANES, n, segments * LANES)
    grates, gD, gbias = unset(u, batch, n, d), unset(u, batch, d), unset(u, batch, d)
    y = u.new_empty(batch, 0, d) if y is None else y
    sequences = [array(x, inputs.reverse) for x in (gy, y, gu, gdelta, gz)]
    kernel = compiled(scan_backward, u.dtype, READ + "b43333344322")
    run(
        kernel,
        inputs.tasks,
        *inputs.arguments(),
        add,
        states.numpy(),
        *sequences,
        *(x.numpy() for x in (*partial, grates, gD, gbias)),
    )
    for parts, total in zip(partial, (gB, gC), strict=True):
        arguments = parts.numpy(), array(total, inputs.reverse)
        run(compiled(sum_blocks, u.dtype, "43"), batch * segments, *arguments)
    return ScanGradients(grates.sum(0).t(), gD.sum(0), gbias.sum(0))


def selective_scan_cpu(u, delta, A, B, C, D, z, delta_bias, delta_softplus: bool, reverse: bool) -> Tensor:
    """As `prism.ops.selective_scan`, for tensors of one dtype, float32 or float64, on the CPU.

    u, delta, A, B, C, D, z, delta_bias, delta_softplus, reverse: see there.
    """
    channels = u.shape[2]
    u, delta, z, D, delta_bias = (padded(x, -1, LANES) for x in (u, delta, z, D, delta_bias))
    A, B, C = padded(padded(A, 0, LANES), 1, 2), padded(B, -1, 2), padded(C, -1, 2)
    tensors = (u, delta, A, B, C, D, z, delta_bias)
    if torch.is_grad_enabled() and any(x is not None and x.requires_grad for x in tensors):
        return _SelectiveScan.apply(*tensors, delta_softplus, reverse)[..., :channels]
    y = unset(u)
    inputs = _inputs(*tensors, delta_softplus, reverse)
    run_forward(inputs, y, states_of_chunks(inputs, keep=False))
    return y[..., :channels]


def _inputs(u, delta, A, B, C, D, z, delta_bias, delta_softplus: bool, reverse: bool) -> ScanInputs:
    rates = scan_rates(A)
    return ScanInputs(u, delta, None, None, rates, B, C, D, z, delta_bias, delta_softplus, reverse)


class _SelectiveScan(torch.autograd.Function):
    @staticmethod
    def forward(ctx, u, delta, A, B, C, D, z, delta_bias, delta_softplus, reverse):
        inputs = _inputs(u, delta, A, B, C, D, z, delta_bias, delta_softplus, reverse)
        y, states = unset(u), states_of_chunks(inputs, keep=True)
        run_forward(inputs, y, states)
        ctx.save_for_backward(u, delta, A, B, C, D, z, delta_bias, states)
        ctx.settings = (delta_softplus, reverse)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, gy):
        *tensors, states = ctx.saved_tensors
        u, _, _, B, C, _, z, delta_bias = tensors
        gu, gdelta, gB, gC = unset(u), unset(u), unset(B), unset(C)
        gz = gu if z is None else unset(u)
        found = run_backward(_inputs(*tensors, *ctx.settings), states, gy, gu, gdelta, gz, gB, gC)
        optional = None if z is None else gz, None if delta_bias is None else found.bias
        return gu, gdelta, found.A, gB, gC, found.D, *optional, None, None

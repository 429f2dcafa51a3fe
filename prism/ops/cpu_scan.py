"""The selective scan on a CPU: kernels and gradients put together."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from prism.ops.compiled import compiled, run
from prism.ops.lanes import LANES
from prism.ops.layout import array, padded, unset
from prism.ops.scan_kernels import CHUNK, LOG2E, scan_backward, scan_forward


def selective_scan_cpu(u, delta, A, B, C, D, z, delta_bias, delta_softplus: bool, reverse: bool) -> Tensor:
    """As `prism.ops.selective_scan`, for tensors of one dtype, float32 or float64, on the CPU."""
    channels = u.shape[2]
    u, delta, z, D, delta_bias = (padded(x, -1, LANES) for x in (u, delta, z, D, delta_bias))
    A, B, C = padded(padded(A, 0, LANES), 1, 2), padded(B, -1, 2), padded(C, -1, 2)
    inputs = (u, delta, A, B, C, D, z, delta_bias)
    if torch.is_grad_enabled() and any(x is not None and x.requires_grad for x in inputs):
        return _SelectiveScan.apply(*inputs, delta_softplus, reverse)[..., :channels]
    return _forward(*inputs, delta_softplus, reverse, keep=False)[0][..., :channels]


def _arguments(u, delta, A, B, C, D, z, delta_bias, delta_softplus: bool, reverse: bool) -> list:
    """What both kernels read, in their order."""
    rates = (A.detach() * LOG2E).t().contiguous()
    bias = torch.zeros_like(D) if delta_bias is None else delta_bias
    sequences = [array(x, reverse) for x in (u, delta, B, C, u if z is None else z)]
    u, delta, B, C, gate = sequences
    return [u, delta, array(rates), B, C, array(D), gate, array(bias), z is not None, delta_softplus]


def _forward(u, delta, A, B, C, D, z, delta_bias, delta_softplus: bool, reverse: bool, keep: bool):
    """y, and the state before each chunk, (batch, chunks, n, d); no chunks unless `keep`."""
    batch, length, d = u.shape
    y = unset(u)
    states = unset(u, batch, -(-length // CHUNK) if keep else 0, A.shape[1], d)
    arguments = _arguments(u, delta, A, B, C, D, z, delta_bias, delta_softplus, reverse)
    kernel = compiled(scan_forward, u.dtype, "33233131bb34")
    run(kernel, batch * d // LANES, *arguments, array(y, reverse), states.numpy())
    return y, states


class _SelectiveScan(torch.autograd.Function):
    @staticmethod
    def forward(ctx, u, delta, A, B, C, D, z, delta_bias, delta_softplus, reverse):
        y, states = _forward(u, delta, A, B, C, D, z, delta_bias, delta_softplus, reverse, keep=True)
        ctx.save_for_backward(u, delta, A, B, C, D, z, delta_bias, states)
        ctx.settings = (delta_softplus, reverse)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, gy):
        *inputs, states = ctx.saved_tensors
        delta_softplus, reverse = ctx.settings
        u, A, z, delta_bias = inputs[0], inputs[2], inputs[6], inputs[7]
        (batch, length, d), n, chunks = u.shape, A.shape[1], states.shape[1]
        gu, gdelta = unset(u), unset(u)
        gz = gu if z is None else unset(u)
        partial = unset(u, 2, batch, d // LANES, n, chunks * CHUNK)
        grates, gD, gbias = unset(u, batch, n, d), unset(u, batch, d), unset(u, batch, d)
        run(
            compiled(scan_backward, u.dtype, "33233131bb4333344322"),
            batch * d // LANES,
            *_arguments(*inputs, delta_softplus, reverse),
            states.numpy(),
            *(array(x, reverse) for x in (gy, gu, gdelta, gz)),
            *(x.numpy() for x in (*partial, grates, gD, gbias)),
        )
        gB, gC = partial.sum(2)[..., :length].transpose(-1, -2)
        if reverse:
            gB, gC = gB.flip(1), gC.flip(1)
        gradients = gu, gdelta, grates.sum(0).t(), gB, gC, gD.sum(0)
        return *gradients, None if z is None else gz, None if delta_bias is None else gbias.sum(0), None, None

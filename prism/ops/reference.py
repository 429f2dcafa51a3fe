"""Plain PyTorch twins of the fused kernels: slow, differentiable, any dtype; a yardstick."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from prism.ops.direction import Direction


def selective_scan_reference(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor,
    z: Tensor | None = None,
    delta_bias: Tensor | None = None,
    delta_softplus: bool = True,
    reverse: bool = False,
) -> Tensor:
    """The selective state-space scan of Mamba-1 (Gu and Dao 2023, algorithm 2), one position at a time.

    u: (batch, length, d) input; like all others channels-last.
    delta: (batch, length, d) step before the bias and softplus.
    A: (d, n) decay rates, negative.
    B: (batch, length, n).
    C: (batch, length, n).
    D: (d,) skip.
    z: (batch, length, d) gate before SiLU; default None: no gate.
    delta_bias: (d,); default None: no bias.
    delta_softplus: default True; False takes delta + delta_bias as the step itself.
    reverse: default False; True scans from the end to the start, which equals flipping every sequence,
    scanning, and flipping back.

    With dt = softplus(delta + delta_bias) and state h (d, n) starting at 0:
      h_t = exp(dt_t A) h_(t-1) + dt_t B_t u_t;  y_t = (C_t . h_t + D u_t) * silu(z_t).

    Returns y: (batch, length, d), of u's dtype.
    """
    dt = delta if delta_bias is None else delta + delta_bias
    if delta_softplus:
        dt = F.softplus(dt)
    # unbind, not one index after another: the gradient of each index would be a tensor of the whole sequence
    steps = list(zip(dt.unbind(1), (dt * u).unbind(1), B.unbind(1), C.unbind(1), strict=True))
    h = u.new_zeros(u.shape[0], u.shape[2], A.shape[1])
    outputs: list[Tensor] = []
    for dt_t, drive, B_t, C_t in reversed(steps) if reverse else steps:
        h = torch.exp(dt_t[:, :, None] * A) * h + drive[:, :, None] * B_t[:, None, :]
        outputs.append(torch.einsum("bdn,bn->bd", h, C_t))
    y = torch.stack(outputs[::-1] if reverse else outputs, dim=1) + D * u
    return y if z is None else y * F.silu(z)


def causal_conv_reference(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, reverse: bool = False
) -> Tensor:
    """Depthwise causal convolution, then SiLU: y_t = silu(bias + sum_k weight[:, k] * x_(t - width + 1 + k)).

    x: (batch, length, d); positions before the start are zeros.
    weight: (d, width); the last tap is the present position.
    bias: (d,); default None: no bias.
    reverse: default False; True sees the positions after, not before, which equals flipping, convolving, and
    flipping back.

    Returns y: (batch, length, d).
    """
    width = weight.shape[1]
    padding = (0, width - 1) if reverse else (width - 1, 0)
    taps = weight.flip(1) if reverse else weight
    padded = F.pad(x.transpose(1, 2), padding)
    y = F.conv1d(padded, taps[:, None, :], bias, groups=weight.shape[0])
    return F.silu(y).transpose(1, 2)


def mamba_inner_reference(xz: Tensor, directions: Sequence[Direction], out_weight: Tensor) -> Tensor:
    """All of a Mamba mixer after its in_proj, in one or several directions: (batch, length, d_out).

    xz: (batch, length, 2d), the input x, then the gate z.
    directions: the parameters of each (`Direction`).
    out_weight: (d_out, d); multiplies the sum of what every direction makes of x, gated by z.
    """
    x, z = xz.chunk(2, dim=-1)
    total = torch.zeros_like(x)
    for way in directions:
        u = causal_conv_reference(x, way.conv_weight, way.conv_bias, way.reverse)
        rank, n = way.dt_weight.shape[1], way.A_log.shape[1]
        low, B, C = F.linear(u, way.x_weight).split([rank, n, n], dim=-1)
        delta, A = F.linear(low, way.dt_weight), -torch.exp(way.A_log)
        total = total + selective_scan_reference(
            u, delta, A, B, C, way.D, z, way.dt_bias, reverse=way.reverse
        )
    return F.linear(total, out_weight)

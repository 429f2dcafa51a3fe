"""The selective scan, the causal convolution and all of a Mamba mixer, with the fastest kernel there is.

GPUs run Triton's kernels, CPUs numba's. The environment variable PRISM_SCAN=reference forces the plain
PyTorch twins; PRISM_SCAN=triton forces Triton's kernels, which a CPU can only interpret (TRITON_INTERPRET=1).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from prism.ops.choice import on_cpu_kernel, on_triton
from prism.ops.direction import Direction
from prism.ops.recompute import Recomputation
from prism.ops.reference import causal_conv_reference, mamba_inner_reference, selective_scan_reference

__all__ = [
    "Direction",
    "causal_conv",
    "causal_conv_reference",
    "gated_direction",
    "mamba_inner",
    "mamba_inner_reference",
    "selective_scan",
    "selective_scan_reference",
]


def selective_scan(
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
    """The selective state-space scan of Mamba-1 (Gu and Dao 2023), with its step, skip and gate.

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
    Raises ValueError for a wrong shape, dtype or device.

    With dt = softplus(delta + delta_bias) and state h (d, n) starting at 0:
      h_t = exp(dt_t A) h_(t-1) + dt_t B_t u_t;  y_t = (C_t . h_t + D u_t) * silu(z_t).

    Returns y: (batch, length, d), of u's dtype. States and sums are float64 if u is, else float32. Gradients
    reach every tensor, in first order.
    """
    _check_scan(u, delta, A, B, C, D, z, delta_bias)
    if on_triton(u):
        from prism.ops.triton_scan import selective_scan_triton

        return selective_scan_triton(u, delta, A, B, C, D, z, delta_bias, delta_softplus, reverse)
    tensors = _widen(u, delta, A, B, C, D, z, delta_bias)
    if on_cpu_kernel(u):
        from prism.ops.cpu_scan import selective_scan_cpu

        return selective_scan_cpu(*tensors, delta_softplus, reverse).to(u.dtype)
    with torch.autocast(u.device.type, enabled=False):
        return selective_scan_reference(*tensors, delta_softplus, reverse).to(u.dtype)


def causal_conv(x: Tensor, weight: Tensor, bias: Tensor | None = None, reverse: bool = False) -> Tensor:
    """Depthwise causal convolution, then SiLU: y_t = silu(bias + sum_k weight[:, k] * x_(t - width + 1 + k)).

    x: (batch, length, d); positions before the start are zeros.
    weight: (d, width); the last tap is the present position.
    bias: (d,); default None: no bias.
    reverse: default False; True sees the positions after, not before, which equals flipping, convolving, and
    flipping back.
    Raises ValueError for a wrong shape, dtype or device.

    Returns y: (batch, length, d), of x's dtype. Sums are float64 if x is, else float32. Gradients reach every
    tensor, in first order.
    """
    _check_sequence("x", x)
    d = x.shape[2]
    if weight.ndim != 2 or weight.shape[0] != d or weight.shape[1] == 0:
        raise ValueError(f"weight has shape {tuple(weight.shape)}, expected (d={d}, width >= 1)")
    _check_shapes({"bias": (bias, (d,))})
    _check_family("x", x, {"weight": weight, "bias": bias})
    if on_triton(x):
        from prism.ops.triton_conv import causal_conv_triton

        return causal_conv_triton(x, weight, bias, reverse)
    tensors = _widen(x, weight, bias)
    if on_cpu_kernel(x):
        from prism.ops.cpu_conv import causal_conv_cpu

        return causal_conv_cpu(*tensors, reverse).to(x.dtype)
    with torch.autocast(x.device.type, enabled=False):
        return causal_conv_reference(*tensors, reverse).to(x.dtype)


def mamba_inner(xz: Tensor, directions: Sequence[Direction], out_weight: Tensor) -> Tensor:
    """All of a Mamba mixer (Gu and Dao 2023) after its in_proj, in one or several reading directions.

    xz: (batch, length, 2d), the input x, then the gate z.
    directions: the parameters of each (`Direction`).
    out_weight: (d_out, d).
    Raises ValueError for a wrong shape, dtype or device.

    Of each direction: u = causal_conv(x); (low, B, C) = x_weight @ u; y = selective_scan(u, dt_weight @ low,
    -exp(A_log), B, C, D, z, dt_bias). The result is out_weight @ (the sum of y over the directions).

    Returns (batch, length, d_out), of the products' type. With autocast, products are in its type; on a CPU
    only the one with out_weight, because for a product as narrow as x_weight's, converting costs what it
    saves. Steps, states and sums are float64 if xz is, else float32. Gradients reach every tensor, in first
    order. On a CPU, of all arrays with a number for each position and channel, only xz is kept for them.
    """
    _check_mixer(xz, directions, out_weight)
    if on_cpu_kernel(xz):
        from prism.ops.cpu_mixer import mamba_inner_cpu

        return mamba_inner_cpu(xz, list(directions), out_weight)
    x, z = xz.chunk(2, dim=-1)
    return F.linear(sum(gated_direction(x, z, direction) for direction in directions), out_weight)


def gated_direction(x: Tensor, z: Tensor, way: Direction) -> Tensor:
    """One direction of `mamba_inner`, by `causal_conv` and `selective_scan`, before out_weight.

    x: (batch, length, d) input.
    z: (batch, length, d) gate.
    way: the direction's parameters.
    """
    # The convolved input and the step are a third of what training would have to keep, and cheap to make.
    with Recomputation() as recomputation:
        convolved = partial(causal_conv, x.detach(), way.conv_weight, way.conv_bias, way.reverse)
        u = causal_conv(x, way.conv_weight, way.conv_bias, way.reverse)
        recomputation.add(u, convolved)
        rank, n = way.dt_weight.shape[1], way.A_log.shape[1]
        low, B, C = F.linear(u, way.x_weight).split([rank, n, n], dim=-1)
        delta = F.linear(low, way.dt_weight)  # its bias is added inside the scan, in float32
        recomputation.add(delta, partial(_linear_as, delta.dtype, low.detach(), way.dt_weight))
        A = -torch.exp(way.A_log)
        return selective_scan(u, delta, A, B, C, way.D, z, way.dt_bias, reverse=way.reverse)


def _linear_as(dtype: torch.dtype, x: Tensor, weight: Tensor) -> Tensor:
    return F.linear(x.to(dtype), weight.to(dtype))


def _widen(*tensors: Tensor | None) -> list[Tensor | None]:
    """Half precisions to float32; wider ones as they are."""
    return [x.float() if x is not None and x.dtype.itemsize < 4 else x for x in tensors]


def _check_scan(u, delta, A, B, C, D, z, delta_bias) -> None:
    _check_sequence("u", u)
    batch, length, d = u.shape
    if A.ndim != 2 or A.shape[0] != d or A.shape[1] == 0:
        raise ValueError(f"A has shape {tuple(A.shape)}, expected (d={d}, n >= 1)")
    n = A.shape[1]
    _check_shapes(
        {
            "delta": (delta, (batch, length, d)),
            "B": (B, (batch, length, n)),
            "C": (C, (batch, length, n)),
            "D": (D, (d,)),
            "z": (z, (batch, length, d)),
            "delta_bias": (delta_bias, (d,)),
        }
    )
    others = {"delta": delta, "A": A, "B": B, "C": C, "D": D, "z": z, "delta_bias": delta_bias}
    _check_family("u", u, others)


def _check_mixer(xz: Tensor, directions: Sequence[Direction], out_weight: Tensor) -> None:
    _check_sequence("xz", xz)
    if xz.shape[2] % 2:
        raise ValueError(f"xz has shape {tuple(xz.shape)}, expected an even width: the input and the gate")
    if not directions:
        raise ValueError("directions is empty, expected one or more")
    d = xz.shape[2] // 2
    _check_shapes({"out_weight": (out_weight, (len(out_weight), d))})
    _check_family("xz", xz, {"out_weight": out_weight})
    for i, way in enumerate(directions):
        for name in ("conv_weight", "dt_weight", "A_log"):
            shape = tuple(getattr(way, name).shape)
            if len(shape) != 2 or 0 in shape:
                raise ValueError(f"{name} of direction {i} has shape {shape}, expected a matrix")
        rank, n, width = way.dt_weight.shape[1], way.A_log.shape[1], way.conv_weight.shape[1]
        shapes = ((d, width), (d,), (rank + 2 * n, d), (d, rank), (d,), (d, n), (d,))
        named = {f"{name} of direction {i}": x for name, x in zip(way._fields, way.tensors, strict=False)}
        _check_shapes({name: (x, shape) for (name, x), shape in zip(named.items(), shapes, strict=True)})
        _check_family("xz", xz, named)


def _check_sequence(name: str, x: Tensor) -> None:
    if x.ndim != 3 or 0 in x.shape[1:]:
        raise ValueError(f"{name} has shape {tuple(x.shape)}, expected (batch, length >= 1, d >= 1)")


def _check_shapes(expected: dict[str, tuple[Tensor | None, tuple[int, ...]]]) -> None:
    for name, (x, shape) in expected.items():
        if x is not None and tuple(x.shape) != shape:
            raise ValueError(f"{name} has shape {tuple(x.shape)}, expected {shape}")


def _check_family(first_name: str, first: Tensor, others: dict[str, Tensor | None]) -> None:
    """All floating point, on one device, and float64 all together or not at all."""
    for name, x in {first_name: first, **others}.items():
        if x is None:
            continue
        if not x.dtype.is_floating_point:
            raise ValueError(
                f"{name} is {x.dtype}, expected a floating-point tensor: convert it with .float()"
            )
        if x.device != first.device:
            raise ValueError(f"{name} is on {x.device}, {first_name} on {first.device}: move one of them")
        if (x.dtype == torch.float64) != (first.dtype == torch.float64):
            raise ValueError(f"{name} is {x.dtype}, {first_name} {first.dtype}: float64 must not be mixed")

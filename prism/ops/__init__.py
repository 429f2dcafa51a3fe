"""The selective scan and the causal convolution of a Mamba block: one door, and the fastest kernel behind it.

The environment variable PRISM_SCAN=reference forces the plain PyTorch twins.
"""

from __future__ import annotations

import os

import torch
from torch import Tensor

from prism.ops.reference import causal_conv_reference, selective_scan_reference

__all__ = ["causal_conv", "causal_conv_reference", "selective_scan", "selective_scan_reference"]


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

    With dt = softplus(delta + delta_bias), state h (d, n) starting at 0:
    h_t = exp(dt_t A) h_(t-1) + dt_t B_t u_t;  y_t = (C_t . h_t + D u_t) * silu(z_t).

    Shapes (all channels-last):
        u: (batch, length, d) input.
        delta: (batch, length, d) step before the bias and softplus.
        A: (d, n) decay rates, negative.
        B, C: (batch, length, n).
        D: (d,) skip.
        z: (batch, length, d) gate before SiLU, or None for no gate.
        delta_bias: (d,), or None for no bias.
    `delta_softplus=False` takes delta + delta_bias as the step itself; `reverse=True` scans from the end to the start,
    equal to flipping every sequence, scanning, and flipping back.

    States and sums are float64 where u is, else float32. Gradients reach every tensor, in first order.
    Returns y: (batch, length, d), of u's dtype. Raises ValueError for a wrong shape, dtype or device.
    """
    _check_scan(u, delta, A, B, C, D, z, delta_bias)
    tensors = _widen(u, delta, A, B, C, D, z, delta_bias)
    if _on_cpu_kernel(u):
        from prism.ops.cpu_scan import selective_scan_cpu

        return selective_scan_cpu(*tensors, delta_softplus, reverse).to(u.dtype)
    with torch.autocast(u.device.type, enabled=False):
        return selective_scan_reference(*tensors, delta_softplus, reverse).to(u.dtype)


def causal_conv(x: Tensor, weight: Tensor, bias: Tensor | None = None, reverse: bool = False) -> Tensor:
    """Depthwise causal convolution, then SiLU: y_t = silu(bias + sum_k weight[:, k] * x_(t - width + 1 + k)).

    Shapes:
        x: (batch, length, d); positions before the start are zeros.
        weight: (d, width); the last tap is the present position.
        bias: (d,), or None.
    `reverse=True` sees the positions after, not before: equal to flipping, convolving, and flipping back.

    Sums are float64 where x is, else float32. Gradients reach every tensor, in first order.
    Returns y: (batch, length, d), of x's dtype. Raises ValueError for a wrong shape, dtype or device.
    """
    _check_sequence("x", x)
    d = x.shape[2]
    if weight.ndim != 2 or weight.shape[0] != d or weight.shape[1] == 0:
        raise ValueError(f"weight has shape {tuple(weight.shape)}, expected (d={d}, width >= 1)")
    _check_shapes({"bias": (bias, (d,))})
    _check_family("x", x, {"weight": weight, "bias": bias})
    tensors = _widen(x, weight, bias)
    if _on_cpu_kernel(x):
        from prism.ops.cpu_conv import causal_conv_cpu

        return causal_conv_cpu(*tensors, reverse).to(x.dtype)
    with torch.autocast(x.device.type, enabled=False):
        return causal_conv_reference(*tensors, reverse).to(x.dtype)


def _on_cpu_kernel(x: Tensor) -> bool:
    chosen = os.environ.get("PRISM_SCAN", "")
    if chosen not in ("", "reference"):
        raise ValueError(f"PRISM_SCAN={chosen!r} in the environment: expected 'reference', or unset")
    return x.device.type == "cpu" and not chosen


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

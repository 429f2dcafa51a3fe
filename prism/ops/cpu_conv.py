"""The causal convolution on a CPU: kernels and gradients combined."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from prism.ops.compiled import compiled, run
from prism.ops.conv_kernels import SPAN, conv_backward, conv_forward
from prism.ops.lanes import LANES
from prism.ops.layout import array, padded, unset


def _tasks(x: Tensor) -> int:
    return x.shape[0] * -(-x.shape[1] // SPAN)


def _arguments(x: Tensor, weight: Tensor, bias: Tensor | None, reverse: bool) -> list:
    """What both kernels read, in their order."""
    bias = torch.zeros_like(weight[:, 0]) if bias is None else bias
    return [array(x, reverse), array(weight.t().contiguous()), array(bias)]


def run_conv(x: Tensor, weight: Tensor, bias: Tensor | None, reverse: bool, y: Tensor) -> None:
    """Write the convolution of x to y; all of one dtype and with whole vectors of channels.

    x: (batch, length, d).
    weight: (d, width).
    bias: (d,) or None.
    reverse: whether to see the positions after.
    y: (batch, length, d), written.
    """
    kernel = compiled(conv_forward, x.dtype, "3213")
    run(kernel, _tasks(x), *_arguments(x, weight, bias, reverse), array(y, reverse))


def run_conv_backward(
    x: Tensor, weight: Tensor, bias: Tensor | None, reverse: bool, gy: Tensor, gx: Tensor, add: bool = False
) -> tuple[Tensor, Tensor]:
    """Write the gradient of x, and return those of weight and bias.

    x: (batch, length, d).
    weight: (d, width).
    bias: (d,) or None.
    reverse: whether the convolution saw the positions after.
    gy: (batch, length, d), gradient of y.
    gx: (batch, length, d), written.
    add: whether to add to gx instead; default False.
    """
    d, width = weight.shape
    gweight, gbias = unset(x, _tasks(x), width, d), unset(x, _tasks(x), d)
    run(
        compiled(conv_backward, x.dtype, "321b3332"),
        _tasks(x),
        *_arguments(x, weight, bias, reverse),
        add,
        *(array(v, reverse) for v in (gy, gx)),
        gweight.numpy(),
        gbias.numpy(),
    )
    return gweight.sum(0).t(), gbias.sum(0)


def causal_conv_cpu(x: Tensor, weight: Tensor, bias: Tensor | None, reverse: bool) -> Tensor:
    """As `prism.ops.causal_conv`, for tensors of one dtype, float32 or float64, on the CPU.

    x: (batch, length, d).
    weight: (d, width).
    bias: (d,) or None.
    reverse: whether to see the positions after.
    """
    channels = x.shape[2]
    x, weight, bias = padded(x, -1, LANES), padded(weight, 0, LANES), padded(bias, -1, LANES)
    if torch.is_grad_enabled() and any(v is not None and v.requires_grad for v in (x, weight, bias)):
        return _CausalConv.apply(x, weight, bias, reverse)[..., :channels]
    y = unset(x)
    run_conv(x, weight, bias, reverse, y)
    return y[..., :channels]


class _CausalConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, reverse):
        ctx.save_for_backward(x, weight, bias)
        ctx.reverse = reverse
        y = unset(x)
        run_conv(x, weight, bias, reverse, y)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, gy):
        x, weight, bias = ctx.saved_tensors
        gx = unset(x)
        gweight, gbias = run_conv_backward(x, weight, bias, ctx.reverse, gy, gx)
        return gx, gweight, None if bias is None else gbias, None

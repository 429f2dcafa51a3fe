"""The causal convolution on a CPU: kernels and gradients put together."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from prism.ops.compiled import compiled, run
from prism.ops.conv_kernels import SPAN, conv_backward, conv_forward
from prism.ops.lanes import LANES
from prism.ops.layout import array, padded, unset


def causal_conv_cpu(x: Tensor, weight: Tensor, bias: Tensor | None, reverse: bool) -> Tensor:
    """As `prism.ops.causal_conv`, for tensors of one dtype, float32 or float64, on the CPU."""
    channels = x.shape[2]
    x, weight, bias = padded(x, -1, LANES), padded(weight, 0, LANES), padded(bias, -1, LANES)
    if torch.is_grad_enabled() and any(v is not None and v.requires_grad for v in (x, weight, bias)):
        return _CausalConv.apply(x, weight, bias, reverse)[..., :channels]
    return _forward(x, weight, bias, reverse)[..., :channels]


def _tasks(x: Tensor) -> int:
    return x.shape[0] * -(-x.shape[1] // SPAN)


def _arguments(x: Tensor, weight: Tensor, bias: Tensor | None, reverse: bool) -> list:
    """What both kernels read, in their order."""
    bias = torch.zeros_like(weight[:, 0]) if bias is None else bias
    return [array(x, reverse), array(weight.t().contiguous()), array(bias)]


def _forward(x: Tensor, weight: Tensor, bias: Tensor | None, reverse: bool) -> Tensor:
    y = unset(x)
    kernel = compiled(conv_forward, x.dtype, "3213")
    run(kernel, _tasks(x), *_arguments(x, weight, bias, reverse), array(y, reverse))
    return y


class _CausalConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, reverse):
        ctx.save_for_backward(x, weight, bias)
        ctx.reverse = reverse
        return _forward(x, weight, bias, reverse)

    @staticmethod
    @once_differentiable
    def backward(ctx, gy):
        x, weight, bias = ctx.saved_tensors
        d, width = weight.shape
        gx = unset(x)
        gweight, gbias = unset(x, _tasks(x), width, d), unset(x, _tasks(x), d)
        run(
            compiled(conv_backward, x.dtype, "3213332"),
            _tasks(x),
            *_arguments(x, weight, bias, ctx.reverse),
            *(array(v, ctx.reverse) for v in (gy, gx)),
            gweight.numpy(),
            gbias.numpy(),
        )
        return gx, gweight.sum(0).t(), None if bias is None else gbias.sum(0), None

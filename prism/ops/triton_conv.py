"""The causal convolution on a GPU: kernels and gradients combined."""

from __future__ import annotations

import torch
import triton
from torch import Tensor
from torch.autograd.function import once_differentiable

from prism.ops.triton_conv_kernels import conv_backward, conv_forward
from prism.ops.triton_layout import matrix, on_device_of, rows, sequence, unset

SPAN, BLOCK = 32, 32  # positions and channels of a program
WARPS = 4


def causal_conv_triton(x: Tensor, weight: Tensor, bias: Tensor | None, reverse: bool) -> Tensor:
    """As `prism.ops.causal_conv`, for tensors of float32 or half precision, in any mixture, on a GPU.

    x: (batch, length, d).
    weight: (d, width).
    bias: (d,) or None.
    reverse: whether to see the positions after.

    Sums are float32; the gradient of each tensor has its type. The numbers do not change from run to run.
    """
    x, bias = rows(x), bias if bias is None else bias.contiguous()
    if torch.is_grad_enabled() and any(v is not None and v.requires_grad for v in (x, weight, bias)):
        return _CausalConv.apply(x, weight, bias, reverse)
    return _forward(x, weight, bias, reverse)


def _tiles(x: Tensor) -> int:
    """Tiles along the positions of all samples."""
    return x.shape[0] * triton.cdiv(x.shape[1], SPAN)


def _launch(kernel, x: Tensor, width: int, *arguments) -> None:
    if not x.numel():
        return
    _, length, d = x.shape
    constants = {"WIDTH": width, "SPAN": SPAN, "BLOCK": BLOCK, "num_warps": WARPS}
    with on_device_of(x):
        kernel[(_tiles(x) * triton.cdiv(d, BLOCK),)](*arguments, length, d, **constants)


def _forward(x: Tensor, weight: Tensor, bias: Tensor | None, reverse: bool) -> Tensor:
    y = torch.empty_like(x, memory_format=torch.contiguous_format)
    arguments = (sequence(x, reverse), matrix(weight), bias, sequence(y, reverse))
    _launch(conv_forward, x, weight.shape[1], *arguments)
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
        gx = torch.empty_like(x, memory_format=torch.contiguous_format)
        gweight, gbias = unset(x.device, _tiles(x), width, d), unset(x.device, _tiles(x), d)
        sequences = (sequence(v, ctx.reverse) for v in (rows(gy), gx))
        arguments = (sequence(x, ctx.reverse), matrix(weight), bias, *sequences, gweight, gbias)
        _launch(conv_backward, x, width, *arguments)
        gbias = None if bias is None else gbias.sum(0).to(bias.dtype)
        return gx, gweight.sum(0).t().to(weight.dtype), gbias, None

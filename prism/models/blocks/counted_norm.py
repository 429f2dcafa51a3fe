"""BatchNorm in which one row may represent many equal ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from prism.models.blocks.precision import at_least_float32, full_precision


class _CountedNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, copies, weight, bias, eps):
        with full_precision(x):
            wide = at_least_float32(x)
            count = copies.sum() * x.shape[2]
            mean = copies @ wide.sum(dim=2) / count
            normed = wide - mean[:, None]
            variance = copies @ torch.linalg.vector_norm(normed, dim=2).square_() / count
            scale = (variance + eps).rsqrt()
            ctx.save_for_backward(x, copies, weight, mean, scale)
            ctx.mark_non_differentiable(mean, variance)
            normed.mul_((scale * weight)[:, None]).add_(bias[:, None])
            return normed.to(x.dtype), mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient, *_):
        x, copies, weight, mean, scale = ctx.saved_tensors
        with full_precision(x):
            gradient, normed = at_least_float32(gradient), (at_least_float32(x) - mean[:, None])
            normed.mul_(scale[:, None])
            to_bias = gradient.sum(dim=(0, 2))
            to_weight = (gradient * normed).sum(dim=(0, 2))
            # a row's part in mean and variance is that of all its copies; its gradient already is their sum
            through = normed.mul_(to_weight[:, None]).add_(to_bias[:, None])
            through.mul_(copies[:, None, None] / (copies.sum() * x.shape[2]))
            to_x = torch.sub(gradient, through, out=through).mul_((scale * weight)[:, None])
            return to_x.to(x.dtype), None, to_weight, to_bias, None


class CountedBatchNorm1d(nn.BatchNorm1d):
    """nn.BatchNorm1d that may be told, in train mode, how many times each row occurs in the batch.

    Equal to repeating the rows, without computing a repeated row more than once.
    """

    def forward(self, x: Tensor, copies: Tensor | None = None) -> Tensor:
        """Normalise rows, some of which count several times.

        x: (rows, channels, positions), as is the result.
        copies: (rows,) floating point, how many times each row counts; None for once each.
        """
        if copies is None or not self.training:
            return super().forward(x)
        y, mean, variance = _CountedNorm.apply(x, copies, self.weight, self.bias, self.eps)
        with torch.no_grad():
            count = copies.sum() * x.shape[2]
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
            self.num_batches_tracked.add_(1)
        return y

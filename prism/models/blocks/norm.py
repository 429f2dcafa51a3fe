"""RMSNorm."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prism.models.blocks.precision import at_least_float32


class _RMSNorm(torch.autograd.Function):
    # torch's own keeps the normalised input besides the input: 0.1 GB at the sizes of the paper.
    @staticmethod
    def forward(ctx, x, weight, eps):
        ctx.save_for_backward(x, weight)
        ctx.eps = eps
        return F.rms_norm(x, weight.shape, weight, eps)

    @staticmethod
    def backward(ctx, gradient):
        x, weight = ctx.saved_tensors
        scale = torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + ctx.eps)
        normalised = x * scale
        to_weight = (gradient * normalised).flatten(0, -2).sum(dim=0)
        to_normalised = gradient * weight
        along = (to_normalised * normalised).mean(dim=-1, keepdim=True)
        return scale * (to_normalised - normalised * along), to_weight, None


class RMSNorm(nn.Module):
    """x / sqrt(mean(x^2) + eps) * weight over the last axis, computed in at least float32."""

    def __init__(self, width: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """x, result: (..., width)."""
        return _RMSNorm.apply(at_least_float32(x), self.weight, self.eps)

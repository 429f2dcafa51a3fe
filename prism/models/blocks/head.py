"""From hidden states to expression: central pooling and the head that all models share."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from prism.models.blocks.linear import ZeroBiasLinear
from prism.models.blocks.precision import at_least_float32, full_precision

# Our names in a module whose head is called `head` -> the authors'.
HEAD_AUTHORS_NAMES = (
    (r"^head\.first\.", ("pToExpr.0.",)),
    (r"^head\.second\.", ("pToExpr.2.",)),
    (r"^head\.last\.", ("pToExpr.4.",)),
)


def centre(length: int, center_len: int) -> slice:
    """The central k = min(center_len, length) positions: [length/2 - k/2, length/2 - k/2 + k), whole-number halves.

    With the TSS at length/2, this is the same convention as the window's own.

    length: of the window, bp.
    center_len: number of central positions, bp; the whole window where it is shorter.
    """
    width = min(center_len, length)
    start = length // 2 - width // 2
    return slice(start, start + width)


def pool_centre(hidden: Tensor, center_len: int) -> Tensor:
    """Mean over the central positions, (batch, d), in at least float32.

    hidden: (batch, length, d).
    center_len: number of central positions, bp; the whole window where it is shorter.
    """
    return at_least_float32(hidden[:, centre(hidden.shape[1], center_len)]).mean(dim=1)


class Head(nn.Module):
    """Linear(d_in + n_rna_features, d) ReLU Linear(d, d) ReLU Linear(d, 1), in full precision under autocast too.

    d_in: width of the pooled window.
    n_rna_features: number of gene features; may be 0.
    d: width of the hidden layers; default None, for d_in.
    """

    def __init__(self, d_in: int, n_rna_features: int, d: int | None = None) -> None:
        super().__init__()
        d = d_in if d is None else d
        self.first = ZeroBiasLinear(d_in + n_rna_features, d)
        self.second = ZeroBiasLinear(d, d)
        self.last = ZeroBiasLinear(d, 1)

    def forward(self, pooled: Tensor, rna_features: Tensor) -> Tensor:
        """Predict expression: (batch,), log10(x + 1).

        pooled: (batch, d_in), the window.
        rna_features: (batch, n_rna_features), width may be 0.
        """
        with full_precision(pooled):
            x = torch.cat([at_least_float32(pooled), rna_features.to(pooled.dtype)], dim=-1)
            x = self.first(x).relu()
            x = self.second(x).relu()
            return self.last(x).squeeze(-1)


def authors_rna_width(state: Mapping[str, Tensor]) -> dict[str, int]:
    """`n_rna_features` of an authors' state dict whose head takes d + n_rna_features.

    state: the authors' parameter names with their tensors.
    """
    weight = state.get("pToExpr.0.weight")
    return {} if weight is None else {"n_rna_features": weight.shape[1] - weight.shape[0]}

"""From hidden states to expression: central pooling and the head that all models share."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from prism.models.blocks.linear import ZeroBiasLinear
from prism.models.blocks.precision import at_least_float32, full_precision
from prism.models.catalogue.tokens import central_tokens

# Our names in a module whose head is called `head` -> the authors'.
HEAD_AUTHORS_NAMES = (
    (r"^head\.first\.", ("pToExpr.0.",)),
    (r"^head\.second\.", ("pToExpr.2.",)),
    (r"^head\.last\.", ("pToExpr.4.",)),
)


def pool_centre(hidden: Tensor, center_len: int, bins: int = 1, stem_size: int = 1) -> Tensor:
    """Means over equal bins of the central positions, side by side, (batch, bins * d), in at least float32.

    hidden: (batch, tokens, d).
    center_len: number of central positions, bp; the whole window where it is shorter.
    bins: how many, in the order of the tokens; default 1, one mean over all.
    stem_size: bases of a token; default 1.
    Raises ValueError where the central positions are no whole number of tokens, or these of bins.
    """
    where = central_tokens(hidden.shape[1] * stem_size, center_len, stem_size, bins)
    return at_least_float32(hidden[:, where]).unflatten(1, (bins, -1)).mean(dim=2).flatten(1)


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

"""Sequences with only some of their positions kept: gathered in order, never padded."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def pooled_over_kept(encode: Callable[[Tensor], Tensor], x: Tensor, kept: Tensor, pooled: slice) -> Tensor:
    """Mean of `encode` over the pooled positions, (batch, d), where `encode` sees the kept positions only.

    Rows that keep equally many positions go through `encode` together, others by themselves: a reverse scan
    over padding would start at it, and a gene would depend on its batch-mates.

    encode: function of (rows, kept positions, d) that returns the same shape.
    x: (batch, length, d).
    kept: (batch, length) bool, all True in `pooled`.
    pooled: positions of the window to take the mean over.
    """
    kept = kept.detach()
    if kept.all():
        return encode(x)[:, pooled].mean(dim=1)
    length, d = x.shape[1:]
    counts = kept.sum(dim=1)
    starts = kept[:, : pooled.start].sum(dim=1)
    central = torch.arange(pooled.stop - pooled.start, device=x.device)
    places, means = [], []
    for count in counts.unique().tolist():
        rows = (counts == count).nonzero().squeeze(1)
        positions = kept[rows].nonzero()[:, 1] + rows.repeat_interleave(count) * length
        hidden = encode(_picked(x, positions).reshape(len(rows), count, d))
        within = torch.arange(len(rows), device=x.device) * count + starts[rows]
        chosen = _picked(hidden, (within[:, None] + central).flatten())
        means.append(chosen.reshape(len(rows), -1, d).mean(dim=1))
        places.append(rows)
    return torch.cat(means)[torch.cat(places).argsort()]


def _picked(x: Tensor, flat: Tensor) -> Tensor:
    return x.flatten(0, 1).index_select(0, flat)

"""Quantiles of a dataset's signals, by which other datasets can be brought to its scale.

Values are counted as they stream by, in bins of their sign, exponent and first bits: a quantile is off by less than
0.05 %, and memory does not grow with the dataset. Values above 0 and below 0 have quantiles of their own; zeros, which
are most of a track and mean that there is nothing, are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from prism.genome.genes.table import ACTIVITY

LEVELS = 10_001  # quantiles, from the lowest value to the highest
# windows that are counted: all of them at 2 kb; of longer ones an even choice of genes, so that it takes a minute
POSITIONS = 1 << 26
_DROPPED_BITS = 12  # of the 23 of a float32's fraction
_BINS = 1 << (31 - _DROPPED_BITS)

Quantiles = Mapping[
    str, Tensor
]  # positive and negative: (LEVELS,) ascending float32, of absolute values; or (0,)


def signal_quantiles(windows, positions: int = POSITIONS) -> dict[str, dict[str, Tensor]]:
    """By signal, the quantiles of its values over the windows of all genes.

    windows: the dataset, a `prism.genome.dataset.windows.Windows`.
    positions: most bases to count; where the windows have more, an even choice of genes is taken. Default: those of
        33,554 windows of 2 kb.
    """
    counts = {name: _Counts() for name in windows.signal_names}
    for signals in _batches(windows, positions) if counts else ():
        for column, name in enumerate(windows.signal_names):
            counts[name].add(signals[..., column])
    return {name: each.quantiles() for name, each in counts.items()}


def feature_quantiles(windows) -> dict[str, dict[str, Tensor]]:
    """The quantiles of the promoter activity, which is made from signals, over all genes; {} without one.

    windows: the dataset, a `prism.genome.dataset.windows.Windows`.
    """
    if ACTIVITY not in windows.rna_feature_names:
        return {}
    counts = _Counts()
    counts.add(windows.rna_features[:, windows.rna_feature_names.index(ACTIVITY)].cpu().numpy())
    return {ACTIVITY: counts.quantiles()}


def _batches(windows, positions: int) -> Iterator[np.ndarray]:
    rows: Sequence[int] = range(len(windows.gene_id))
    most = max(1, positions // windows.length)
    if len(rows) > most:
        rows = np.linspace(0, len(rows) - 1, most).astype(int).tolist()
    at_once = max(1, 1_048_576 // windows.length)
    for start in range(0, len(rows), at_once):
        yield windows.batch(list(rows[start : start + at_once])).signals.cpu().numpy()


class _Counts:
    """How many values lie in each bin, above 0 and below 0."""

    def __init__(self):
        self.bins = {"positive": np.zeros(_BINS, np.int64), "negative": np.zeros(_BINS, np.int64)}

    def add(self, values: np.ndarray) -> None:
        """Count values, any shape."""
        for name, there in (("positive", values[values > 0]), ("negative", -values[values < 0])):
            if there.size:
                # the bits of a float32 above 0, read as a whole number, are in the order of the values
                places = there.astype("<f4").view("<i4") >> _DROPPED_BITS
                self.bins[name] += np.bincount(places, minlength=_BINS)

    def quantiles(self) -> dict[str, Tensor]:
        """Quantiles of the values of each sign: the value that so many are not above."""
        return {name: _quantiles(counts) for name, counts in self.bins.items()}


def _quantiles(counts: np.ndarray) -> Tensor:
    reached = np.cumsum(counts)
    if not reached[-1]:
        return torch.zeros(0)
    levels = np.arange(LEVELS, dtype=np.int64)
    rank = np.maximum(1, -(-levels * int(reached[-1]) // (LEVELS - 1)))
    places = np.searchsorted(reached, rank).astype("<i4")
    return torch.from_numpy((places << _DROPPED_BITS).astype("<i4").view("<f4").copy())

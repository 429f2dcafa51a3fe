"""A contact map of 49 million pixels at 5 kb, with weights that balance it, as `.cool`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

import cooler
import numpy as np
import pandas as pd

from benchmarks.real_size.sizes import Sizes
from prism.files.atomic import writing

BIN = 5_000  # bp
# Distances in bins at which every bin has a contact: all up to 200 kb, then fewer and fewer up to 2 Mb
OFFSETS = np.r_[np.arange(40), 40 + np.cumsum(np.linspace(1, 17.5, 39).astype(np.int64))]
_EXPECTED = 300  # contacts of a bin with itself, at most


def write(path: Path, sizes: Sizes) -> int:
    """Write the map, and return how many pixels it has.

    path: of the `.cool` file.
    sizes: of the chromosomes.
    """
    bins = cooler.binnify(pd.Series(sizes.lengths), BIN)
    bins["weight"] = np.concatenate([weights(sizes, chrom) for chrom in sizes.lengths])
    fast = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    with writing(path) as part:
        cooler.create_cooler(str(part), bins, _pixels(sizes), ordered=True, h5opts=fast)
    return int(cooler.Cooler(str(path)).info["nnz"])


def between(sizes: Sizes, chrom: str, one: int, other: int) -> float:
    """Balanced contacts of two bins of a chromosome; 0 where there are none, or no weight.

    sizes: of the chromosomes.
    chrom: name of the chromosome.
    one: bin of the chromosome.
    other: bin of the chromosome.
    """
    low, high = sorted((one, other))
    at = np.flatnonzero(high - low == OFFSETS)
    weight = weights(sizes, chrom)
    if low < 0 or high >= len(weight) or not len(at):
        return 0.0
    found = float(_counts(sizes, chrom)[low, at[0]]) * weight[low] * weight[high]
    return found if np.isfinite(found) else 0.0


@cache
def weights(sizes: Sizes, chrom: str) -> np.ndarray:
    """Weight of each bin (n,) float64; NaN for those that balancing leaves out.

    sizes: of the chromosomes.
    chrom: name of the chromosome.
    """
    draw = sizes.draw("weights", chrom)
    found = draw.uniform(0.5, 1.5, -(-sizes.lengths[chrom] // BIN)) / 20
    found[draw.random(len(found)) < 0.03] = np.nan
    return found


@lru_cache(maxsize=1)  # 16 MB for the longest chromosome
def _counts(sizes: Sizes, chrom: str) -> np.ndarray:
    """Contacts (n bins, n OFFSETS) int32 of each bin with those after it."""
    n = -(-sizes.lengths[chrom] // BIN)
    drawn = sizes.draw("contacts", chrom).random((n, len(OFFSETS)), np.float32)
    return 1 + (drawn * (_EXPECTED / (1 + OFFSETS)).astype(np.float32)).astype(np.int32)


def _pixels(sizes: Sizes) -> Iterator[pd.DataFrame]:
    first = 0
    for chrom in sizes.lengths:
        counts = _counts(sizes, chrom)
        one = np.arange(len(counts))[:, None]
        there = one + OFFSETS < len(counts)
        yield pd.DataFrame(
            {
                "bin1_id": first + np.broadcast_to(one, there.shape)[there],
                "bin2_id": first + (one + OFFSETS)[there],
                "count": counts[there],
            }
        )
        first += len(counts)

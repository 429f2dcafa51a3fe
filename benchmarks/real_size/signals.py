"""Two bigWigs of 20 million intervals each, with gaps between the intervals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyBigWig

from benchmarks.real_size.sizes import Sizes
from prism.files.atomic import writing

NAMES = ("H3K27ac", "DNase")
_AT_ONCE = 1 << 20


def intervals(sizes: Sizes, signal: str, chrom: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start (n,), end (n,), both 0-based bp, and value (n,) float32 of the intervals of a chromosome.

    sizes: of the chromosomes.
    signal: its name.
    chrom: name of the chromosome.

    Each lies in a cell of its own, all of one width, which it does not fill: `values` finds it by division.
    """
    n = sizes.intervals[chrom]
    width, draw = sizes.lengths[chrom] // n, sizes.draw("signal", signal, chrom)
    first = np.arange(n, dtype=np.int64) * width
    margin = draw.integers(0, width // 4, (2, n), dtype=np.uint8 if width < 1000 else np.int64)
    # read counts times a factor, as in files normalised by depth: few values, each often
    value = (1 + np.floor(8 * draw.standard_exponential(n, np.float32))) * np.float32(0.04381)
    return first + margin[0], first + width - margin[1], value


def values(drawn: tuple[np.ndarray, np.ndarray, np.ndarray], start: int, end: int) -> np.ndarray:
    """Value of each base (end - start,) float32; 0 between intervals and off the chromosome.

    drawn: `intervals` of the chromosome.
    start: 0-based bp.
    end: 0-based bp, exclusive.
    """
    low, high, value = drawn
    found = np.zeros(end - start, np.float32)
    first, last = np.searchsorted(high, max(start, 0), "right"), np.searchsorted(low, end, "left")
    for i in range(first, last):
        found[max(low[i] - start, 0) : high[i] - start] = value[i]
    return found


def write(path: Path, sizes: Sizes, signal: str) -> None:
    """Write the bigWig of a signal.

    path: of the file.
    sizes: of the chromosomes.
    signal: its name.
    """
    with writing(path) as part, pyBigWig.open(str(part), "w") as out:
        out.addHeader(list(sizes.lengths.items()))
        for chrom in sizes.lengths:
            low, high, value = intervals(sizes, signal, chrom)
            for first in range(0, len(low), _AT_ONCE):
                some = slice(first, first + _AT_ONCE)
                out.addEntries(
                    np.full(len(low[some]), chrom),
                    low[some],
                    ends=high[some],
                    values=value[some].astype(np.float64),
                    validate=False,
                )

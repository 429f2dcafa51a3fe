"""Writes a bigWig signal as bedGraph, in multiples of its genome-wide mean; peaks are called from that."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from prism.files.atomic import writing
from prism.genome.tracks.bigwig import BigWigSignal, open_bigwig
from prism.genome.tracks.transforms import NONE

log = logging.getLogger(__name__)

BLOCK = 4 << 20  # bp held at a time: 16 MB of values
_DECIMALS = 3  # of the multiples: far below any cutoff, and neighbours that differ by less become one line


def write_bedgraph(files: Sequence[str | Path], out: str | Path, block: int = BLOCK) -> float:
    """Write the mean of bigWig replicates as bedGraph, in multiples of its genome-wide mean, and return the
    latter.

    files: the replicates.
    out: the file to write.
    block: bp held in memory at a time; default 4 Mb (16 MB of values).
    Raises ValueError for files that are not bigWig, of different assemblies, or whose mean is not above 0.

    The chromosomes are those of all replicates that hold values; missing values count as 0. Each chromosome
    is covered without a gap, because `macs3 bdgpeakcall` gives a gap the value that follows it.
    """
    lengths, total = _facts(files)
    mean = total / max(1, sum(lengths.values()))
    if not mean > 0:
        raise ValueError(
            f"{', '.join(map(str, files))}: mean {mean:g}; peaks are called in multiples of the mean, which must be "
            "above 0: give read depth or fold change, not a log ratio"
        )
    signal = BigWigSignal("peaks", files, NONE.name, lengths)
    with writing(out) as part, open(part, "w") as lines:
        for runs in _runs(signal, mean, block):
            runs.to_csv(lines, sep="\t", header=False, index=False, lineterminator="\n")
    log.info("%s: in multiples of the mean, %g", ", ".join(map(str, files)), mean)
    return mean


def _facts(files: Sequence[str | Path]) -> tuple[dict[str, int], float]:
    """Lengths (bp) of the chromosomes that hold values, of those all files have, and the replicates' mean sum there.

    A file cut to a few chromosomes still lists them all: the empty ones would lower the mean.
    """
    handles = [open_bigwig(file) for file in files]
    try:
        first = dict(handles[0].chroms())
        shared = [name for name in first if all(name in handle.chroms() for handle in handles)]
        sums = {name: [h.stats(name, type="sum", exact=True)[0] for h in handles] for name in shared}
    finally:
        for handle in handles:
            handle.close()
    if len(shared) < len(first):
        log.warning("%s: %d chromosomes are not in all files: left out", files[0], len(first) - len(shared))
    covered = {name: first[name] for name in shared if any(each is not None for each in sums[name])}
    total = sum(each or 0.0 for name in covered for each in sums[name])
    # Where the files share no name, BigWigSignal says what is wrong.
    return covered if covered or shared else first, total / len(files)


def _runs(signal: BigWigSignal, mean: float, block: int) -> Iterator[pd.DataFrame]:
    """Runs of equal values (chrom, start, end, value), block by block; a run is cut where a block ends."""
    for chrom, length in signal.lengths.items():
        for first in range(0, length, block):
            size = min(block, length - first)
            values = signal.windows(chrom, np.array([first]), size)[0] / np.float32(mean)
            np.round(values, _DECIMALS, out=values)
            starts = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1])
            ends = np.append(starts[1:], size)
            yield pd.DataFrame(
                {"chrom": chrom, "start": starts + first, "end": ends + first, "value": values[starts]}
            )

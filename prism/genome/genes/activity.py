"""Activity of promoters and elements: the geometric mean of signals over an interval (the paper: H3K27ac,
DNase).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from prism.genome.coordinates import window_bounds
from prism.genome.genes.table import ACTIVITY, DROPPED, lengths_used
from prism.genome.tracks.bigwig import BigWigSignal
from prism.genome.tracks.transforms import NONE

log = logging.getLogger(__name__)

WIDTH = 1000  # bp: TSS +- 500
_ROWS_AT_ONCE = 2048  # intervals whose values are held at a time: 16 MB where they are 2 kb wide


def add_activity(
    genes: pd.DataFrame, signals: Mapping[str, Sequence[str]], lengths: Mapping[str, int]
) -> pd.DataFrame:
    """A copy of a genes table with the column promoter_activity; without that column if no signal is given.

    genes: columns gene_id, chrom, tss (0-based bp), dropped.
    signals: name -> bigWig replicates, which are averaged.
    lengths: bp of the chromosomes, by the genome's names.
    Raises ValueError for a negative mean and for a signal that is the same at every gene.

    The activity is that of `interval_activity` over [tss - 500, tss + 500), in the bigWigs' own units. The
    paper's is in reads per million from BAM files.
    """
    genes = genes.reset_index(drop=True).drop(columns=ACTIVITY, errors="ignore")
    if not signals:
        return genes
    kept = genes[genes[DROPPED] == ""]
    start, end = window_bounds(kept["tss"].to_numpy(), WIDTH)
    where = kept["gene_id"].tolist()
    genes[ACTIVITY] = np.nan
    genes.loc[kept.index, ACTIVITY] = interval_activity(
        kept["chrom"].to_numpy(), start, end, signals, lengths_used(kept, lengths), where,
        "promoter activity", "gene",
    )  # fmt: skip
    log.info("promoter activity: geometric mean of %s over TSS +- %d bp", ", ".join(signals), WIDTH // 2)
    return genes


def interval_activity(
    chrom: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    signals: Mapping[str, Sequence[str]],
    lengths: Mapping[str, int],
    names: Sequence[str],
    what: str,
    thing: str,
) -> np.ndarray:
    """Activity (n,) float64 of intervals: the geometric mean over signals of each one's mean raw value.

    chrom: (n,) the genome's names.
    start: (n,) 0-based bp.
    end: (n,) 0-based bp, exclusive, above `start`.
    signals: name -> bigWig replicates, which are averaged; at least one. Missing and off-chromosome positions
    count as 0.
    lengths: bp of the chromosomes, by the genome's names.
    names: (n,) names of the intervals, for messages.
    what: the activity's name, for messages ("promoter activity").
    thing: what an interval is, for messages ("gene").
    Raises ValueError for a negative mean and for a signal that is the same in every interval.
    """
    logarithms = np.zeros(len(chrom))
    for name, files in signals.items():
        means = _means(BigWigSignal(name, files, NONE.name, dict(lengths)), chrom, start, end)
        _refuse_bad(f"{what}, signal {name} ({', '.join(map(str, files))})", means, names, thing)
        with np.errstate(divide="ignore"):  # a mean of 0 makes the activity 0: exp(-inf)
            logarithms += np.log(means) / len(signals)
    return np.exp(logarithms)


def _means(signal: BigWigSignal, chrom: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(n,) float64 mean of raw values over each interval."""
    means = np.zeros(len(chrom))
    width = end - start
    for name in signal.lengths:
        rows = np.flatnonzero(chrom == name)
        for part in np.split(rows, range(_ROWS_AT_ONCE, len(rows), _ROWS_AT_ONCE)):
            if not len(part):
                continue
            values = signal.windows(name, start[part], int(width[part].max()))
            values[np.arange(values.shape[1]) >= width[part, None]] = 0
            means[part] = values.sum(axis=1, dtype=np.float64) / width[part]
    return means


def _refuse_bad(where: str, means: np.ndarray, names: Sequence[str], thing: str) -> None:
    if (means < 0).any():
        worst = means.argmin()
        raise ValueError(
            f"{where}: {names[worst]} has mean {means[worst]:.6g}; a geometric mean needs values >= 0: give read "
            "depth or fold change, not a log ratio"
        )
    if len(means) > 1 and np.ptp(means) == 0:
        raise ValueError(
            f"{where}: {means[0]:.6g} at every one of {len(means)} {thing}s; a constant signal carries no "
            "information: check the file and its assembly"
        )

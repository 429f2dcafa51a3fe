"""Promoter activity: the geometric mean of signals around the TSS, sqrt(H3K27ac * DNase) in the paper."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from prism.genome.coordinates import window_bounds
from prism.genome.genes import ACTIVITY, DROPPED, lengths_used
from prism.genome.signals import BigWigSignal

log = logging.getLogger(__name__)

WIDTH = 1000  # bp: TSS +- 500


def add_activity(
    genes: pd.DataFrame, signals: Mapping[str, Sequence[str]], lengths: Mapping[str, int]
) -> pd.DataFrame:
    """A copy of `genes` with column promoter_activity; without it where no signal is given.

    The activity is the geometric mean over `signals` (name -> bigWig replicates, averaged) of the mean of raw values
    over [tss - 500, tss + 500), missing and off-chromosome positions counting 0. The paper's is in reads per million
    from BAM files, ours in the bigWigs' own unit. genes: columns gene_id, chrom, tss (0-based bp), dropped; lengths:
    bp of the chromosomes. Raises ValueError for a negative mean and for a signal that is the same at every gene.
    """
    genes = genes.reset_index(drop=True).drop(columns=ACTIVITY, errors="ignore")
    if not signals:
        return genes
    kept = genes[genes[DROPPED] == ""]
    used = lengths_used(kept, lengths)
    logarithms = np.zeros(len(kept))
    for name, files in signals.items():
        means = _means(kept, BigWigSignal(name, files, "none", used), used)
        _refuse_bad(name, files, kept, means)
        with np.errstate(divide="ignore"):  # a mean of 0 makes the activity 0: exp(-inf)
            logarithms += np.log(means) / len(signals)
    genes[ACTIVITY] = np.nan
    genes.loc[kept.index, ACTIVITY] = np.exp(logarithms)
    log.info("promoter activity: geometric mean of %s over TSS +- %d bp", ", ".join(signals), WIDTH // 2)
    return genes


def _means(kept: pd.DataFrame, signal: BigWigSignal, lengths: Mapping[str, int]) -> np.ndarray:
    """(n,) float64 mean of raw values over the window of each gene."""
    means = np.zeros(len(kept))
    chrom, start = kept["chrom"].to_numpy(), window_bounds(kept["tss"].to_numpy(), WIDTH)[0]
    for name in lengths:
        rows = np.flatnonzero(chrom == name)
        means[rows] = signal.windows(name, start[rows], WIDTH).mean(axis=1, dtype=np.float64)
    return means


def _refuse_bad(name: str, files: Sequence[str], kept: pd.DataFrame, means: np.ndarray) -> None:
    if (means < 0).any():
        worst = means.argmin()
        raise ValueError(
            f"promoter activity, signal {name} ({', '.join(map(str, files))}): {kept['gene_id'].iloc[worst]} has mean "
            f"{means[worst]:.6g}; a geometric mean needs values >= 0: give read depth or fold change, not a log ratio"
        )
    if len(means) > 1 and np.ptp(means) == 0:
        raise ValueError(
            f"promoter activity, signal {name} ({', '.join(map(str, files))}): {means[0]:.6g} at every one of "
            f"{len(means)} genes; a constant signal tells nothing: check the file and its assembly"
        )

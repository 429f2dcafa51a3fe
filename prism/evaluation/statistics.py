"""Intervals and tests; nan where too few values, or values all alike, leave nothing to test."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


def t_interval(values: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """The t interval of a mean: (low, high); nan with fewer than two values.

    values: (n,), a score of each seed.
    level: share of such intervals that hold the true mean; default 0.95.
    """
    values = np.asarray(values, np.float64)
    if len(values) < 2 or not np.isfinite(values).all():
        return float("nan"), float("nan")
    half = stats.t.ppf(0.5 + level / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def paired_t(differences: ArrayLike) -> float:
    """Two-sided p of the paired t-test; nan where the differences have no spread.

    differences: (n,), first of each pair minus second.
    """
    differences = np.asarray(differences, np.float64)
    if len(differences) < 2 or not np.isfinite(differences).all() or differences.min() == differences.max():
        return float("nan")
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def wilcoxon(differences: ArrayLike) -> float:
    """Two-sided p of Wilcoxon's signed-rank test; nan with fewer than two differences, or where all are 0.

    differences: (n,), first of each pair minus second.
    """
    differences = np.asarray(differences, np.float64)
    if len(differences) < 2 or not np.isfinite(differences).all() or not differences.any():
        return float("nan")
    return float(stats.wilcoxon(differences).pvalue)


def holm(ps: Sequence[float]) -> list[float]:
    """p of each of several tests, corrected so that all of them together err with the level's probability (Holm 1979).

    ps: uncorrected; nan stays nan and counts as a test.
    """
    order = np.argsort(np.where(np.isnan(ps), np.inf, ps))
    corrected, largest = [float("nan")] * len(ps), 0.0
    for rank, place in enumerate(order):
        if not np.isnan(ps[place]):
            largest = max(largest, min(1.0, (len(ps) - rank) * ps[place]))
            corrected[place] = float(largest)
    return corrected


def blocks_of(chrom: Sequence[str], position: ArrayLike, size: int) -> np.ndarray:
    """The block in which each gene lies, (n,) whole numbers from 0: genes of one block are not independent.

    chrom: (n,) names.
    position: (n,) 0-based bp, the TSS.
    size: of a block, bp; block k of a chromosome holds the positions from k * size on.
    Raises ValueError for a size below 1.
    """
    if size < 1:
        raise ValueError(f"a block of {size} bp holds no gene; give a size of at least 1 bp")
    places = list(zip(map(str, chrom), (np.asarray(position, np.int64) // size).tolist(), strict=True))
    number = {place: i for i, place in enumerate(dict.fromkeys(places))}
    return np.array([number[place] for place in places], np.int64)


def block_bootstrap(
    statistics: Callable[[np.ndarray], Sequence[float]],
    blocks: ArrayLike,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> np.ndarray:
    """Percentile intervals of statistics of genes, when whole blocks of genes are drawn again.

    Each draw takes as many blocks as there are, with replacement, and all genes of each.

    statistics: of (m,) places of genes, any of which may stand there several times; returns k numbers.
    blocks: (n,) the block of each gene (`blocks_of`).
    draws: how many; default 1,000.
    seed: of the draws; default 0.
    level: of the intervals; default 0.95.

    Returns (k, 2) low and high; nan with fewer than two blocks, and for a statistic that is nan in a draw out of ten.
    """
    blocks = np.asarray(blocks, np.int64)
    members = [np.flatnonzero(blocks == block) for block in np.unique(blocks)]
    if len(members) < 2:
        return np.full((len(statistics(np.arange(len(blocks)))), 2), np.nan)
    random = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        chosen = random.integers(0, len(members), len(members))
        found.append(statistics(np.concatenate([members[block] for block in chosen])))
    return np.array([_percentiles(each, level) for each in np.array(found, np.float64).T])


def _percentiles(values: np.ndarray, level: float) -> tuple[float, float]:
    there = values[np.isfinite(values)]
    if len(there) < 0.9 * len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(there, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)

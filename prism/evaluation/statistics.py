"""Intervals and paired tests; nan where too few values, or values all alike, leave nothing to test."""

from __future__ import annotations

from collections.abc import Sequence

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

"""Intervals and paired tests; nan where too few values, or values all alike, leave nothing to test."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


def t_interval(values: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """The t interval of the mean of `values` (n,): (low, high); nan with fewer than two."""
    values = np.asarray(values, np.float64)
    if len(values) < 2 or not np.isfinite(values).all():
        return float("nan"), float("nan")
    half = stats.t.ppf(0.5 + level / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def paired_t(differences: ArrayLike) -> float:
    """Two-sided p of the paired t-test on differences (n,); nan where they have no spread."""
    differences = np.asarray(differences, np.float64)
    if len(differences) < 2 or not np.isfinite(differences).all() or differences.min() == differences.max():
        return float("nan")
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def wilcoxon(differences: ArrayLike) -> float:
    """Two-sided p of Wilcoxon's signed-rank test on differences (n,); nan with fewer than two or none but 0."""
    differences = np.asarray(differences, np.float64)
    if len(differences) < 2 or not np.isfinite(differences).all() or not differences.any():
        return float("nan")
    return float(stats.wilcoxon(differences).pvalue)

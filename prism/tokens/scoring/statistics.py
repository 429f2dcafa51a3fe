"""What a result is worth: p against other mutations of equal size, and against gene sets of equal expression."""

from __future__ import annotations

import numpy as np
from scipy import stats

from prism.tokens.scoring.ranking_scores import Metric


def exceedance(observed: float, null: np.ndarray, rng: np.random.Generator | None = None) -> float:
    """Share of the null that is as large as what was observed, the observed itself counted in; never 0.

    observed: the value.
    null: (n,) values where nothing is true; NaN is not counted.
    rng: where given, ties with the observed (itself among them) count by a random part of them; default None, whole.
    Raises ValueError where there is none.

    Plain p lie on the steps 1 / (n + 1), ..., 1, so with n = 20 they are far from uniform where nothing is true, in a
    test such as Kolmogorov and Smirnov's. With `rng` they are uniform for every n. A result is reported by the plain
    one, which is never smaller; many worlds are held against the uniform distribution by the other.
    """
    null = np.asarray(null, np.float64)
    null = null[~np.isnan(null)]
    if not len(null):
        raise ValueError("no value of the null was given; raise the number of draws")
    above, ties = int((null > observed).sum()), 1 + int((null == observed).sum())
    return float((above + (ties if rng is None else ties * rng.random())) / (1 + len(null)))


def strata(level: np.ndarray, detection: np.ndarray, bins: int = 5) -> np.ndarray:
    """Genes of like expression and detection share a number: (genes,).

    level: (genes,) mean expression.
    detection: (genes,) share of the cells that hold the gene.
    bins: of the level, and of the detection within each; default 5, so up to 25 strata.
    """
    outer = _bins(np.asarray(level), bins)
    inner = np.zeros(len(outer), np.int64)
    for each in np.unique(outer):
        rows = outer == each
        inner[rows] = _bins(np.asarray(detection)[rows], bins)
    return outer * bins + inner


def _bins(values: np.ndarray, bins: int) -> np.ndarray:
    order = stats.rankdata(values, method="ordinal") - 1
    return (order * bins // len(values)).astype(np.int64)


def matched_sets(
    score: np.ndarray, target: np.ndarray, stratum: np.ndarray, metric: Metric, rng: np.random.Generator,
    draws: int = 1_000,
) -> np.ndarray:  # fmt: skip
    """The metric of random gene sets that have as many genes of each stratum as the targets: (draws,).

    score: (genes,), larger is more likely a target.
    target: (genes,) bool.
    stratum: (genes,) as `strata` gives them; the factor itself must be left out of all three.
    metric: of (score, target).
    rng: source of chance.
    draws: sets; default 1,000.

    Targets may be drawn too: where status has nothing to do with the score, every set is as likely as the true one, and
    the p of `exceedance` is uniform.
    """
    rows = [np.flatnonzero(stratum == each) for each in np.unique(stratum)]
    found = np.empty(draws)
    for draw in range(draws):
        drawn = np.zeros(len(target), bool)
        for members in rows:
            drawn[rng.permutation(members)[: target[members].sum()]] = True
        found[draw] = metric(score, drawn)
    return found


def gene_ps(observed: np.ndarray, null: np.ndarray) -> np.ndarray:
    """p of each gene against mutations of equal size that should not matter: (genes,), at least 1 / (1 + mutations).

    observed: (genes,) shifts under the mutation.
    null: (mutations, genes) shifts under the others.
    """
    return (1 + (null >= observed).sum(axis=0)) / (1 + len(null))


def max_statistic_ps(observed: np.ndarray, null: np.ndarray) -> np.ndarray:
    """p of each gene, corrected for all of them: how often the largest of a null mutation's shifts is as large.

    observed: (genes,) shifts under the mutation.
    null: (mutations, genes) shifts under the others.

    Shifts are first put on one scale, by the mean and deviation of each gene over the mutation and the null together,
    so that a gene which always moves much does not hide the others. Holds the chance of any false gene at the level
    (Westfall and Young 1993).
    """
    together = np.vstack([observed[None], null])
    spread = together.std(axis=0)
    scaled = (together - together.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    largest = scaled[1:].max(axis=1)
    return (1 + (largest[:, None] >= scaled[0]).sum(axis=0)) / (1 + len(null))


def benjamini_hochberg(ps: np.ndarray) -> np.ndarray:
    """p of each of several tests such that those below q hold a share of at most q false ones (1995): (n,).

    ps: (n,) uncorrected; NaN stays NaN and is no test.
    """
    ps = np.asarray(ps, np.float64)
    corrected, known = np.full(len(ps), np.nan), ~np.isnan(ps)
    if known.any():
        corrected[known] = stats.false_discovery_control(ps[known])
    return corrected


def donor_ps(by_donor: np.ndarray, null_by_donor: np.ndarray) -> np.ndarray:
    """One-sided p of each gene over donors: its shift is larger than under the null in the same donor: (genes,).

    by_donor: (donors, genes) mean shifts under the mutation, NaN where no cell holds the gene.
    null_by_donor: (donors, genes) the same under the null, its mean.

    A paired t-test of the logarithms' difference, so a donor counts once however many cells it has; NaN with fewer than
    three donors or without spread.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.log(by_donor) - np.log(null_by_donor)
    ps = np.full(difference.shape[1], np.nan)
    for gene, values in enumerate(difference.T):
        values = values[np.isfinite(values)]
        if len(values) >= 3 and np.ptp(values) > 0:
            ps[gene] = stats.ttest_1samp(values, 0.0, alternative="greater").pvalue
    return ps

"""Poisson counts of a cell type, and of the counterfactual ones that depart from it."""

from __future__ import annotations

import numpy as np


def changed_counts(
    rng: np.random.Generator, counts: np.ndarray, expected: np.ndarray, changed: np.ndarray
) -> np.ndarray:
    """Poisson counts of changed means that depart as little as possible from counts already drawn: (n,) int64.

    rng: source of chance; how many numbers it gives depends on the means.
    counts: (n,) drawn with the means `expected`.
    expected: (n,), >= 0.
    changed: (n,) the new means, >= 0.

    Where the mean falls, each event stays with probability changed / expected; where it rises, Poisson(changed -
    expected) events join; so the result is Poisson(changed), and where the means are equal it is `counts`.
    """
    kept = np.divide(changed, expected, out=np.ones_like(expected), where=expected > 0).clip(max=1.0)
    return rng.binomial(counts, kept) + rng.poisson(np.maximum(changed - expected, 0.0))

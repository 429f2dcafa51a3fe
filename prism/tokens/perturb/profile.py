"""A mutation profile in two stages: all changes by how far they move the token, some by how far they move the genes."""

from __future__ import annotations

import numpy as np
from scipy import stats


def chosen(
    displacement: np.ndarray, n_top: int, n_random: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Which changes the second stage measures: (top, random), numbers of changes, none in both.

    displacement: (changes,) how far each moves the factor's token.
    n_top: of those that move it most, first the largest; ties by number.
    n_random: of the others, at random; without them the agreement of the stages cannot be judged.
    rng: source of chance.
    Raises ValueError where fewer changes are there than are wanted.
    """
    if n_top + n_random > len(displacement):
        raise ValueError(
            f"{n_top} top and {n_random} random changes are wanted, and there are {len(displacement)}; lower the "
            "numbers, or widen the interval"
        )
    order = np.argsort(-np.asarray(displacement, np.float64), kind="stable")
    return order[:n_top], np.sort(rng.choice(order[n_top:], n_random, replace=False))


def agreement(displacement: np.ndarray, shift: np.ndarray) -> float:
    """Spearman's rank correlation of both stages; NaN with fewer than three changes or where one does not vary.

    displacement: (n,) of the measured changes.
    shift: (n,) mean shift of the genes under each.
    """
    if len(displacement) < 3 or np.ptp(displacement) == 0 or np.ptp(shift) == 0:
        return float("nan")
    return float(stats.spearmanr(displacement, shift).statistic)

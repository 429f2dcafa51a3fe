"""Scores of a whole split at once, on the label's scale, log10(x + 1).

Every function takes prediction and target, both (n,), and returns one float computed in float64.
A score that does not exist (a correlation with a constant, fewer than two genes) is nan.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

NAMES = ("mse", "mae", "pearson", "spearman", "r2")


def mse(prediction: ArrayLike, target: ArrayLike) -> float:
    """Mean squared error."""
    prediction, target = _pair(prediction, target)
    return float(np.mean((prediction - target) ** 2))


def mae(prediction: ArrayLike, target: ArrayLike) -> float:
    """Mean absolute error."""
    prediction, target = _pair(prediction, target)
    return float(np.mean(np.abs(prediction - target)))


def pearson(prediction: ArrayLike, target: ArrayLike) -> float:
    """Pearson's correlation; nan where either side is constant."""
    prediction, target = _pair(prediction, target)
    if len(target) < 2 or _constant(prediction) or _constant(target):
        return float("nan")
    x, y = prediction - prediction.mean(), target - target.mean()
    # scaled to unit length first, so that tiny deviations do not underflow in the product
    x, y = x / np.linalg.norm(x), y / np.linalg.norm(y)
    return float(np.clip(x @ y, -1.0, 1.0))


def spearman(prediction: ArrayLike, target: ArrayLike) -> float:
    """Spearman's correlation: Pearson's of the ranks, ties sharing their mean rank."""
    prediction, target = _pair(prediction, target)
    return pearson(_mean_ranks(prediction), _mean_ranks(target))


def r2(prediction: ArrayLike, target: ArrayLike) -> float:
    """Coefficient of determination, 1 - squared error / variance of the target; nan for a constant target."""
    prediction, target = _pair(prediction, target)
    if len(target) < 2 or _constant(target):
        return float("nan")
    return float(1.0 - np.sum((target - prediction) ** 2) / np.sum((target - target.mean()) ** 2))


def scores(prediction: ArrayLike, target: ArrayLike) -> dict[str, float]:
    """All of the above: {"n", "mse", "mae", "pearson", "spearman", "r2"}."""
    functions = (mse, mae, pearson, spearman, r2)
    return {"n": len(np.atleast_1d(target))} | {
        name: function(prediction, target) for name, function in zip(NAMES, functions, strict=True)
    }


def _pair(prediction: ArrayLike, target: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    prediction, target = np.asarray(prediction, np.float64), np.asarray(target, np.float64)
    # (n,) against (n, 1) would broadcast to an n x n table and give a plausible wrong number
    if prediction.ndim != 1 or prediction.shape != target.shape:
        raise ValueError(
            f"prediction and target must both be (n,); they are {prediction.shape} and {target.shape}"
        )
    if not len(target):
        raise ValueError("there is no gene to score")
    return prediction, target


def _constant(values: np.ndarray) -> bool:
    return bool(values.min() == values.max())


def _mean_ranks(values: np.ndarray) -> np.ndarray:
    _, which, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[which]

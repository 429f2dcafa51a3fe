"""Scores of a whole split at once, on the label's scale, log10(x + 1).

Every function takes prediction and target, both (n,), and returns one float computed in float64.
A score that does not exist (a correlation with a constant, fewer than two genes) is nan.
`METRICS` is the one list of them: metrics.json, history.csv, the comparison and every figure read it, so a score is
added by one entry there, and its direction is written nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

UNIT = "log₁₀(x + 1)"  # of the label


@dataclass(frozen=True)
class Metric:
    """One score and all that is known of it.

    name: its key in metrics.json and in tables.
    function: of prediction and target, both (n,), on the label's scale; returns a float.
    title: its name on axes and in lines of text.
    higher_is_better: which way models are ranked by it.
    unit: of its values; empty for a pure number.
    symbol: its shortest name, on crowded panels; the title where none is given.
    headline: whether it has a column in history.csv and a panel in the figure of scores; tables hold every score.
    """

    name: str
    function: Callable[[ArrayLike, ArrayLike], float]
    title: str
    higher_is_better: bool
    unit: str = ""
    symbol: str = ""
    headline: bool = True

    @property
    def axis_title(self) -> str:
        """Title and unit, for an axis."""
        return f"{self.title}, {self.unit}" if self.unit else self.title

    @property
    def short(self) -> str:
        """The symbol, or the title where there is no symbol."""
        return self.symbol or self.title

    @property
    def direction(self) -> str:
        """Which way is better, in words, for below an axis."""
        return "higher is better →" if self.higher_is_better else "← lower is better"

    def better(self, value: float, than: float) -> bool:
        """Whether one value of this score is better than another.

        value: the one; a score that does not exist (nan) is worse than any.
        than: the value to compare with.
        """
        return self.rank(value) < self.rank(than)

    def rank(self, value: float) -> tuple[bool, float]:
        """A key to sort by: the best value first, values that are not finite last.

        value: of this score.
        """
        finite = bool(np.isfinite(value))
        return not finite, (-float(value) if self.higher_is_better else float(value)) if finite else 0.0


def mse(prediction: ArrayLike, target: ArrayLike) -> float:
    """Mean squared error.

    prediction: (n,), log10(x + 1).
    target: (n,), the measured values, log10(x + 1).
    """
    prediction, target = _pair(prediction, target)
    return float(np.mean((prediction - target) ** 2))


def mae(prediction: ArrayLike, target: ArrayLike) -> float:
    """Mean absolute error.

    prediction: (n,), log10(x + 1).
    target: (n,), the measured values, log10(x + 1).
    """
    prediction, target = _pair(prediction, target)
    return float(np.mean(np.abs(prediction - target)))


def pearson(prediction: ArrayLike, target: ArrayLike) -> float:
    """Pearson's correlation; nan where either side is constant.

    prediction: (n,), log10(x + 1).
    target: (n,), the measured values, log10(x + 1).
    """
    prediction, target = _pair(prediction, target)
    if len(target) < 2 or _constant(prediction) or _constant(target):
        return float("nan")
    x, y = prediction - prediction.mean(), target - target.mean()
    # scaled to unit length first, so that tiny deviations do not underflow in the product
    x, y = x / np.linalg.norm(x), y / np.linalg.norm(y)
    return float(np.clip(x @ y, -1.0, 1.0))


def spearman(prediction: ArrayLike, target: ArrayLike) -> float:
    """Spearman's correlation: Pearson's of the ranks, ties sharing their mean rank.

    prediction: (n,), log10(x + 1).
    target: (n,), the measured values, log10(x + 1).
    """
    prediction, target = _pair(prediction, target)
    return pearson(_mean_ranks(prediction), _mean_ranks(target))


def r2(prediction: ArrayLike, target: ArrayLike) -> float:
    """Coefficient of determination, 1 - squared error / variance of the target; nan for a constant target.

    prediction: (n,), log10(x + 1).
    target: (n,), the measured values, log10(x + 1).
    """
    prediction, target = _pair(prediction, target)
    if len(target) < 2 or _constant(target):
        return float("nan")
    return float(1.0 - np.sum((target - prediction) ** 2) / np.sum((target - target.mean()) ** 2))


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("mse", mse, "MSE", higher_is_better=False, unit=f"[{UNIT}]²"),
        Metric("mae", mae, "MAE", higher_is_better=False, unit=UNIT),
        Metric("pearson", pearson, "Pearson r", higher_is_better=True, symbol="r"),
        Metric("spearman", spearman, "Spearman ρ", higher_is_better=True, symbol="ρ", headline=False),
        Metric("r2", r2, "R²", higher_is_better=True, headline=False),
    )
}
# the score of the valid split by which a training keeps its weights, and which orders models in figures
SELECTED_BY = "mse"


def scores(prediction: ArrayLike, target: ArrayLike) -> dict[str, float]:
    """Every score of `METRICS`, by name, after `n`, the number of genes.

    prediction, target: (n,), log10(x + 1).
    Raises ValueError for other shapes and for no gene.
    """
    return {"n": len(np.atleast_1d(target))} | {
        name: metric.function(prediction, target) for name, metric in METRICS.items()
    }


def headlines() -> tuple[Metric, ...]:
    """The scores that get a column in history.csv and a panel in the figure of scores."""
    return tuple(metric for metric in METRICS.values() if metric.headline)


def known(names: Iterable[str]) -> tuple[Metric, ...]:
    """The metrics of some names, in that order.

    names: keys of `METRICS`.
    Raises ValueError for a name that is not in `METRICS`.
    """
    names = tuple(names)
    if unknown := [name for name in names if name not in METRICS]:
        raise ValueError(f"there is no metric {', '.join(unknown)}; there are {', '.join(METRICS)}")
    return tuple(METRICS[name] for name in names)


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

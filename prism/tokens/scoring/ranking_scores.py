"""How well a score of every gene finds the known targets; ties count as if broken at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

Metric = Callable[[np.ndarray, np.ndarray], float]  # (score (genes,), target (genes,) bool) -> value
AT = 50  # genes at the top of the list, as the papers count


def _checked(score: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    score, target = np.asarray(score, np.float64), np.asarray(target, bool)
    if score.shape != target.shape or score.ndim != 1:
        raise ValueError(
            f"scores of shape {score.shape}, targets of shape {target.shape}; both must be (genes,)"
        )
    if not np.isfinite(score).all():
        raise ValueError(
            f"{(~np.isfinite(score)).sum()} of {len(score)} genes have no score; leave them out first"
        )
    if not target.any() or target.all():
        raise ValueError(f"{target.sum()} of {len(target)} genes are targets; there must be both kinds")
    return score, target


def average_precision(score: np.ndarray, target: np.ndarray) -> float:
    """Precision at the rank of each target, mean of the targets; a set of ties is one step.

    score: (genes,), larger is more likely a target.
    target: (genes,) bool.
    Raises ValueError for scores that are not finite, and unless there are targets and others.
    """
    score, target = _checked(score, target)
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    hits = np.cumsum(target[order])[last]
    gained = np.diff(hits, prepend=0)
    return float((gained * hits / (last + 1)).sum() / target.sum())


def auroc(score: np.ndarray, target: np.ndarray) -> float:
    """Probability that a target's score is above another gene's, ties by half.

    score: (genes,), larger is more likely a target.
    target: (genes,) bool.
    Raises ValueError for scores that are not finite, and unless there are targets and others.
    """
    score, target = _checked(score, target)
    n, others = int(target.sum()), int((~target).sum())
    return float((stats.rankdata(score)[target].sum() - n * (n + 1) / 2) / (n * others))


def precision_at(score: np.ndarray, target: np.ndarray, k: int = AT) -> float:
    """Share of targets among the k genes of the largest score; expected share where ties reach over the edge.

    score: (genes,), larger is more likely a target.
    target: (genes,) bool.
    k: length of the list; default 50.
    Raises ValueError for scores that are not finite, and unless there are targets and others, and more than k genes.
    """
    score, target = _checked(score, target)
    if not 0 < k < len(score):
        raise ValueError(
            f"the best {k} of {len(score)} genes are no choice; take fewer, or a larger universe"
        )
    edge = np.partition(score, -k)[-k]
    above, tied = score > edge, score == edge
    return float((target[above].sum() + (k - above.sum()) * target[tied].mean()) / k)


def enrichment_at(score: np.ndarray, target: np.ndarray, k: int = AT) -> float:
    """Precision at k over what a random list would have: 1 is no skill.

    score: (genes,), larger is more likely a target.
    target: (genes,) bool.
    k: length of the list; default 50.
    Raises ValueError as `precision_at` does.
    """
    return precision_at(score, target, k) / float(np.asarray(target, bool).mean())


@dataclass(frozen=True)
class Measure:
    """How well targets are found.

    title: in figures and tables.
    function: (score, target) -> value; larger is better.
    no_skill: the value of a score that knows nothing; None where it is the share of targets.
    least_genes: fewer cannot be judged.
    """

    title: str
    function: Metric
    no_skill: float | None
    least_genes: int = 2


MEASURES = {
    "average_precision": Measure("average precision", average_precision, None),
    "auroc": Measure("area under the ROC curve", auroc, 0.5),
    "precision_at_50": Measure("precision at 50", precision_at, None, AT + 1),
    "enrichment_at_50": Measure("enrichment at 50", enrichment_at, 1.0, AT + 1),
}

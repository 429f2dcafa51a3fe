"""Tables of scores: how well shifts, controls and routes find the known targets, with intervals over donors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from prism.tokens.scoring.donors import (
    difference_of_kinds,
    donor_interval,
    each_donor,
    mean_of,
    of_both_kinds,
)
from prism.tokens.scoring.ranking_scores import MEASURES

TARGETS, DIRECT, INDIRECT, DIFFERENCE = "targets", "direct", "indirect", "direct_minus_indirect"
OURS = "shift"
COLUMNS = ("method", "contrast", "metric", "value", "low", "high", "n_targets", "n_universe")


def score_table(
    scores: Mapping[str, np.ndarray],
    targets: np.ndarray,
    direct: np.ndarray | None = None,
    indirect: np.ndarray | None = None,
    ours: str = OURS,
    seed: int = 0,
    draws: int = 2_000,
) -> pd.DataFrame:
    """Every method, contrast and measure: columns `COLUMNS`.

    scores: method -> (donors, genes), larger is more likely a target, NaN where a donor lacks the gene; the factor
        itself is left out.
    targets: (genes,) bool, known targets of any kind.
    direct: (genes,) bool; default None, where the list does not say.
    indirect: (genes,) bool; default None.
    ours: the method that the others are held against.
    seed: of the donors that are drawn; the same for all methods, so that they are paired.
    draws: sets of donors; default 2,000.

    Contrasts: targets against the rest; direct ones against what is neither, indirect ones likewise; and
    direct_minus_indirect, of ours the difference of the two, of another method the difference of differences: what ours
    gains over it on direct targets, less the gain on indirect ones. With one donor there is a value and no interval.
    """
    rows = []
    masks = {TARGETS: (targets, np.ones(len(targets), bool))}
    if direct is not None and indirect is not None and direct.any() and indirect.any():
        masks |= {DIRECT: (direct, ~indirect), INDIRECT: (indirect, ~direct)}
    for method, by_donor in scores.items():
        for name, measure in MEASURES.items():
            for contrast, (mask, kept) in masks.items():
                values = each_donor(measure, mask[kept], by_donor[:, kept])
                rows.append((method, contrast, name, *_interval(values, mean_of, seed, draws),
                             int(mask[kept].sum()), int(kept.sum())))  # fmt: skip
            if DIRECT in masks:
                both = of_both_kinds(measure, direct, indirect, by_donor)
                if method != ours and ours in scores:
                    both = of_both_kinds(measure, direct, indirect, scores[ours]) - both
                rows.append((method, DIFFERENCE, name, *_interval(both, difference_of_kinds, seed, draws),
                             int((direct | indirect).sum()), len(targets)))  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def in_every_donor(score: np.ndarray, by_donor: np.ndarray) -> np.ndarray:
    """A score that is not any donor's, such as co-expression in all, judged in each donor on the same genes: as shifts.

    score: (genes,).
    by_donor: (donors, genes) shifts, NaN where a donor lacks the gene.
    """
    return np.where(np.isnan(by_donor), np.nan, score[None])


def _interval(values: np.ndarray, statistic, seed: int, draws: int) -> tuple[float, float, float]:
    if len(values) < 2:
        return float(statistic(values)), float("nan"), float("nan")
    found = donor_interval(values, statistic, np.random.default_rng(seed), draws)
    return found.value, found.low, found.high

"""Precision, areas and enrichment against scikit-learn, and ties by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from prism.tokens.scoring.ranking_scores import (
    MEASURES,
    auroc,
    average_precision,
    enrichment_at,
    precision_at,
)


@pytest.mark.parametrize("seed", range(20))
def test_areas_are_those_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    score = rng.standard_normal(60).round(seed % 3)  # many ties, some, none
    target = rng.random(60) < 0.2
    target[:2] = True, False
    assert average_precision(score, target) == pytest.approx(metrics.average_precision_score(target, score))
    assert auroc(score, target) == pytest.approx(metrics.roc_auc_score(target, score))


def test_precision_and_enrichment_by_hand():
    score = np.array([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    target = np.isin(score, [9, 7, 2, 1])
    assert precision_at(score, target, 3) == pytest.approx(2 / 3)
    # 4 of 10 genes are targets, so a random list would have 0.4
    assert enrichment_at(score, target, 3) == pytest.approx((2 / 3) / 0.4)
    assert MEASURES["enrichment_at_50"].no_skill == 1.0


def test_ties_over_the_edge_count_by_their_share():
    score = np.array([9, 5, 5, 5, 5, 1])
    target = np.array([True, True, False, False, False, True])
    # two of the list's three places go to four ties, of which one is a target
    assert precision_at(score, target, 3) == pytest.approx((1 + 2 * 0.25) / 3)
    drawn = []
    for seed in range(4_000):
        order = np.random.default_rng(seed).permutation(6)
        best = order[np.argsort(-score[order], kind="stable")][:3]
        drawn.append(target[best].mean())
    assert np.mean(drawn) == pytest.approx(precision_at(score, target, 3), abs=0.01)


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
def test_scores_that_cannot_be_judged_are_refused(measure):
    with pytest.raises(ValueError, match="1 of 60 genes have no score"):
        measure.function(np.append(np.arange(59.0), np.nan), np.arange(60) < 5)
    with pytest.raises(ValueError, match="0 of 60 genes are targets"):
        measure.function(np.arange(60.0), np.zeros(60, bool))
    with pytest.raises(ValueError, match="both must be"):
        measure.function(np.arange(60.0), np.zeros(59, bool))


def test_a_list_as_long_as_the_universe_is_refused():
    with pytest.raises(ValueError, match="the best 50 of 50 genes are no choice"):
        precision_at(np.arange(50.0), np.arange(50) < 5)

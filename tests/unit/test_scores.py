"""Scores against values worked out by hand and against scipy and scikit-learn."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from prism import scores

PREDICTION, TARGET = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 2.0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mse", 5 / 3),  # (0 + 1 + 4) / 3
        ("mae", 1.0),
        ("pearson", 1.0 / math.sqrt((14 / 3) * 2)),  # sum of products 1, sums of squares 14/3 and 2
        ("spearman", 0.5),  # ranks 1 2 3 and 1 3 2
        ("r2", 1 - 5 / 2),
    ],
)
def test_by_hand(name, expected):
    assert getattr(scores, name)(PREDICTION, TARGET) == pytest.approx(expected, rel=1e-12)


@given(st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=3, max_size=30))
def test_against_scipy_and_sklearn_with_ties(pairs):
    prediction, target = np.array(pairs, float).T
    assert scores.mse(prediction, target) == pytest.approx(mean_squared_error(target, prediction))
    assert scores.mae(prediction, target) == pytest.approx(mean_absolute_error(target, prediction))
    if len(set(target)) > 1:
        assert scores.r2(prediction, target) == pytest.approx(r2_score(target, prediction))
        if len(set(prediction)) > 1:
            assert scores.pearson(prediction, target) == pytest.approx(
                stats.pearsonr(prediction, target).statistic, abs=1e-12
            )
            assert scores.spearman(prediction, target) == pytest.approx(
                stats.spearmanr(prediction, target).statistic, abs=1e-12
            )


def test_constant_prediction_has_no_correlation_and_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = scores.scores([2.0, 2.0, 2.0], [1.0, 2.0, 3.0])
    assert found["n"] == 3
    assert found["mse"] == pytest.approx(2 / 3)
    assert found["r2"] == pytest.approx(0.0)
    assert math.isnan(found["pearson"])
    assert math.isnan(found["spearman"])


def test_constant_target_and_single_gene_have_neither_correlation_nor_r2():
    for prediction, target in (([1.0, 2.0], [3.0, 3.0]), ([1.0], [2.0])):
        found = scores.scores(prediction, target)
        assert all(math.isnan(found[name]) for name in ("pearson", "spearman", "r2"))
        assert found["mse"] > 0


def test_float32_is_scored_in_float64():
    prediction = np.full(100_000, 0.1, np.float32)
    assert scores.mae(prediction, np.zeros(100_000)) == pytest.approx(float(np.float32(0.1)), rel=1e-13)


@pytest.mark.parametrize(
    ("prediction", "target", "words"),
    [(np.zeros((3, 1)), np.zeros(3), r"\(3, 1\)"), ([1.0], [1.0, 2.0], r"\(1,\)"), ([], [], "no gene")],
)
def test_shapes_that_would_broadcast_are_refused(prediction, target, words):
    with pytest.raises(ValueError, match=words):
        scores.mse(prediction, target)


def test_directions_of_the_table():
    better = {name: metric.higher_is_better for name, metric in scores.METRICS.items()}
    assert better == {"mse": False, "mae": False, "pearson": True, "spearman": True, "r2": True}


@pytest.mark.parametrize("metric", scores.METRICS.values(), ids=scores.METRICS)
def test_a_perfect_prediction_is_better_than_a_poor_one_by_every_score(metric):
    """So that an entry whose direction is wrong fails, whoever adds it."""
    perfect, poor = metric.function(TARGET, TARGET), metric.function(PREDICTION, TARGET)
    assert metric.better(perfect, poor)
    assert not metric.better(poor, perfect)
    assert not metric.better(perfect, perfect)


def test_ranking_puts_the_best_first_and_what_does_not_exist_last():
    values = [0.5, float("nan"), 0.9, float("inf"), 0.1]
    assert sorted(values, key=scores.METRICS["mse"].rank)[:3] == [0.1, 0.5, 0.9]
    assert sorted(values, key=scores.METRICS["pearson"].rank)[:3] == [0.9, 0.5, 0.1]
    assert scores.METRICS["mse"].better(0.5, than=float("nan"))
    assert not scores.METRICS["pearson"].better(float("nan"), than=-1.0)


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="no metric auc; there are mse, mae, pearson, spearman, r2"):
        scores.known(["mse", "auc"])

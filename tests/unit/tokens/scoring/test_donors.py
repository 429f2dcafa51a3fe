"""Donors and genes that are judged, and intervals over donors: by hand and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse, stats

from prism.tokens.scoring import donors
from prism.tokens.scoring.ranking_scores import MEASURES, auroc

LEAST = donors.Least(donors=3, cells=10, cells_per_donor=2)


def test_donors_with_enough_cells_count():
    donor = np.array(["a"] * 4 + ["b"] * 4 + ["c"] * 2 + ["d"])
    assert list(donors.counted_donors(donor, LEAST, "GATA4 in atrium")) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("donor", "said"),
    [
        (
            ["a"] * 5 + ["b"] * 6 + ["c"],
            "12 cells of 3 donors hold the factor, 2 donors with 2 cells or more",
        ),
        (["a"] * 3 + ["b"] * 3 + ["c"] * 3, "9 cells of 3 donors hold the factor, 3 donors with 2"),
        ([], "0 cells of 0 donors"),
    ],
)
def test_too_few_cells_or_donors_are_refused_with_their_numbers(donor, said):
    with pytest.raises(ValueError, match=said) as refused:
        donors.counted_donors(np.array(donor), LEAST, "GATA4 in atrium")
    assert "GATA4 in atrium" in str(refused.value)
    assert "need 10 cells and 3 such donors" in str(refused.value)


def test_the_universe_is_counted_in_cells_that_hold_the_factor():
    detected = sparse.csr_matrix([[3, 0, 1], [1, 2, 0], [0, 5, 0]])
    assert list(donors.universe(detected, np.array([True, True, False]), 2)) == [True, False, False]
    with pytest.raises(ValueError, match="no gene is in 3 of the 2 cells"):
        donors.universe(detected, np.array([True, True, False]), 3)
    with pytest.raises(ValueError, match="none of 3 cells holds the factor"):
        donors.universe(detected, np.zeros(3, bool), 1)


def test_a_donor_counts_once_however_many_cells_it_has():
    by_donor = np.array([[1.0, np.nan, np.nan], [3.0, 5.0, np.nan]])
    np.testing.assert_array_equal(donors.over_donors(by_donor), [2, 5, np.nan])


def test_the_interval_of_a_mean_is_that_of_scipys_bootstrap():
    values = np.random.default_rng(1).gamma(2, size=12)
    ours = donors.donor_interval(values, np.mean, np.random.default_rng(2), draws=20_000)
    wide = 1 - 2 * donors.tail_of(12)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, confidence_level=wide, method="percentile", rng=3
    )
    assert (ours.value, ours.donors, ours.draws) == (values.mean(), 12, 20_000)
    assert (ours.low, ours.high) == pytest.approx(theirs.confidence_interval, rel=0.03)
    # t of 11 degrees is 2.201, times sqrt(12 / 11) is 2.299; a normal variable is below -2.299 in 1.08 % of cases
    assert donors.tail_of(12) == pytest.approx(0.01076, rel=1e-3)
    assert donors.tail_of(100_000) == pytest.approx(0.025, rel=1e-3)
    with pytest.raises(ValueError, match="1 donor; an interval over donors needs at least two"):
        donors.donor_interval(values[:1], np.mean, np.random.default_rng(2))


def test_intervals_hold_the_true_mean_as_often_as_they_say():
    rng = np.random.default_rng(1)
    held = []
    for _ in range(400):
        found = donors.donor_interval(rng.standard_normal(6), np.mean, rng, 400)
        held.append(found.low <= 0 <= found.high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.033)  # 3 sd of 400


AUROC = MEASURES["auroc"]


def test_an_area_is_taken_in_each_donor():
    target = np.arange(40) < 10
    score = np.random.default_rng(1).standard_normal(40) + target
    same = donors.each_donor(AUROC, target, np.tile(score, (6, 1)))
    np.testing.assert_allclose(same, auroc(score, target))
    noisy = score + 3 * np.random.default_rng(2).standard_normal((6, 40))
    noisy[0, 5:] = np.nan  # a donor that has targets only
    noisy[1, 0] = np.nan
    by_hand = [auroc(noisy[1, 1:], target[1:]), *(auroc(each, target) for each in noisy[2:])]
    values = donors.each_donor(AUROC, target, noisy)
    np.testing.assert_allclose(values, [np.nan, *by_hand])
    assert donors.mean_of(values) == pytest.approx(np.mean(by_hand))
    assert np.isnan(donors.mean_of(values[:1]))
    # the best 50 of 40 genes are no choice
    assert np.isnan(donors.each_donor(MEASURES["precision_at_50"], target, noisy)).all()


def test_the_difference_of_differences_by_hand():
    direct, indirect = np.arange(6) < 2, (np.arange(6) >= 2) & (np.arange(6) < 4)
    ours = np.array([[9, 8, 1, 2, 4, 3.0]])  # direct above the two others: area 1; indirect below: 0
    control = np.array([[9, 1, 5, 4, 3, 2.0]])  # direct: 2 of 4 pairs; indirect: 1
    first, second = (donors.of_both_kinds(AUROC, direct, indirect, each) for each in (ours, control))
    np.testing.assert_allclose([first[0], second[0]], [[1, 0], [0.5, 1]])
    assert donors.difference_of_kinds(first - second) == pytest.approx((1 - 0.5) - (0 - 1))
    with pytest.raises(ValueError, match="2 direct and 0 indirect targets; both kinds are needed"):
        donors.of_both_kinds(AUROC, direct, np.zeros(6, bool), ours)
    with pytest.raises(ValueError, match="2 genes are direct and indirect targets"):
        donors.of_both_kinds(AUROC, direct, direct, ours)

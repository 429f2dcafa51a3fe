"""Shifts by hand and against float32's 1 - cos, the no-op floor, means by donor, and the two stages of a profile."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from prism.tokens.perturb.profile import agreement, chosen
from prism.tokens.perturb.shift import Mean, no_op_floor, said, shifts


def test_shifts_by_hand():
    # right angle: |(1, -1)|^2 / 2 = 1; opposite: 2; length does not count; 45 degrees: 1 - 1 / sqrt 2
    reference = np.array([[1, 0], [1, 0], [2, 0], [3, 0]], np.float32)
    changed = np.array([[0, 5], [-1, 0], [1, 0], [1, 1]], np.float32)
    found = shifts(reference, changed)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, [1, 2, 0, 1 - np.sqrt(0.5)])


def test_small_shifts_keep_their_order_where_float32_cosines_lose_it():
    """States of 256 values, moved by steps around 1e-5: true shifts near 1e-10 are far below float32's 6e-8."""
    rng = np.random.default_rng(1)
    reference = rng.standard_normal((200, 256)).astype(np.float32)
    step = rng.uniform(0.5, 2, (200, 1)) * 1e-5 * rng.standard_normal((200, 256))
    changed = (reference + step).astype(np.float32)
    exact_a, exact_b = reference.astype(np.longdouble), changed.astype(np.longdouble)
    norm = np.sqrt((exact_a**2).sum(1) * (exact_b**2).sum(1))
    truth = (1 - (exact_a * exact_b).sum(1) / norm).astype(np.float64)
    np.testing.assert_allclose(shifts(reference, changed), truth, rtol=1e-4)
    lengths = np.linalg.norm(reference, axis=1) * np.linalg.norm(changed, axis=1)
    cosines = 1 - (reference * changed).sum(axis=1) / lengths
    assert cosines.dtype == np.float32
    assert stats.spearmanr(shifts(reference, changed), truth).statistic > 0.9999
    assert abs(stats.spearmanr(cosines, truth).statistic) < 0.5


@pytest.mark.parametrize(
    ("reference", "changed", "message"),
    [
        (np.ones((2, 3)), np.ones((3, 3)), "shapes"),
        (np.ones(3), np.ones(3), "must be the same"),
        (np.ones((2, 3)), np.array([[1, 1, 1], [0, 0, 0]]), "state 1 has length 0"),
        (np.array([[1, np.nan]]), np.ones((1, 2)), "state 0 is not finite"),
    ],
)
def test_states_without_a_direction_are_refused(reference, changed, message):
    with pytest.raises(ValueError, match=message):
        shifts(reference, changed)


def test_below_the_floor_nothing_is_resolved():
    floor = no_op_floor(np.array([[0, 3e-9], [np.nan, 1e-9]]))
    assert floor == 3e-9
    assert [said(each, floor) for each in (3e-9, 4e-9, np.nan)] == ["not resolved", "4e-09", "not measured"]
    with pytest.raises(ValueError, match="run the reference twice"):
        no_op_floor(np.array([np.nan]))


def test_means_are_taken_within_donors_in_float64():
    mean = Mean(donors=2, genes=3)
    mean.add(0, np.array([0, 2]), np.array([1.0, 4.0], np.float32))
    mean.add(0, np.array([0]), np.array([2.0]))
    mean.add(1, np.array([1]), np.array([7.0]))
    np.testing.assert_array_equal(mean.by_donor(), [[1.5, np.nan, 4], [np.nan, 7, np.nan]])
    np.testing.assert_array_equal(mean.detections, [[2, 0, 1], [0, 1, 0]])
    large = Mean(1, 1)
    for value in [1.0] + [1e-8] * 1_000:  # float32 would lose every one of the small ones
        large.add(0, np.array([0]), np.array([value], np.float32))
    assert large.total[0, 0] == pytest.approx(1.00001, abs=1e-9)


def test_the_second_stage_has_the_largest_and_as_many_others():
    displacement = np.array([3, 9, 1, 9, 5, 2])
    top, others = chosen(displacement, 3, 2, np.random.default_rng(1))
    assert list(top) == [1, 3, 4]
    assert len(set(others)) == 2
    assert set(others) <= {0, 2, 5}
    with pytest.raises(ValueError, match="4 top and 3 random changes are wanted, and there are 6"):
        chosen(displacement, 4, 3, np.random.default_rng(1))


def test_agreement_of_the_stages_by_hand():
    # ranks 1 2 3 4 and 1 2 4 3: 1 - 6 * 2 / (4 * 15)
    assert agreement(np.array([1, 2, 3, 4]), np.array([0.1, 0.2, 0.9, 0.3])) == pytest.approx(0.8)
    assert np.isnan(agreement(np.array([1, 2]), np.array([1, 2])))
    assert np.isnan(agreement(np.ones(4), np.arange(4)))

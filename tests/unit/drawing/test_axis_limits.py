"""Limits of an axis: few outliers do not squeeze the rest, and nothing is cut that can be shown."""

from __future__ import annotations

import numpy as np

from prism.drawing.axis_limits import axis_limits, with_floor, with_intervals


class TestLimits:
    def test_higher_is_better_leaves_off_low_outliers(self):
        low, high = axis_limits([[0.8], [0.82], [0.84], [0.86], [-5.0]], higher_is_better=True)
        assert 0.7 < low < 0.8
        assert 0.86 < high < 0.9

    def test_three_models_are_never_cut(self):
        low, high = axis_limits([[0.1], [0.11], [9.0]], higher_is_better=False)
        assert low < 0.1
        assert high > 9.0

    def test_equal_values_do_not_fill_the_axis(self):
        low, high = axis_limits([[0.2], [0.2001]], higher_is_better=False)
        assert high - low > 0.01

    def test_an_interval_stretches_the_axis_only_so_far(self):
        assert with_intervals(0.0, 1.0, [0.5, 1.2, np.nan]) == (0.0, 1.2)
        assert with_intervals(0.0, 1.0, [-40.0, 40.0]) == (-0.6, 1.6)

    def test_floors_are_split_into_near_and_far(self):
        assert with_floor(0.1, 0.2, [0.25, 0.9])[2:] == ([0.25], [0.9])

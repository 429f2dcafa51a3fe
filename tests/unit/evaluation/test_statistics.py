"""Holm's correction by hand."""

from __future__ import annotations

import math

import pytest

from prism.evaluation.statistics import holm


def test_holm_by_hand():
    # 0.005 * 4, 0.01 * 3, 0.03 * 2, 0.04 * 1 but not below the one before it
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    found = holm([0.01, float("nan")])
    assert found[0] == pytest.approx(0.02)
    assert math.isnan(found[1])

"""Holm's correction by hand; blocks of genes, and intervals of blocks drawn again."""

from __future__ import annotations

import math

import numpy as np
import pytest

from prism.evaluation.statistics import block_bootstrap, blocks_of, holm


def test_holm_by_hand():
    # 0.005 * 4, 0.01 * 3, 0.03 * 2, 0.04 * 1 but not below the one before it
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    found = holm([0.01, float("nan")])
    assert found[0] == pytest.approx(0.02)
    assert math.isnan(found[1])


def test_blocks_are_parts_of_one_chromosome():
    assert blocks_of(["a", "a", "b", "a", "b"], [0, 99, 99, 100, 50], 100).tolist() == [0, 0, 1, 2, 1]
    with pytest.raises(ValueError, match="a block of 0 bp holds no gene"):
        blocks_of(["a"], [1], 0)


def test_a_block_bootstrap_covers_the_mean_of_dependent_genes():
    """Genes of a block are alike: an interval as if they were independent would be three times too narrow."""
    draw = np.random.default_rng(0)
    hits = 0
    for trial in range(60):
        values = np.repeat(draw.normal(0, 1, 40), 9)
        ((low, high),) = block_bootstrap(
            lambda rows, v=values: [v[rows].mean()], np.arange(360) // 9, 200, trial
        )
        hits += low <= 0 <= high
    assert 50 <= hits <= 60


def test_a_block_bootstrap_needs_two_blocks_and_a_statistic():
    assert np.isnan(block_bootstrap(lambda rows: [1.0, 2.0], np.zeros(5), 10)).all()
    never = block_bootstrap(lambda rows: [float("nan"), 1.0], np.arange(5), 10)
    assert np.isnan(never[0]).all()
    assert never[1].tolist() == [1, 1]

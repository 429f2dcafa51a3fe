"""Controls of a mutation: tokens by hand, what a deletion does to ranks, matches, permutations, co-expression."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from prism.tokens.perturb import controls
from prism.tokens.perturb.shift import shifts

CELL = np.array([12, 7, 9, 4, 30])


def test_tokens_of_each_control_by_hand():
    assert list(controls.deleted(CELL, 9)) == [12, 7, 4, 30]
    assert list(controls.hidden_in_place(CELL, 9)) == [1, 1, 0, 1, 1]
    assert list(controls.replaced(CELL, 9, 1)) == [12, 7, 1, 4, 30]
    assert list(CELL) == [12, 7, 9, 4, 30]
    for cell in (CELL, np.array([5, 5])):
        with pytest.raises(
            ValueError, match="it must be there once: only cells whose context holds the factor"
        ):
            controls.deleted(cell, 5)


def test_the_top_50_of_a_deletion_lie_below_the_deleted_gene():
    """Any encoder that adds positions: genes that nothing connects shift by their new rank, and none above moves."""
    rng = np.random.default_rng(1)
    n, hidden = 200, 32
    table, positions = rng.standard_normal((n + 10, hidden)), rng.standard_normal((n, hidden))
    cell = 10 + rng.permutation(n)

    def encode(tokens, mask=None):
        states = table[tokens] + positions[: len(tokens)]
        weight = np.ones(len(tokens)) if mask is None else mask
        # a little of what it attends to
        return states + 0.01 * (weight[:, None] * states).sum(axis=0) / weight.sum()

    place = 80
    factor = cell[place]
    without = np.delete(np.arange(n), place)
    reference = encode(cell)[without]
    moved = shifts(reference, encode(controls.deleted(cell, factor)))
    assert (without[np.argsort(-moved)[:50]] > place).all()
    assert moved[:place].max() < 0.01 * moved[place:].min()
    in_place = shifts(reference, encode(cell, controls.hidden_in_place(cell, factor))[without])
    assert (in_place[place:] < 0.01 * moved[place:]).all()
    top = without[np.argsort(-in_place)[:50]]
    assert 10 <= (top < place).sum() <= 40  # no side is preferred


def test_random_directions_have_the_mutations_norm_and_no_direction():
    token = np.arange(64.0)
    found = controls.random_directions(token, 0.3, 4_000, np.random.default_rng(1))
    steps = found - token
    np.testing.assert_allclose(np.linalg.norm(steps, axis=1), 0.3)
    # each coordinate has mean 0 and variance 0.09 / 64
    assert np.abs(steps.mean(axis=0)).max() < 5 * np.sqrt(0.09 / 64 / 4_000)
    np.testing.assert_allclose(steps.var(axis=0), 0.09 / 64, rtol=0.15)


def test_a_match_is_near_in_both_measures():
    level = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    detection = np.array([0.1, 0.2, 0.3, 0.9, 0.4])
    # ranks of the factor, row 2: (3, 3); of row 1: (2, 2), of row 4: (5, 4), of row 3: (4, 5), of row 0: (1, 1)
    assert list(controls.matched(2, level, detection, range(5), 4)) == [1, 3, 4, 0]
    assert list(controls.matched(2, level, detection, [0, 2, 4])) == [4]
    with pytest.raises(ValueError, match="2 genes can be matched to the factor, and 3 are wanted"):
        controls.matched(2, level, detection, [0, 2, 4], 3)


def test_shuffled_embeddings_leave_no_gene_its_own():
    for n in (2, 3, 50):
        for seed in range(20):
            given = controls.shuffled(n, np.random.default_rng(seed))
            assert sorted(given) == list(range(n))
            assert (given != np.arange(n)).all()
    with pytest.raises(ValueError, match="1 genes cannot be exchanged"):
        controls.shuffled(1, np.random.default_rng(1))


def test_co_expression_is_taken_within_donors():
    rng = np.random.default_rng(1)
    donor = np.repeat(["a", "b", "c"], 40)
    expression = rng.standard_normal((120, 5))
    expression[:, 1] += expression[:, 0]
    expression[:, 2] = -expression[:, 0]
    expression += (np.repeat([0, 5, 10], 40))[:, None]  # all genes differ between donors
    expression[donor == "a", 4] = 1.0
    found = controls.co_expression(expression, 0, donor)
    by_hand = [
        np.mean([
            abs(stats.pearsonr(expression[donor == name, 0], expression[donor == name, gene]).statistic)
            for name in names
        ])
        for gene, names in [(1, "abc"), (2, "abc"), (3, "abc"), (4, "bc")]
    ]  # fmt: skip
    np.testing.assert_allclose(found[1:], by_hand)
    assert np.isnan(found[0])
    assert found[2] == pytest.approx(1)
    assert found[3] < 0.3  # all cells together would give 0.95
    silent = controls.co_expression(np.column_stack([np.ones(120), expression]), 0, donor)
    assert not silent[1:].any()


def test_expression_level_is_the_mean_over_cells():
    np.testing.assert_array_equal(controls.expression_level(np.array([[1, 2], [3, 6]])), [2, 4])


def test_every_control_says_what_it_is():
    assert list(controls.CONTROLS)[:3] == ["deletion", "deletion_in_place", "mask"]
    assert {name for name, each in controls.CONTROLS.items() if not each.runs_model} == {
        "co_expression", "expression_level"
    }  # fmt: skip
    assert len({each.title for each in controls.CONTROLS.values()}) == len(controls.CONTROLS)

"""The table of scores, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from prism.tokens.scoring.contrasts import in_every_donor, score_table
from prism.tokens.scoring.ranking_scores import auroc, average_precision

DIRECT, INDIRECT = np.arange(6) < 2, (np.arange(6) >= 2) & (np.arange(6) < 4)
OURS, CONTROL = np.array([9, 8, 1, 2, 4, 3.0]), np.array([9, 1, 5, 4, 3, 2.0])


def test_every_method_contrast_and_measure_has_a_row():
    scores = {"shift": np.tile(OURS, (5, 1)), "mask": np.tile(CONTROL, (5, 1))}
    table = score_table(scores, DIRECT | INDIRECT, DIRECT, INDIRECT, draws=20)
    found = table.set_index(["method", "contrast", "metric"])
    assert len(found) == 2 * 4 * 4
    assert found.loc[("shift", "direct", "auroc"), "value"] == 1  # above both genes that are neither
    assert found.loc[("shift", "indirect", "auroc"), "value"] == 0
    assert found.loc[("shift", "direct_minus_indirect", "auroc"), "value"] == 1
    assert found.loc[("mask", "direct_minus_indirect", "auroc"), "value"] == pytest.approx(
        (1 - 0.5) - (0 - 1)
    )
    whole = found.loc[("mask", "targets", "average_precision")]
    assert whole["value"] == whole["low"] == average_precision(CONTROL, DIRECT | INDIRECT)
    assert (whole["n_targets"], whole["n_universe"]) == (4, 6)
    row = found.loc[("mask", "direct", "auroc")]
    assert (row["n_targets"], row["n_universe"]) == (2, 4)
    assert np.isnan(found.loc[("mask", "targets", "precision_at_50"), "value"])  # of 6 genes


def test_donors_are_drawn_and_one_donor_gives_no_interval():
    noisy = OURS + np.random.default_rng(1).normal(size=(8, 6), scale=4)
    row = score_table({"token": noisy}, DIRECT, draws=200).set_index("metric").loc["auroc"]
    assert row["value"] == pytest.approx(np.mean([auroc(each, DIRECT) for each in noisy]))
    assert row["low"] < row["value"] < row["high"]
    one = score_table({"token": noisy[:1]}, DIRECT).set_index("metric").loc["auroc"]
    assert one["value"] == auroc(noisy[0], DIRECT)
    assert np.isnan([one["low"], one["high"]]).all()


def test_a_score_of_no_donor_is_judged_on_the_genes_of_each():
    by_donor = np.array([[1.0, np.nan], [2.0, 3.0]])
    np.testing.assert_array_equal(in_every_donor(np.array([5.0, 6.0]), by_donor), [[5, np.nan], [5, 6]])

"""What the simulated signals predict, and how the confounding decides whether that carries over."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from prism.simulate import Settings
from prism.simulate.cells import draw_cell
from prism.simulate.floor import ceilings, ridge_transfer, simulated_means, without_background
from prism.simulate.landscape import lay_out
from prism.simulate.tracks import cage, label_counts


def labelled(**settings):
    """(truth with expression, mean signals, training genes) of each cell type, without files."""
    checked = Settings.read(settings)
    landscape = lay_out(checked)
    for name in checked.cell_types:
        cell = draw_cell(landscape, name)
        counts = [
            label_counts(landscape, cage(landscape, cell, chrom), chrom) for chrom in checked.chromosomes
        ]
        truth = cell.truth.assign(expression=np.log10(np.concatenate(counts) + 1.0))
        yield truth, simulated_means(landscape, cell), (truth["split"] == "train").to_numpy()


def test_ridge_agrees_with_sklearn():
    rng = np.random.default_rng(0)
    means = rng.lognormal(size=(60, 3))
    expression = np.log(means[:, 0]) + 0.3 * rng.standard_normal(60)
    train = np.arange(60) < 40
    values = np.log1p(means)
    values = (values - values[train].mean(axis=0)) / values[train].std(axis=0)
    prediction = Ridge(alpha=2.0).fit(values[train], expression[train]).predict(values)
    transfer = ridge_transfer(means, expression, train, alpha=2.0)
    assert transfer.train == pytest.approx(np.corrcoef(prediction[train], expression[train])[0, 1])
    assert transfer.held_out == pytest.approx(np.corrcoef(prediction[~train], expression[~train])[0, 1])
    with pytest.raises(ValueError, match="0 held-out genes"):
        ridge_transfer(means, expression, np.ones(60, dtype=bool))


def test_background_is_taken_out_by_the_training_genes_line():
    rng = np.random.default_rng(1)
    background, rest = rng.standard_normal(50), rng.standard_normal((50, 2))
    train = np.arange(50) < 30
    fitted = [np.polyfit(background[train], column[train], 1)[0] for column in rest.T]
    expected = rest - np.outer(background - background[train].mean(), fitted)
    np.testing.assert_allclose(without_background(rest, background, train), expected)
    # what is a line in the background leaves its mean
    np.testing.assert_allclose(
        without_background(3 * background[:, None] + 1, background, train), 3 * background[train].mean() + 1
    )


def test_labels_span_the_intended_range():
    truth, _, _ = next(labelled())
    assert 0.6 < truth["expression"].std() < 0.85
    assert 1.4 < truth["expression"].mean() < 1.8
    assert truth["expression"].max() < 5
    known = ceilings(truth)
    assert known["sequence"] < known["sequence_rna"] < known["window"] < known["all"]
    assert known["sequence"] > 0.45
    assert known["all"] > 0.9


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_full_confounding_costs_a_ridge_its_accuracy(seed):
    for truth, means, train in labelled(seed=seed, confounding=1.0, cell_types=["simA"], n_valid=2, n_test=2):
        expression, background = truth["expression"].to_numpy(), truth["background"].to_numpy()
        assert ridge_transfer(means, expression, train).loss >= 0.1
        assert np.corrcoef(background[train], expression[train])[0, 1] > 0.45
        assert abs(np.corrcoef(background[~train], expression[~train])[0, 1]) < 0.2


# The standard error of the difference of two Pearson correlations of 0.6 is 0.012 with 6,000 genes on either side
# (the quick run) and 0.008 with 12,000 (the slow ones).
LARGE = {"genes_per_chromosome": 1_500, "chromosome_length": 12_100_000, "cell_types": ["simA"]}


@pytest.mark.parametrize(
    ("seed", "n_held_out"),
    [(1, 4), *(pytest.param(seed, 8, marks=pytest.mark.slow) for seed in (2, 3, 4, 5))],
)
def test_without_confounding_a_ridge_carries_over(seed, n_held_out):
    chromosomes = {"n_chromosomes": 2 * n_held_out, "n_valid": n_held_out // 2, "n_test": n_held_out // 2}
    for truth, means, train in labelled(seed=seed, confounding=0.0, **chromosomes, **LARGE):
        transfer = ridge_transfer(means, truth["expression"].to_numpy(), train)
        assert abs(transfer.loss) < 0.03
        assert transfer.held_out > 0.5

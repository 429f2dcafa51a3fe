"""Quantiles of a dataset's signals, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from prism.genome.dataset.windows import Windows
from prism.runs.quantiles import LEVELS, feature_quantiles, signal_quantiles
from tests.unit.training import tiny_dataset


def test_quantiles_of_values_above_zero_and_of_those_below(tmp_path):
    windows = Windows(*tiny_dataset.write(tmp_path))
    values = windows._arrays["signals/ATAC"]
    values[:, ::3] = 0
    values[::2, 1] *= -1
    found = signal_quantiles(windows)
    everything = values.numpy().ravel()
    levels = np.linspace(0, 1, LEVELS)
    for sign, key in ((1, "positive"), (-1, "negative")):
        there = sign * everything[sign * everything > 0]
        exact = np.quantile(there, levels, method="inverted_cdf")
        # the bin's lower end: 12 bits of a float32's fraction are left
        assert (found["ATAC"][key].numpy() <= exact).all()
        assert found["ATAC"][key].numpy() == pytest.approx(exact, rel=2**-11)
    assert len(found["H3K27ac"]["negative"]) == 0


def test_an_even_choice_of_genes_where_there_are_too_many_positions(tmp_path):
    windows = Windows(*tiny_dataset.write(tmp_path))
    chosen = [0, 15, 31]
    few = signal_quantiles(windows, positions=3 * 32)["ATAC"]["positive"]
    values = windows._arrays["signals/ATAC"][chosen].numpy()
    assert [float(few[0]), float(few[-1])] == pytest.approx([values.min(), values.max()], rel=2**-11)


def test_the_promoter_activity_over_all_genes(tmp_path):
    windows = Windows(*tiny_dataset.write(tmp_path))
    ((name, found),) = feature_quantiles(windows).items()
    values = windows.rna_features[:, windows.rna_feature_names.index(name)].numpy()
    assert [float(found["positive"][i]) for i in (0, -1)] == pytest.approx(
        [values.min(), values.max()], rel=2**-11
    )
    assert feature_quantiles(Windows(*tiny_dataset.write(tmp_path / "none"), rna_features=False)) == {}

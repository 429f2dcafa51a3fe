"""The figure of learned masks: genes turned and averaged, a column for each window length."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prism.figures.mask import mask_figure
from prism.figures.mask_profile import binned_masks, gene_table, mask_table
from tests.unit.drawing.drawn_figure import drawn, marks, panels, words
from tests.unit.figures.made_up_runs import run


def test_minus_strand_genes_are_turned_and_means_taken():
    up = np.array([0, 0, 1, 1, 0, 0], np.float32)  # one base upstream of the TSS at 3, and the TSS, on '+'
    stream = [
        ([1], up[None], np.arange(6, dtype=np.float32)[None, :, None]),
        ([0], up[None, ::-1], np.zeros((1, 6, 1), np.float32)),
    ]
    found = binned_masks(stream, ["DNase"], np.array([False, True]), 6)
    assert found["mask"].tolist() == [[0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
    assert found["DNase"][0].tolist() == [5, 4, 3, 2, 1]
    table = mask_table(found, 6, 2)
    assert table["position"].tolist() == [-2, -1, 0, 1, 2]
    assert table["mask_mean"].tolist() == [0, 0.5, 1, 0.5, 0]
    assert table["DNase_mean"].tolist() == [2.5, 2, 1.5, 1, 0.5]
    assert table["promoter"].tolist() == [
        False,
        False,
        True,
        False,
        False,
    ]  # [TSS - 1, TSS + 1), turned or not
    assert set(table["genes"]) == {2}
    genes = gene_table(["b", "a"], found, 6)
    assert genes.columns.tolist() == ["gene_id", "kept", "-2", "-1", "0", "1", "2"]
    assert genes["kept"].tolist() == [0.4, 0.4]


def test_no_gene_is_refused():
    with pytest.raises(ValueError, match="there is no gene to draw a mask of"):
        binned_masks([], ["DNase"], np.zeros(0, bool), 6)


def table(positions, mask, **signals):
    made = pd.DataFrame({"position": positions, "genes": 5, "promoter": np.abs(positions) <= 10})
    for name, mean in {"mask": mask, **signals}.items():
        made[f"{name}_mean"], made[f"{name}_sem"] = mean, 0.1
    return made


NEAR = np.arange(-50, 51, 10)
FAR = np.arange(-50_000, 50_001, 5000)


def test_the_figure_averages_runs_and_has_a_column_for_each_window():
    runs = [run("soft", "seq2exp_soft", seed) for seed in (2, 22)] + [run("hard", "seq2exp_hard", 2)]
    tables = [table(NEAR, level, DNase=3.0, H3K27ac=1.0) for level in (0.2, 0.4)]
    tables.append(table(FAR, 0.5, DNase=2.0))
    figure = mask_figure("K562", tables, runs)
    axes = panels(figure)
    assert len(axes) == 6
    np.testing.assert_allclose(marks(axes[0], "mask soft")[0][1], 0.3)
    assert marks(axes[0], "mask hard") == []
    np.testing.assert_allclose(marks(axes[1], "mask hard")[0][0], FAR)
    np.testing.assert_allclose(marks(axes[2], "signal DNase")[0][1], 3.0)
    text = words(figure)
    assert "position from the TSS, bp" in text
    assert "position from the TSS, kb" in text
    assert "band: range of the runs" in text
    assert "not an input of these models" in text
    assert "read-depth" in text
    assert drawn(figure).startswith(b"<?xml")


def test_the_figure_of_one_run_has_the_error_over_genes():
    figure = mask_figure("K562", [table(NEAR, 0.5, DNase=1.0)], [run("soft", "seq2exp_soft")])
    assert "± 1 standard error over genes" in words(figure)
    (band,) = [each for each in panels(figure)[0].collections if each.get_gid() == "band soft"]
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (pytest.approx(0.4), pytest.approx(0.6))


def test_tables_without_their_runs_are_refused():
    with pytest.raises(ValueError, match="1 runs for 2 masks"):
        mask_figure("K562", [table(NEAR, 0.5)] * 2, [run("soft", "seq2exp_soft")])
    with pytest.raises(ValueError, match="is of cell type K562, not H1"):
        mask_figure("H1", [table(NEAR, 0.5)], [run("soft", "seq2exp_soft")])

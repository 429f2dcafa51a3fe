"""The scatter of genes: what is drawn is what was predicted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prism.figures.scatter import scatter_figure
from tests.unit.drawing.drawn_figure import marks, panels, words
from tests.unit.figures.made_up_runs import predictions, run


class TestScatter:
    def test_seeds_are_averaged_gene_by_gene_and_scored_as_drawn(self):
        first = predictions([0.0, 1.0, 2.0], [0.0, 1.0, 1.0])
        second = predictions([0.0, 1.0, 2.0], [1.0, 1.0, 2.0]).iloc[::-1]
        figure = scatter_figure("K562", [first, second], [run(seed=2), run(seed=22)])
        (axes,) = panels(figure)
        ((x, y),) = marks(axes, "genes")
        np.testing.assert_allclose(x, [0, 1, 2])
        np.testing.assert_allclose(y, [0.5, 1.0, 1.5])
        assert "r 1.000\nMSE 0.167" in words(figure)
        assert "n = 3\n2 seeds" in words(figure)
        assert "averaged over seeds" in words(figure)
        assert "observed CAGE, log₁₀(x + 1)" in words(figure)
        ((ends, same),) = marks(axes, "identity")
        np.testing.assert_array_equal(ends, same)

    def test_one_chosen_seed_is_named(self):
        tables = [predictions([0.0, 1.0], [0.0, 1.0]), predictions([0.0, 1.0], [1.0, 1.0])]
        figure = scatter_figure("K562", tables, [run(seed=2), run(seed=22)], seed="22")
        np.testing.assert_allclose(marks(panels(figure)[0], "genes")[0][1], [1.0, 1.0])
        assert "one seed (22)" in words(figure)
        assert "r –\nMSE 0.500" in words(figure)

    def test_only_test_genes_are_drawn_and_best_model_comes_first(self):
        valid = predictions([5.0], [5.0], "valid").assign(gene_id="v")
        tables = [
            pd.concat([predictions([0.0, 1.0], [0.5, 0.5]), valid]),
            predictions([0.0, 1.0], [0.0, 0.9]),
        ]
        figure = scatter_figure("K562", tables, [run("bad"), run("good")])
        left, right = panels(figure)
        assert (left.get_title(loc="left"), right.get_title(loc="left")) == ("good", "bad")
        assert len(marks(right, "genes")[0][0]) == 2

    def test_many_genes_are_counted_in_hexagons_on_one_scale(self):
        values = np.random.default_rng(0).normal(size=600)
        figure = scatter_figure(
            "K562", [predictions(values, values), predictions(values, -values)], [run("a"), run("b")]
        )
        counts = [part for axes in panels(figure) for part in axes.collections if part.get_gid() == "genes"]
        assert [int(part.get_array().sum()) for part in counts] == [600, 600]
        assert counts[0].norm is counts[1].norm

    def test_not_finite_predictions_are_counted_and_left_out(self):
        figure = scatter_figure("K562", [predictions([0.0, 1.0, 2.0], [0.0, np.nan, 2.0])], [run()])
        assert "n = 2\n1 seed\n1 not finite" in words(figure)
        scatter_figure("K562", [predictions([0.0], [np.nan])], [run()])

    def test_twenty_models_fit(self):
        runs = [run(f"a_model_with_a_rather_long_name_{i}") for i in range(20)]
        figure = scatter_figure("K562", [predictions([0.0, 1.0], [0.0, 0.5])] * 20, runs)
        assert sum(axes.get_visible() for axes in panels(figure)) == 20

    @pytest.mark.parametrize(
        ("tables", "runs", "message"),
        [
            ([predictions([0.0], [0.0], "valid")], [run()], "no gene of the test split"),
            ([predictions([0.0], [0.0])], [run(), run()], "2 runs for 1 prediction files"),
            ([predictions([0.0], [0.0])], [run(cell_type="HepG2")], "of cell type HepG2, not K562"),
            (
                [predictions([0.0], [0.0]), predictions([0.0, 1.0], [0.0, 1.0])],
                [run(), run(seed=3)],
                "other test genes",
            ),
            (
                [predictions([0.0], [0.0])] * 2,
                [run(), run(label={"assay": "RNA"})],
                "labels come from CAGE, RNA",
            ),
            ([], [], "no run was given"),
        ],
    )
    def test_bad_input_is_refused(self, tables, runs, message):
        with pytest.raises(ValueError, match=message):
            scatter_figure("K562", tables, runs)

"""Scatter and training curves: what is drawn is what was predicted and recorded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prism.figures.scatter import scatter_figure
from prism.figures.training_curves import training_curves_figure
from tests.unit.figures.figure_cases import drawn, history, marks, panels, predictions, run, words


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


class TestTrainingCurves:
    def test_seeds_are_lines_and_the_kept_checkpoint_is_marked(self):
        histories = [history([0.5, 0.2, 0.3]), history([0.6, 0.4, 0.1])]
        figure = training_curves_figure("K562", histories, [run(best_step=20), run(seed=22, best_step=30)])
        train, valid = panels(figure)
        np.testing.assert_allclose(marks(valid, "seed")[0], [[10, 20, 30], [0.5, 0.2, 0.3]])
        assert len(marks(train, "seed")) == 2
        np.testing.assert_allclose(marks(valid, "best step")[0], [[20, 30], [0.2, 0.1]])
        assert "best 0.150, mean of 2 seeds" in words(figure)

    def test_closed_form_is_left_out_and_named(self):
        runs = [run("ridge_2k", "ridge", best_step=None), run()]
        figure = training_curves_figure("K562", [history([0.3]), history([0.5, 0.2])], runs)
        assert len(panels(figure)) == 2
        assert "fewer than two validations: ridge_2k" in words(figure)
        only = training_curves_figure("K562", [history([0.3])], runs[:1])
        assert "no model here was trained step by step" in words(only)

    def test_other_models_stand_behind_in_grey_best_model_first(self):
        runs = [run("b", best_step=20), run("a", best_step=20)]
        figure = training_curves_figure("K562", [history([0.5, 0.3]), history([0.5, 0.2])], runs)
        grid = panels(figure)
        assert [axes.get_title(loc="left") for axes in grid[::2]] == ["a", "b"]
        np.testing.assert_allclose(marks(grid[1], "other model")[0], [[10, 20], [0.5, 0.3]])
        assert grid[1].get_ylim() == grid[3].get_ylim()

    def test_without_validation_or_with_zero_loss_it_still_draws(self):
        figure = training_curves_figure(
            "K562", [history([np.nan] * 3, [1.0, 0.0, -1.0])], [run(best_step=None)]
        )
        train, _ = panels(figure)
        assert train.get_yscale() == "linear"
        assert "no validation" in words(figure)
        drawn(figure)
        no_column = history([0.5, 0.4]).drop(columns="train_loss")
        assert "no training loss" in words(training_curves_figure("K562", [no_column], [run()]))

    def test_a_late_divergence_does_not_flatten_the_good_models(self):
        figure = training_curves_figure(
            "K562", [history([0.5, 0.2, 1e6]), history([0.5, 0.2, 0.2])], [run("a"), run("b")]
        )
        assert panels(figure)[1].get_ylim()[1] < 2

    def test_no_step_is_refused(self):
        with pytest.raises(ValueError, match=r"history of prism_2k, seed 2: no column step"):
            training_curves_figure("K562", [pd.DataFrame({"train_loss": [1.0, 2.0]})], [run()])

"""Training curves: what is drawn is what was recorded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prism.figures.training_curves import training_curves_figure
from tests.unit.drawing.drawn_figure import drawn, marks, panels, words
from tests.unit.figures.made_up_runs import history, run


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

"""The figures of how well targets and held-out genes are found: rows, intervals, no skill."""

from __future__ import annotations

import numpy as np
import pytest

from prism.figures.tokens.controls import LOOKS, controls_figure, look_of, ordered
from prism.figures.tokens.direct_indirect import direct_indirect_figure
from prism.figures.tokens.heldout import heldout_figure
from prism.figures.tokens.routes import routes_figure
from prism.figures.tokens.tables import method_title
from tests.unit.drawing.drawn_figure import marks, panels, words
from tests.unit.figures.tokens import made_up_tables as made_up


def rows(axes):
    return [text.get_text() for text in axes.get_yticklabels()]


class TestControls:
    def test_methods_are_sorted_by_the_primary_metric_and_ours_is_bold(self):
        scores = made_up.scores()
        better = (scores["method"] == "deletion") & (scores["metric"] == "average_precision")
        scores.loc[better, "value"] = 0.9
        figure = controls_figure(scores, {})
        first = panels(figure)[0]
        assert rows(first)[:2] == ["token deleted", "ours: mutated DNA"]
        assert [text.get_fontweight() for text in first.get_yticklabels()][:2] == ["normal", "bold"]
        by_area = controls_figure(scores, {"primary": {"metric": "auroc"}})
        assert rows(panels(by_area)[0])[0] == "ours: mutated DNA"
        assert panels(by_area)[0].get_xlabel() == "area under the ROC curve\nchosen beforehand"

    def test_no_skill_is_the_share_of_targets_or_the_metrics_own(self):
        axes = panels(controls_figure(made_up.scores(), {}))
        lines = [float(marks(each, "no skill")[0][0][0]) for each in axes]
        assert lines == pytest.approx([24 / 120, 0.5, 24 / 120, 1.0])

    def test_intervals_are_drawn_and_a_dot_without_one_is_hollow(self):
        axes = panels(controls_figure(made_up.scores(), {}))[0]
        assert marks(axes, "interval shift average_precision")[0][0] == pytest.approx([0.45, 0.55])
        figure = controls_figure(made_up.scores(intervals=False), {})
        dot = next(line for line in panels(figure)[0].lines if line.get_gid() == "shift average_precision")
        assert dot.get_markerfacecolor() == "white"
        assert "24 targets among 120 genes · 40 cells · no interval: too few donors" in words(figure)

    def test_the_contrast_and_the_control_that_were_chosen_are_drawn_and_marked(self):
        scores = made_up.scores(contrasts=("direct", "indirect"))
        assert "no list of known targets" in words(controls_figure(scores, {}))
        chosen = {"metric": "auroc", "contrast": "direct", "against": "co_expression"}
        figure = controls_figure(scores, {"primary": chosen})
        assert "12 direct targets among 120 genes" in words(figure)
        assert "co-expression *" in rows(panels(figure)[0])
        assert "* the control that was chosen beforehand" in words(figure)
        difference = {"primary": {"contrast": "direct_minus_indirect"}}
        assert "24 targets among 120 genes" in words(controls_figure(made_up.scores(), difference))

    def test_methods_have_words_and_looks(self):
        assert [method_title(name) for name in ("shift", "mask", "of_the_future")] == [
            "ours: mutated DNA", "token masked", "of the future",
        ]  # fmt: skip
        assert look_of("co_expression") == LOOKS["alone"]
        assert look_of("attention") == look_of("of_the_future") == LOOKS["model"]

    def test_methods_without_a_value_come_last(self):
        scores = made_up.scores(contrasts=("targets",))
        scores.loc[scores["method"] == "shift", "value"] = np.nan
        assert ordered(scores, "average_precision")[-1] == "shift"


class TestDirectIndirect:
    def test_both_kinds_and_the_difference_of_differences(self):
        figure = direct_indirect_figure(made_up.scores(), {})
        left, right = panels(figure)
        assert marks(left, "direct shift")[0].ravel() == pytest.approx([0.5, -0.17])
        assert marks(left, "indirect shift")[0].ravel() == pytest.approx([0.5, 0.17])
        assert float(marks(left, "no skill direct")[0][0][0]) == pytest.approx(12 / 120)
        assert marks(right, "difference mask")[0].ravel() == pytest.approx([-0.01, 3])
        assert not marks(right, "difference shift")
        assert "12 direct and 12 indirect targets · 40 cells, 8 donors" in words(figure)

    def test_without_the_difference_it_says_so(self):
        scores = made_up.scores()
        figure = direct_indirect_figure(scores[scores["contrast"] != "direct_minus_indirect"], {})
        assert "not measured" in words(figure)


class TestHeldout:
    def test_a_block_for_each_output_and_a_dot_for_each_fold(self):
        figure = heldout_figure(made_up.heldout((1, 2)), {})
        accuracy, loss = panels(figure)[:2]
        assert rows(accuracy)[:2] == ["its own pretrained token", "trained run"]
        assert rows(accuracy)[2:] == ["k-mer counts", "DNA of another gene", "mean token, no DNA"]
        assert marks(accuracy, "run fold 1")[0].ravel() == pytest.approx([0.31, 0.8])
        assert marks(accuracy, "run fold 2")[0].ravel() == pytest.approx([0.32, 1.2])
        assert marks(loss, "kmers fold 1")[0].ravel() == pytest.approx([3.6, 1.8])
        assert len(panels(figure)) == 4
        assert "500 guesses, folds 1, 2 from above" in words(figure)

    def test_it_says_that_a_pretrained_model_has_seen_all_genes(self):
        figure = heldout_figure(made_up.heldout(outputs=("dynamic",)), {})
        assert "a pretrained single-cell model has seen every gene" in words(figure)
        assert "static outputs" not in words(figure)


def test_routes_stand_in_one_order_and_two_factors_beside_their_sum():
    figure = routes_figure(made_up.routes().iloc[::-1], {})
    axes = panels(figure)
    assert [part for part in words(figure).split("\n") if part.startswith("GATA4")] == [
        "GATA4+TBX5 in cardiomyocyte", "GATA4 in cardiomyocyte",
    ]  # fmt: skip
    assert rows(axes[0]) == ["both factors mutated", "sum of the two, one at a time"]
    assert [row.split(":")[0] for row in rows(axes[3])] == ["token", "expression", "both at once"]
    assert marks(axes[3], "expression targets")[0].ravel() == pytest.approx([0.4, 1])

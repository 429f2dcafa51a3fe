"""The figure of metrics: the right numbers at the right places, readable at the extremes."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest

from prism.figures.metrics import metrics_figure
from tests.unit.drawing.drawn_figure import marks, panels, words
from tests.unit.figures.made_up_runs import PUBLISHED, REFERENCES, record, run, tables


class TestMetrics:
    scores: ClassVar = {
        ("K562", "ridge_2k"): {"mse": [0.24], "pearson": [0.8]},
        ("K562", "prism_2k"): {"mse": [0.17, 0.19, 0.18], "pearson": [0.87, 0.89, 0.88]},
    }
    runs: ClassVar = [run("ridge_2k", "ridge"), *(run(seed=seed) for seed in range(3))]

    def figure(self, **changes):
        known = {"runs": self.runs, "published": PUBLISHED, "references": REFERENCES}
        return metrics_figure(*tables(self.scores), **(known | changes))

    def test_seeds_means_and_intervals_stand_where_the_tables_say(self):
        mse, pearson = panels(self.figure())
        assert [label.get_text() for label in mse.get_yticklabels()] == ["prism_2k", "ridge_2k"]
        (means, ridge), (seeds,), (interval,) = (marks(mse, gid) for gid in ("mean", "seeds", "interval"))
        np.testing.assert_allclose(means, [[0.18], [0.5]])
        np.testing.assert_allclose(ridge, [[0.24], [1.5]])
        np.testing.assert_allclose(seeds[0], [0.17, 0.19, 0.18])
        np.testing.assert_allclose(interval[0], [0.17, 0.19])
        np.testing.assert_allclose(marks(pearson, "mean")[0][0], [0.88])
        assert mse.yaxis_inverted()
        assert "0.180" in [text.get_text() for text in mse.texts]

    def test_floor_is_a_line_where_near_and_absent_where_it_does_not_exist(self):
        mse, pearson = panels(self.figure())
        assert [list(x) for x, _ in marks(mse, "floor")] == [[0.25, 0.25]]
        assert marks(pearson, "floor") == []
        assert "train mean 0.25" in words(self.figure())

    def test_far_floor_is_named_at_the_edge_and_does_not_stretch_the_axis(self):
        far = record()["floor"] | {"train_mean": {"test": {"mse": 0.8}}}
        figure = self.figure(runs=[run("ridge_2k", "ridge", floor=far), run(floor=far)])
        mse = panels(figure)[0]
        assert marks(mse, "floor") == []
        assert mse.get_xlim()[1] < 0.3
        assert "train mean 0.80 ▸" in words(figure)

    def test_published_number_stands_beside_its_own_model_only(self):
        figure = self.figure()
        mse, pearson = panels(figure)
        ((x, y),), ((ends, _),) = marks(mse, "published"), marks(mse, "published sd")
        np.testing.assert_allclose(x, [0.1789])
        assert 0.5 < y[0] < 1
        np.testing.assert_allclose(ends, [0.1748, 0.1830])
        np.testing.assert_allclose(marks(pearson, "published")[0][0], [0.8751])
        assert marks(pearson, "published sd") == []
        assert "published (bar: its sd), Prism (ICLR 2026)" in words(figure)
        assert "Seq2Exp" not in words(figure)

    def test_a_number_of_another_window_is_grey_and_called_so(self):
        scores = {("K562", "prism_2k"): {"mse": [0.18]}, ("K562", "caduceus_2k"): {"mse": [0.22]}}
        known = {"published": PUBLISHED, "references": REFERENCES}
        figure = metrics_figure(*tables(scores), [run(), run("caduceus_2k", "caduceus")], **known)
        (mse,) = panels(figure)
        ((own, _),), ((other, _),) = marks(mse, "published"), marks(mse, "published elsewhere")
        np.testing.assert_allclose([*own, *other], [0.1789, 0.2197])
        own, other = (
            next(line for line in mse.lines if line.get_gid() == gid)
            for gid in ("published", "published elsewhere")
        )
        assert own.get_markeredgecolor() != other.get_markeredgecolor()
        assert "published with a window of 200 kb, Seq2Exp (ICLR 2025)" in words(figure)

    def test_without_a_published_table_nothing_speaks_of_it(self):
        figure = self.figure(published=None)
        assert all(marks(axes, "published") == [] for axes in panels(figure))
        assert "published" not in words(figure)

    def test_one_seed_has_no_interval_and_says_so(self):
        summary, metrics = tables({("K562", "prism_2k"): {"mse": [0.18]}})
        figure = metrics_figure(summary, metrics, [run()])
        (mse,) = panels(figure)
        assert marks(mse, "interval") == marks(mse, "seeds") == []
        np.testing.assert_allclose(marks(mse, "mean"), [[[0.18], [0.5]]])
        assert "1 seed (no interval)" in words(figure)
        assert "1,167 test genes" in words(figure)
        assert "a seed" not in words(figure).splitlines()

    def test_missing_score_is_a_dash_and_sorts_last(self):
        scores = {("K562", "a"): {"mse": [np.nan], "mae": [0.3]}, ("K562", "b"): {"mse": [0.9], "mae": [0.4]}}
        mse, mae = panels(metrics_figure(*tables(scores), [run("a"), run("b")]))
        assert [label.get_text() for label in mse.get_yticklabels()] == ["b", "a"]
        assert "–" in [text.get_text() for text in mse.texts]
        assert [float(x[0]) for x, _ in marks(mae, "mean")] == pytest.approx([0.4, 0.3])

    def test_twenty_models_of_three_cell_types_keep_their_labels_apart(self):
        names = [
            f"a_model_with_quite_a_long_name_{i:02d}" if i % 5 == 0 else f"model_{i:02d}" for i in range(20)
        ]
        cells = ["K562", "GM12878", "HepG2"]
        scores = {
            (c, m): {"mse": [0.2 + i / 100, 0.21 + i / 100]} for c in cells for i, m in enumerate(names)
        }
        figure = metrics_figure(*tables(scores), [run(m, cell_type=c) for c in cells for m in names])
        figure.draw_without_rendering()
        blocks = panels(figure)
        assert len(blocks) == 3
        for axes in blocks:
            boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
            assert len(boxes) == 20
            assert all(low.y1 <= high.y0 + 0.5 for high, low in pairwise(boxes))
            assert min(box.x0 for box in boxes) >= 0

    def test_diverged_model_is_marked_at_the_edge_with_its_number(self):
        scores = {("K562", f"m{i}"): {"mse": [0.2 + i / 100]} for i in range(5)} | {
            ("K562", "bad"): {"mse": [50.0]}
        }
        (mse,) = panels(metrics_figure(*tables(scores), [run("bad")]))
        assert mse.get_xlim()[1] < 0.4
        assert len(marks(mse, "off axis")) == 1
        assert len(marks(mse, "mean")) == 5
        assert "50.000" in [text.get_text() for text in mse.texts]

    def test_no_score_of_the_split_is_refused(self):
        summary, metrics = tables(self.scores)
        with pytest.raises(ValueError, match="no mse, mae, pearson of the valid split"):
            metrics_figure(summary, metrics, self.runs, split="valid")

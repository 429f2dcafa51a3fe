"""The figures of shifts: ranks, bands, rings, and the mutation profile."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prism.figures.tokens.network import network_figure
from prism.figures.tokens.profile import profile_figure
from prism.figures.tokens.ranked import ranked_figure
from prism.figures.tokens.tables import KINDS
from tests.unit.drawing.drawn_figure import drawn, marks, panels, words
from tests.unit.figures.tokens import made_up_tables as made_up


def small(shift, target, low=0.1, high=0.4, **columns) -> pd.DataFrame:
    n = len(shift)
    facts = {"gene_id": [f"E{i}" for i in range(n)], "symbol": [f"S{i}" for i in range(n)], "factor": "F"}
    facts |= {"cell_type": "T", "resolved": True, "q": np.nan, "random_low": low, "random_high": high}
    return pd.DataFrame(facts | {"shift": shift, "target": target} | columns)


class TestRanked:
    def test_genes_stand_at_their_ranks_whatever_the_order_of_the_table(self):
        figure = ranked_figure(small([0.2, 1.0, 0.5, 0.3], ["direct", "none", "indirect", ""]), {})
        main, rug = panels(figure)[0], panels(figure)[2]
        assert marks(main, "direct")[0].tolist() == [[4], [0.2]]
        assert marks(main, "indirect")[0].tolist() == [[2], [0.5]]
        assert marks(main, "other")[0].tolist() == [[1, 3], [1.0, 0.3]]
        assert [text.get_text() for text in rug.get_yticklabels()] == ["direct (1)", "indirect (1)"]
        assert "1  S1\n2  S2\n3  S3\n4  S0" in words(figure)

    def test_the_band_is_that_of_each_gene(self):
        figure = ranked_figure(small([1.0, 0.5], "none", low=[0.1, 0.2], high=[0.3, 0.4]), {})
        band = next(each for each in panels(figure)[0].collections if each.get_gid() == "band")
        (corners,) = (path.vertices for path in band.get_paths())
        assert {tuple(corner) for corner in corners} >= {(1.0, 0.1), (1.0, 0.3), (2.0, 0.2), (2.0, 0.4)}

    def test_what_is_not_resolved_or_not_tested_is_said(self):
        table = small([1.0, 0.5, 0.1], ["direct", "none", "direct"], resolved=[True, False, False])
        figure = ranked_figure(table, {})
        assert "3 genes · not tested: too few donors · 2 not resolved" in words(figure)
        main = panels(figure)[0]
        assert [marks(main, gid)[0][0].tolist() for gid in ("direct", "direct not resolved")] == [[1], [3]]
        tested = small([1.0, 0.5, 0.1], "none", q=[0.01, 0.2, np.nan])
        assert "3 genes · 1 of 2 tested with q < 0.05" in words(ranked_figure(tested, {}))

    def test_a_list_that_does_not_tell_direct_from_indirect(self):
        told = words(ranked_figure(small([1.0, 0.5], ["target", "none"]), {}))
        assert KINDS["target"]["label"] in told
        assert KINDS["direct"]["label"] not in told
        assert "no known target in the list" in words(ranked_figure(small([1.0, 0.5], ""), {}))

    def test_shifts_of_zero_stand_at_the_bottom(self):
        figure = ranked_figure(small([0.5, 0.0], "none", low=0.0, high=0.0), {})
        axes = panels(figure)[0]
        assert marks(axes, "other")[0][1].tolist() == [0.5, axes.get_ylim()[0]]
        drawn(ranked_figure(small([0.0, 0.0], "none", low=0.0, high=0.0), {}))

    def test_ranks_of_a_long_list_are_logarithmic(self):
        scales = [panels(ranked_figure(made_up.effects(n), {}))[2].get_xscale() for n in (600, 601)]
        assert scales == ["linear", "log"]

    def test_more_parts_than_fit_are_named(self):
        figure = ranked_figure(made_up.effects(12, [f"F{i}" for i in range(8)]), {})
        assert "not drawn, in effects.tsv: F6 in cardiomyocyte, F7 in cardiomyocyte" in words(figure)


class TestProfile:
    def test_each_base_spans_its_changes_and_measured_ones_are_marked(self):
        table = pd.DataFrame(
            {
                "factor": "F",
                "position": [-1, -1, -1, 0, 0, 0],
                "reference": "A",
                "alternative": list("CGTCGT"),
                "displacement": [0.1, 0.3, 0.2, 0.5, 0.4, 0.6],
                "shift": [np.nan, 0.01, np.nan, np.nan, np.nan, 0.03],
                "chosen": ["", "random", "", "", "", "top"],
            }
        )
        figure = profile_figure(table, {})
        above, below, both = panels(figure)
        (bases,) = (each for each in above.collections if each.get_gid() == "bases")
        assert [part.tolist() for part in bases.get_segments()] == [
            [[-1, 0.1], [-1, 0.3]],
            [[0, 0.4], [0, 0.6]],
        ]
        assert marks(below, "top shift")[0].tolist() == [[0], [0.03]]
        assert marks(both, "random both")[0].tolist() == [[0.3], [0.01]]
        assert "6 single-base changes, 2 measured in full" in words(figure)
        assert "Spearman –" in words(figure)  # of two changes there is none

    def test_agreement_of_the_stages_is_a_rank_correlation(self):
        table = made_up.profile()
        table["shift"] = table["displacement"].pow(3).where(table["chosen"] != "")
        assert "Spearman 1.00\n(top 1.00, random 1.00)" in words(profile_figure(table, {}))


class TestNetwork:
    def test_the_largest_are_drawn_with_the_first_on_top(self):
        edges = pd.DataFrame({"source": "F", "target": ["E0", "E1", "E2"], "weight": [0.1, 0.4, 0.2]})
        figure = network_figure(edges, small([0.1, 0.4, 0.2], ["none", "direct", ""]), {}, top=2)
        (axes,) = panels(figure)
        assert marks(axes, "node E1")[0].ravel() == pytest.approx([0, 1])
        assert marks(axes, "node E2")[0].ravel() == pytest.approx([0, -1])
        assert not marks(axes, "node E0")
        look = next(line for line in axes.lines if line.get_gid() == "node E1")
        assert (look.get_color(), look.get_marker()) == (KINDS["direct"]["color"], "o")
        widths = [line.get_linewidth() for line in axes.lines if line.get_gid() == "edge"]
        assert widths == pytest.approx([0.25 + 2.2, 0.25 + 1.1])

    def test_genes_of_several_rings_are_bold(self):
        effects = made_up.effects(30, ("GATA4", "TBX5"))
        edges = made_up.edges(effects)
        kept = (edges["source"] == "GATA4") | (edges["target"] != "GENE3")
        bold = {
            text.get_text()
            for axes in panels(network_figure(edges[kept], effects, {}))
            for text in axes.texts
            if text.get_fontweight() == "bold"
        }
        assert bold == {f"GENE{i}" for i in range(30) if i != 3} | {"GATA4", "TBX5"}

    def test_a_factor_may_have_another_key_than_its_symbol(self):
        edges = pd.DataFrame({"source": "GATA4", "target": ["S0"], "weight": [0.1]})
        effects = small([0.1], ["direct"], factor="mine")
        told = {"factors": [{"symbol": "GATA4", "gene_id": "E9", "factor": "mine"}]}
        looks = [
            next(
                line
                for line in panels(network_figure(edges, effects, record))[0].lines
                if line.get_gid() == "node S0"
            )
            for record in (told, {})
        ]
        assert [line.get_marker() for line in looks] == ["o", "o"]
        assert [line.get_color() == KINDS["direct"]["color"] for line in looks] == [True, False]

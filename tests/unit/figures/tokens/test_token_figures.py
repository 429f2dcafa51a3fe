"""What the figures of the dynamic tokens show, and what they say where there is nothing to show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prism.figures.tokens.controls import controls_figure
from prism.figures.tokens.direct_indirect import direct_indirect_figure
from prism.figures.tokens.heldout import heldout_figure
from prism.figures.tokens.network import network_figure
from prism.figures.tokens.profile import profile_figure
from prism.figures.tokens.ranked import ranked_figure
from prism.figures.tokens.routes import routes_figure
from prism.figures.tokens.tables import LINEAGE
from tests.unit.drawing.drawn_figure import drawn, panels, words
from tests.unit.figures.tokens import made_up_tables as made_up

EFFECTS = made_up.effects()
# Name -> what draws it from its tables, its tables, what is said where the first of them is empty.
FIGURES = {
    "ranked": (ranked_figure, [EFFECTS], "effects.tsv has no gene"),
    "profile": (profile_figure, [made_up.profile()], "no profile was asked for"),
    "network": (network_figure, [made_up.edges(EFFECTS), EFFECTS], "edges.tsv has no edge"),
    "controls": (controls_figure, [made_up.scores()], "no list of known targets"),
    "direct_indirect": (direct_indirect_figure, [made_up.scores()], "does not tell direct from indirect"),
    "heldout": (heldout_figure, [made_up.heldout()], "no chromosome was held out"),
    "routes": (routes_figure, [made_up.routes()], "routes.tsv has no score"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_tables_read_from_files_are_drawn_to_the_same_bytes(name, tmp_path):
    draw, tables, _ = FIGURES[name]
    again = []
    for number, table in enumerate(tables):
        table.to_csv(tmp_path / f"{number}.tsv", sep="\t", index=False)
        again.append(pd.read_csv(tmp_path / f"{number}.tsv", sep="\t"))
    assert drawn(draw(*again, made_up.RECORD)) == drawn(draw(*tables, made_up.RECORD))


@pytest.mark.parametrize("name", FIGURES)
def test_small_print_says_what_it_is(name):
    draw, tables, _ = FIGURES[name]
    told = words(draw(*tables, made_up.RECORD))
    assert LINEAGE in " ".join(told.split())
    assert "code 3f2a9c1b · numbers version 3 · cells.h5ad a1b2c3d4" in told


@pytest.mark.parametrize("name", FIGURES)
def test_an_empty_table_is_said_in_words(name):
    draw, (first, *rest), said = FIGURES[name]
    figure = draw(first.iloc[:0], *rest, {})
    assert said in words(figure)
    drawn(figure)


@pytest.mark.parametrize("name", FIGURES)
def test_an_absent_column_is_refused_by_name(name):
    draw, (first, *rest), _ = FIGURES[name]
    column = "weight" if name == "network" else "factor" if "factor" in first else "encoder"
    with pytest.raises(
        ValueError, match=rf"\w+\.tsv: no column {column}; delete it and run the workflow again"
    ):
        draw(first.drop(columns=column), *rest, {})


def test_values_that_are_missing_are_left_out():
    scores = made_up.scores()
    scores.loc[scores["method"] == "mask", ["value", "low", "high"]] = np.nan
    axes = panels(controls_figure(scores, {}))[0]
    drawn_methods = {line.get_gid().split()[0] for line in axes.lines if line.get_gid()}
    assert {"shift", "deletion"} <= drawn_methods
    assert "mask" not in drawn_methods


def test_all_cells_together_have_no_cell_type_to_name(tmp_path):
    made_up.scores().assign(cell_type="").to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    told = words(controls_figure(pd.read_csv(tmp_path / "scores.tsv", sep="\t"), {}))
    assert "GATA4: 24 targets among 120 genes" in told

"""The mutation profile: how far every single-base change moves the factor's token, and some of them the genes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from prism.drawing import style
from prism.figures.tokens.tables import Part, footer, legend_marks, need, parts
from prism.tokens.perturb.profile import agreement

COLUMNS = ("factor", "position", "reference", "alternative", "displacement", "shift", "chosen")
CHOSEN = {
    "top": {"color": style.EXPRESSED, "marker": "o", "label": "measured: those that move the token most"},
    "random": {"color": style.LOW, "marker": "s", "label": "measured: random others"},
}
HEIGHT = 2.5  # inches of a factor


@style.paper()
def profile_figure(profile: pd.DataFrame, record: Mapping[str, Any]) -> Figure:
    """Draw, along the window, the token's displacement by every change and the genes' mean shift by the chosen ones.

    profile: as profile.tsv: factor, position (bp from the TSS along the gene), reference, alternative, displacement,
        shift (empty where it was not measured), chosen (top, random or empty).
    record: as record.json, for the small print.
    Raises ValueError for a column that is absent.
    """
    need(profile, COLUMNS, "profile.tsv")
    found = parts(profile)
    figure, body = style.page(style.PAGE, HEIGHT * max(1, len(found)) + 0.35, footer(record))
    if not found:
        style.empty(body.subplots(), "profile.tsv has no change: no profile was asked for")
        return figure
    for row, part in zip(np.atleast_1d(body.subfigures(len(found), 1)), found, strict=True):
        _part(row, part)
    handles = [
        Line2D([], [], color="#8A8A8A", linewidth=1.2, label="the changes of a base, least to largest")
    ]
    handles += legend_marks(CHOSEN.values(), size=4)
    body.legend(handles=handles, loc="outside lower left", ncols=3, handlelength=1.4)
    return figure


def _part(figure: SubFigure, part: Part) -> None:
    table = part.table
    both = figure.subfigures(1, 2, width_ratios=[2.5, 1])
    above, below = both[0].subplots(2, 1, sharex=True)
    bases = table.groupby("position")["displacement"].agg(["min", "max"])
    above.vlines(
        bases.index, bases["min"], bases["max"], color="#8A8A8A", linewidth=0.7, zorder=1, gid="bases"
    )
    measured = table[table["shift"].notna()]
    _marks(above, table, "displacement")
    _marks(below, measured, "shift")
    for axes, words in ((above, "displacement\nof the token"), (below, "mean shift\nof the genes")):
        axes.set_ylabel(words)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.axvline(0, color="#999999", linewidth=0.6, linestyle=(0, (3, 2)), zorder=0)
    below.vlines(measured["position"], 0, measured["shift"], color="#C9C9C9", linewidth=0.6, zorder=1)
    if measured.empty:
        style.empty(below, "no change was measured in full")
    below.set_xlim(table["position"].min() - 0.5, table["position"].max() + 0.5)
    below.set_xlabel("position from the TSS along the gene, bp (− is upstream)")
    above.set_title(part.title, loc="left", fontsize=8, fontweight="bold")
    words = f"{style.count(len(table), 'single-base change')}, {len(measured):,} measured in full"
    above.set_title(words, loc="right", fontsize=6.5, color=style.NOTE)
    _stages(both[1].subplots(), measured)


def _marks(axes: Axes, table: pd.DataFrame, column: str) -> None:
    for kind, look in CHOSEN.items():
        rows = table[table["chosen"] == kind]
        if len(rows):
            axes.plot(rows["position"], rows[column], linestyle="", marker=look["marker"], color=look["color"],
                      markersize=3, markeredgewidth=0, zorder=3, gid=f"{kind} {column}")  # fmt: skip


def _stages(axes: Axes, measured: pd.DataFrame) -> None:
    """Both stages against each other, with the rank correlation of each kind of change."""
    told = []
    for kind, look in CHOSEN.items():
        rows = measured[measured["chosen"] == kind]
        if len(rows):
            axes.plot(rows["displacement"], rows["shift"], linestyle="", marker=look["marker"], color=look["color"],
                      markersize=3.2, markeredgewidth=0, gid=f"{kind} both")  # fmt: skip
        told.append(f"{kind} {_number(agreement(rows['displacement'].to_numpy(), rows['shift'].to_numpy()))}")
    both = _number(agreement(measured["displacement"].to_numpy(), measured["shift"].to_numpy()))
    axes.set_title(f"Spearman {both}\n({', '.join(told)})", loc="left", fontsize=6.5, color=style.NOTE)
    axes.set_xlabel("token's displacement")
    axes.set_ylabel("mean shift of the genes")
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}") if np.isfinite(value) else "–"

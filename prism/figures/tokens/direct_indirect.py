"""Direct against indirect targets: each method on both kinds, and what ours gains on one more than on the other."""

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
from prism.figures.tokens.controls import COLUMNS, LOOKS, ordered, row_title
from prism.figures.tokens.tables import (
    DIRECT,
    INDIRECT,
    INTERVAL,
    KINDS,
    NO_SKILL,
    OURS,
    Part,
    Primary,
    counts,
    footer,
    interval_dot,
    legend_marks,
    method_title,
    metric_title,
    need,
    no_skill,
    parts,
    rows_axis,
)

DIFFERENCE = "direct_minus_indirect"
OFFSET = {DIRECT: -0.17, INDIRECT: 0.17}
# dashes of one fill the gaps of the other, where both lines lie on each other
NO_SKILL_OF = {
    DIRECT: {"color": KINDS[DIRECT]["color"], "linestyle": (0, (3, 3))},
    INDIRECT: {"color": KINDS[INDIRECT]["color"], "linestyle": (3, (3, 3))},
}
ROW = 0.24  # inches of a method


@style.paper()
def direct_indirect_figure(scores: pd.DataFrame, record: Mapping[str, Any]) -> Figure:
    """Draw direct and indirect targets side by side, and the difference of differences against each control.

    scores: as scores.tsv; the contrasts direct, indirect and direct_minus_indirect are drawn.
    record: as record.json: the primary metric, and the small print.
    Raises ValueError for a column that is absent.
    """
    need(scores, COLUMNS, "scores.tsv")
    primary = Primary.of(record)
    kinds = scores["contrast"].isin([DIRECT, INDIRECT, DIFFERENCE]) & (scores["metric"] == primary.metric)
    found = parts(scores[kinds])
    sizes = [0.75 + ROW * part.table["method"].nunique() for part in found] or [1.0]
    figure, body = style.page(style.PAGE, sum(sizes) + 0.35, footer(record))
    if not found:
        style.empty(body.subplots(), "the list of known targets does not tell direct from indirect ones")
        return figure
    for row, part in zip(
        np.atleast_1d(body.subfigures(len(found), 1, height_ratios=sizes)), found, strict=True
    ):
        _part(row, part, primary)
    _legend(body)
    return figure


def _part(figure: SubFigure, part: Part, primary: Primary) -> None:
    by_contrast = dict(list(part.table.groupby("contrast", sort=False)))
    methods = ordered(by_contrast.get(DIRECT, part.table), primary.metric)
    methods += [method for method in dict.fromkeys(part.table["method"]) if method not in methods]
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[1.3, 1])
    told = []
    for kind in (DIRECT, INDIRECT):
        if kind in by_contrast:
            rows = by_contrast[kind]
            _kind(left, rows, methods, kind, no_skill(primary.metric, rows))
            told += [f"{int(rows['n_targets'].iloc[0]):,} {kind}"] if "n_targets" in rows else []
    left.set_xlabel(metric_title(primary.metric))
    difference = by_contrast.get(DIFFERENCE)
    if difference is None:
        style.empty(right, "not measured")
    else:
        _difference(right, difference.set_index("method"), methods)
    right.set_xlabel("gain of ours over the control:\non direct minus on indirect targets")
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(5))
    rows_axis([left, right], [row_title(method, primary) for method in methods], [method_title(OURS)])
    words = " · ".join(filter(None, [" and ".join(told) + " targets" if told else "", counts(part.table)]))
    figure.suptitle(f"{part.title}: {words}", x=0.01, ha="left", fontsize=7.5)


def _kind(axes: Axes, rows: pd.DataFrame, methods: list[str], kind: str, chance: float) -> None:
    rows = rows.set_index("method")
    for place, method in enumerate(methods):
        if method in rows.index:
            interval_dot(axes, rows.loc[method], place + OFFSET[kind], KINDS[kind], f"{kind} {method}")
    if np.isfinite(chance):
        axes.axvline(chance, gid=f"no skill {kind}", **NO_SKILL | NO_SKILL_OF[kind])


def _difference(axes: Axes, rows: pd.DataFrame, methods: list[str]) -> None:
    axes.axvline(0, gid="zero", color="#555555", linewidth=0.6, zorder=1)
    for place, method in enumerate(methods):
        if method in rows.index and method != OURS:
            interval_dot(axes, rows.loc[method], place, LOOKS["model"], f"difference {method}")


def _legend(body: SubFigure) -> None:
    handles = legend_marks(
        look | {"label": f"{kind} targets"} for kind, look in KINDS.items() if kind in OFFSET
    )
    handles.append(
        Line2D([], [], color=style.NOTE, label="95% interval over donors (hollow: none)", **INTERVAL)
    )
    handles.append(Line2D([], [], label="no skill, in the colour of the kind", **NO_SKILL))
    body.legend(handles=handles, loc="outside lower left", ncols=4, handlelength=1.6)

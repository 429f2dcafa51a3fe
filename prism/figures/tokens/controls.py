"""How well ours and every control find the known targets: a row for each method, a panel for each metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from prism.drawing import style
from prism.figures.tokens.tables import (
    INTERVAL,
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
from prism.tokens.perturb.controls import CONTROLS
from prism.tokens.scoring.ranking_scores import MEASURES

COLUMNS = ("factor", "cell_type", "method", "contrast", "metric", "value", "low", "high")
CONTRASTS = {"targets": "targets", "direct": "direct targets", "indirect": "indirect targets"}
LOOKS = {
    "ours": {"color": style.EXPRESSED, "marker": "o", "label": "ours"},
    "model": {"color": "#4A4A4A", "marker": "s", "label": "control that runs the model"},
    "alone": {"color": style.LOW, "marker": "D", "label": "no model: the cells alone"},
}
ROW = 0.19  # inches of a method


def look_of(method: str) -> dict[str, Any]:
    """Colour and shape of a method.

    method: `shift`, or the column of a control.
    """
    if method == OURS:
        return LOOKS["ours"]
    return LOOKS["model" if method not in CONTROLS or CONTROLS[method].runs_model else "alone"]


@style.paper()
def controls_figure(scores: pd.DataFrame, record: Mapping[str, Any]) -> Figure:
    """Draw all methods with their intervals, the best in the primary metric on top; dashed: no skill.

    scores: as scores.tsv; the primary contrast is drawn, all targets where that is a difference.
    record: as record.json: the primary metric and contrast, and the small print.
    Raises ValueError for a column that is absent.
    """
    need(scores, COLUMNS, "scores.tsv")
    primary = Primary.of(record)
    contrast = primary.contrast if primary.contrast in CONTRASTS else "targets"
    found = parts(scores[scores["contrast"] == contrast])
    sizes = [0.75 + ROW * part.table["method"].nunique() for part in found] or [1.0]
    figure, body = style.page(style.PAGE, sum(sizes) + 0.35, footer(record))
    if not found:
        style.empty(body.subplots(), "scores.tsv has no score: no list of known targets, or too few of them")
        return figure
    for row, part in zip(
        np.atleast_1d(body.subfigures(len(found), 1, height_ratios=sizes)), found, strict=True
    ):
        _part(row, part, primary, CONTRASTS[contrast])
    _legend(body, primary)
    return figure


def row_title(method: str, primary: Primary) -> str:
    """A method in words, the control that was chosen beforehand marked.

    method: `shift`, or the column of a control.
    primary: what was chosen.
    """
    return method_title(method) + (" *" if method == primary.against else "")


def ordered(table: pd.DataFrame, primary: str) -> list[str]:
    """Methods by their value in the primary metric, the best first; those without one at the end.

    table: rows of one factor, cell type and contrast.
    primary: name of the metric.
    """
    values = table[table["metric"] == primary].set_index("method")["value"]
    values = values.reindex(list(dict.fromkeys(table["method"])))
    return list(values.sort_values(ascending=False, kind="stable", na_position="last").index)


def _part(figure: SubFigure, part: Part, primary: Primary, targets: str) -> None:
    methods = ordered(part.table, primary.metric)
    metrics = [name for name in (primary.metric, *MEASURES) if name in set(part.table["metric"])]
    metrics = list(dict.fromkeys([*metrics, *part.table["metric"]]))
    grid = np.atleast_1d(figure.subplots(1, len(metrics), sharey=True))
    for axes, metric in zip(grid, metrics, strict=True):
        rows = part.table[part.table["metric"] == metric].set_index("method")
        for place, method in enumerate(methods):
            if method in rows.index:
                interval_dot(axes, rows.loc[method], place, look_of(method), f"{method} {metric}")
        if np.isfinite(chance := no_skill(metric, rows)):
            axes.axvline(chance, gid="no skill", **NO_SKILL)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.set_xlabel(metric_title(metric) + ("\nchosen beforehand" if metric == primary.metric else ""))
    rows_axis(grid, [row_title(method, primary) for method in methods], [method_title(OURS)])
    first = part.table.iloc[0]
    told = [counts(part.table)]
    if {"n_targets", "n_universe"} <= set(part.table):
        told.insert(0, f"{int(first['n_targets']):,} {targets} among {int(first['n_universe']):,} genes")
    if not np.isfinite(part.table[["low", "high"]].to_numpy(float)).any():
        told.append("no interval: too few donors")
    figure.suptitle(f"{part.title}: {' · '.join(filter(None, told))}", x=0.01, ha="left", fontsize=7.5)


def _legend(body: SubFigure, primary: Primary) -> None:
    handles = legend_marks(LOOKS.values())
    handles.append(
        Line2D([], [], color=style.NOTE, label="95% interval over donors (hollow: none)", **INTERVAL)
    )
    handles.append(Line2D([], [], label="no skill", **NO_SKILL))
    title = "* the control that was chosen beforehand" if primary.against else None
    body.legend(
        handles=handles, loc="outside lower left", ncols=5, handlelength=1.4, columnspacing=1.2, title=title,
        title_fontsize=6.5, alignment="left",
    )  # fmt: skip

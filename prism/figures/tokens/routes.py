"""The mutation through the token, through the factor's predicted expression, and through both; two factors at once."""

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
    Part,
    Primary,
    footer,
    interval_dot,
    metric_title,
    need,
    parts,
    rows_axis,
)

COLUMNS = ("factor", "cell_type", "route", "contrast", "metric", "value", "low", "high")
ROUTES = {
    "token": "token: the DNA moves the factor's token",
    "expression": "expression: the predicted change moves its rank",
    "both": "both at once",
    "both_factors": "both factors mutated",
    "sum": "sum of the two, one at a time",
}
TITLES = {"targets": "known targets", "direct": "direct targets", "indirect": "indirect targets"}
LOOK = {"color": style.EXPRESSED, "marker": "o"}
ROW = 0.22  # inches of a route


@style.paper()
def routes_figure(routes: pd.DataFrame, record: Mapping[str, Any]) -> Figure:
    """Draw a row for each route and a panel for each kind of targets, in the primary metric.

    routes: as routes.tsv: factor, cell_type, route, contrast, metric, value, low, high.
    record: as record.json: the primary metric, and the small print.
    Raises ValueError for a column that is absent.
    """
    need(routes, COLUMNS, "routes.tsv")
    metric = Primary.of(record).metric
    drawn = (routes["metric"] == metric) & routes["contrast"].isin(list(TITLES)) & routes["value"].notna()
    found = parts(routes[drawn])
    sizes = [0.72 + ROW * part.table["route"].nunique() for part in found] or [1.0]
    figure, body = style.page(style.PAGE, sum(sizes) + 0.3, footer(record))
    if not found:
        style.empty(
            body.subplots(), "routes.tsv has no score: no known targets, or no run that predicts expression"
        )
        return figure
    for row, part in zip(
        np.atleast_1d(body.subfigures(len(found), 1, height_ratios=sizes)), found, strict=True
    ):
        _part(row, part, metric)
    label = "95% interval over donors (hollow: none)"
    body.legend(handles=[Line2D([], [], color=style.NOTE, label=label, **INTERVAL)], loc="outside lower left")
    return figure


def _part(figure: SubFigure, part: Part, metric: str) -> None:
    routes = [name for name in ROUTES if name in set(part.table["route"])]
    routes += [name for name in dict.fromkeys(part.table["route"]) if name not in routes]
    contrasts = [name for name in TITLES if name in set(part.table["contrast"])]
    grid = np.atleast_1d(figure.subplots(1, len(contrasts), sharex=True, sharey=True))
    for axes, contrast in zip(grid, contrasts, strict=True):
        rows = part.table[part.table["contrast"] == contrast].drop_duplicates("route").set_index("route")
        for place, route in enumerate(routes):
            if route in rows.index:
                interval_dot(axes, rows.loc[route], place, LOOK, f"{route} {contrast}")
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.set_xlabel(f"{metric_title(metric)},\n{TITLES[contrast]}")
    rows_axis(grid, [ROUTES.get(name, name.replace("_", " ")) for name in routes])
    figure.suptitle(part.title, x=0.01, ha="left", fontsize=7.5)

"""The most moved genes of each factor as a ring around it, the most moved on top, then clockwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from prism.drawing import style
from prism.figures.tokens.tables import KINDS, OTHER_GENE, footer, kinds_in, kinds_of, legend_marks, need

TOP = 50
NODE = OTHER_GENE | {"marker": "o"}
EDGE = "#B5B5B5"
REACH = 1.42  # of the axes, in radii of the ring: room for the names


@style.paper()
def network_figure(
    edges: pd.DataFrame, effects: pd.DataFrame, record: Mapping[str, Any], top: int = TOP
) -> Figure:
    """Draw a ring for each factor: its most moved genes, known targets marked.

    edges: as edges.tsv: source, target (ids or symbols), weight (the shift).
    effects: as effects.tsv: gene_id, symbol, factor, target.
    record: as record.json: what the factors are called, and the small print.
    top: genes of a ring; default 50.
    Raises ValueError for a column that is absent.
    """
    need(edges, ("source", "target", "weight"), "edges.tsv")
    need(effects, ("gene_id", "symbol", "factor", "target"), "effects.tsv")
    rings = {
        str(source): rows.nlargest(top, "weight") for source, rows in edges.groupby("source", sort=False)
    }
    across = 1 if len(rings) < 2 else 2
    down = max(1, -(-len(rings) // across))
    width = 5.2 if across == 1 else style.PAGE
    figure, body = style.page(width, down * width / across * 0.97 + 0.45, footer(record))
    grid = body.subplots(down, across, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    if not rings:
        style.empty(grid[0], "edges.tsv has no edge")
        return figure
    # edges name a factor by its symbol, effects by its key in the configuration
    keys = {each["symbol"] or each["gene_id"]: each["factor"] for each in record.get("factors", [])}
    drawn = [set(rows["target"]) for rows in rings.values()]
    for axes, (source, rows) in zip(grid, rings.items(), strict=False):
        shared = {gene for gene in rows["target"] if sum(gene in each for each in drawn) > 1}
        _ring(axes, source, rows, _facts(effects, keys.get(source, source)), shared)
    _legend(body, len(rings) > 1, kinds_in(kinds_of(effects)))
    return figure


def _facts(effects: pd.DataFrame, factor: str) -> dict[str, tuple[str, str]]:
    """Symbol and kind of every gene of a factor, by id and by symbol."""
    mine = effects[effects["factor"].astype(str) == factor]
    found = {}
    for gene, symbol, kind in zip(mine["gene_id"], mine["symbol"], kinds_of(mine), strict=True):
        name = symbol if isinstance(symbol, str) and symbol else gene
        found[gene] = found[name] = (name, kind)
    return found


def _ring(axes: Axes, source: str, rows: pd.DataFrame, facts: dict, shared: set[str]) -> None:
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(rows)) / max(1, len(rows))
    widths = 0.25 + 2.2 * rows["weight"].to_numpy(float) / max(float(rows["weight"].max()), 1e-300)
    for angle, width, gene in zip(angles, widths, rows["target"], strict=True):
        x, y = np.cos(angle), np.sin(angle)
        name, kind = facts.get(gene, (gene, ""))
        look = KINDS.get(kind, NODE)
        axes.plot([0, x], [0, y], color=look["color"] if kind in KINDS else EDGE, linewidth=width, alpha=0.55,
                  zorder=1, solid_capstyle="butt", gid="edge")  # fmt: skip
        axes.plot(
            [x], [y], marker=look["marker"], color=look["color"], markersize=4.2, zorder=3, gid=f"node {gene}"
        )
        _label(axes, angle, name, gene in shared)
    axes.plot([0], [0], marker="o", markersize=27, color="white", markeredgecolor=style.INK, zorder=4)
    size = min(7.0, 36 / len(source))  # inside the circle
    axes.text(0, 0, source, ha="center", va="center_baseline", fontweight="bold", fontsize=size, zorder=5)
    axes.set_xlim(-REACH, REACH)
    axes.set_ylim(-REACH, REACH)
    axes.set_aspect("equal")


def _label(axes: Axes, angle: float, name: str, shared: bool) -> None:
    left = np.cos(angle) < -1e-9
    turned = np.degrees(angle) + (180 if left else 0)
    axes.text(1.06 * np.cos(angle), 1.06 * np.sin(angle), name, rotation=turned, rotation_mode="anchor",
              ha="right" if left else "left", va="center", fontsize=5.6,
              fontweight="bold" if shared else "normal")  # fmt: skip


def _legend(body: SubFigure, several: bool, kinds: list[str]) -> None:
    handles = legend_marks((*(KINDS[kind] for kind in kinds), NODE), size=4.2)
    handles.append(
        Line2D([], [], color=EDGE, linewidth=2, label="width: shift, relative to the ring's largest")
    )
    title = "clockwise from the top, most moved first" + ("; bold: in more than one ring" if several else "")
    legend = body.legend(handles=handles, loc="outside lower left", ncols=2, handlelength=1.4, title=title,
                         title_fontsize=6.5, alignment="left")  # fmt: skip
    legend.get_title().set_color(style.NOTE)

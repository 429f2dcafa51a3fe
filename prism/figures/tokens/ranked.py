"""Genes by how far they move under the mutation, known targets marked, against random moves of the token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from prism.drawing import style
from prism.figures.tokens.tables import (
    KINDS,
    OTHER_GENE,
    Part,
    footer,
    kinds_in,
    kinds_of,
    legend_marks,
    need,
    parts,
)

COLUMNS = ("gene_id", "symbol", "factor", "shift", "resolved", "q", "random_low", "random_high", "target")
TOP, LISTED, ALPHA = 50, 12, 0.05
BAND = "#D6D6D6"
MOST = 6  # parts that are drawn
HEIGHT = 2.5  # inches of a part
LONG = 600  # genes beyond which ranks are logarithmic: the head of the list would be a line


@style.paper()
def ranked_figure(effects: pd.DataFrame, record: Mapping[str, Any]) -> Figure:
    """Draw every gene at its rank and shift, above a band of what random moves of the same length do to it.

    effects: as effects.tsv: gene_id, symbol, factor, cell_type, shift, resolved, q, random_low, random_high, target
        (direct, indirect, none or empty).
    record: as record.json, for the small print.
    Raises ValueError for a column that is absent.
    """
    need(effects, COLUMNS, "effects.tsv")
    found = parts(effects)
    shown, notes = found[:MOST], []
    if len(found) > MOST:
        notes = ["not drawn, in effects.tsv: " + ", ".join(part.title for part in found[MOST:])]
    figure, body = style.page(style.PAGE, HEIGHT * max(1, len(shown)) + 0.4, notes + footer(record))
    if not shown:
        style.empty(body.subplots(), "effects.tsv has no gene")
        return figure
    for row, part in zip(np.atleast_1d(body.subfigures(len(shown), 1)), shown, strict=True):
        _part(row, part)
    _legend(body, kinds_in(kinds_of(effects)))
    return figure


def _part(figure: SubFigure, part: Part) -> None:
    table = part.table.sort_values("shift", ascending=False, kind="stable", ignore_index=True)
    table["rank"] = np.arange(1, len(table) + 1)
    table["target"] = kinds_of(table)
    table["resolved"] = table["resolved"].astype(str).str.lower().isin(["true", "1", "1.0", "yes"])
    lanes = max(1, len(kinds_in(table["target"])))
    grid = figure.subplots(2, 2, width_ratios=[5.4, 1], height_ratios=[6, 0.4 + 0.35 * lanes])
    main, rug = grid[:, 0]
    main.sharex(rug)
    _curve(main, table)
    _rug(rug, table)
    _list(grid[0, 1], table)
    grid[1, 1].set_axis_off()
    main.set_title(part.title, loc="left", fontsize=8, fontweight="bold")
    main.set_title(_said(table), loc="right", fontsize=6.5, color=style.NOTE)


def _said(table: pd.DataFrame) -> str:
    q = pd.to_numeric(table["q"])
    tested = q.notna()
    test = f"{(q[tested] < ALPHA).sum():,} of {tested.sum():,} tested with q < {ALPHA:g}" if tested.any() else (
        "not tested: too few donors"
    )  # fmt: skip
    below = int((~table["resolved"]).sum())
    return " · ".join(
        [style.count(len(table), "gene"), test, *([f"{below:,} not resolved"] if below else [])]
    )


def _curve(axes: Axes, table: pd.DataFrame) -> None:
    rank, shift = table["rank"].to_numpy(), table["shift"].to_numpy(float)
    low, high = (table[name].to_numpy(float) for name in ("random_low", "random_high"))
    positive = np.concatenate([shift, low, high])
    positive = positive[np.isfinite(positive) & (positive > 0)]
    if len(positive):
        bottom = positive.min() / 1.5
        axes.set_yscale("log")
        axes.set_ylim(bottom, positive.max() * 1.6)
        axes.yaxis.set_major_locator(LogLocator(numticks=6))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        low, high, shift = (np.maximum(values, bottom) for values in (low, high, shift))
    axes.fill_between(rank, low, high, step="mid", color=BAND, linewidth=0, zorder=0, gid="band")
    plain = (table["target"] == "").to_numpy()
    resolved = table["resolved"].to_numpy()
    _dots(axes, rank, shift, plain & resolved, OTHER_GENE, 3.2, "other")
    _dots(axes, rank, shift, plain & ~resolved, OTHER_GENE | {"marker": "x"}, 2.2, "other not resolved")
    for kind, look in KINDS.items():
        mine = (table["target"] == kind).to_numpy()
        _dots(axes, rank, shift, mine & resolved, look, 3.8, kind)
        _dots(
            axes,
            rank,
            shift,
            mine & ~resolved,
            look | {"markerfacecolor": "white"},
            3.8,
            f"{kind} not resolved",
        )
    axes.set_ylabel("shift of the gene's\nembedding, 1 − cosine")
    axes.tick_params(axis="x", labelbottom=False)
    if len(table) > TOP:
        axes.axvline(TOP + 0.5, color="#555555", linewidth=0.6, linestyle=(0, (3, 2)), zorder=1, gid="top")
        axes.annotate(f"first {TOP}", (TOP + 0.5, 1), xycoords=("data", "axes fraction"), xytext=(2, -1),
                      textcoords="offset points", va="top", fontsize=6, color=style.NOTE)  # fmt: skip


def _dots(
    axes: Axes, x: np.ndarray, y: np.ndarray, chosen: np.ndarray, look: dict, size: float, gid: str
) -> None:
    if chosen.any():
        given = {key: value for key, value in look.items() if key != "label"}
        axes.plot(x[chosen], y[chosen], linestyle="", markersize=size, markeredgewidth=0.6, gid=gid,
                  zorder=2 if gid.startswith("other") else 4, **given)  # fmt: skip


def _rug(axes: Axes, table: pd.DataFrame) -> None:
    kinds = kinds_in(table["target"])
    for lane, kind in enumerate(kinds):
        places = table.loc[table["target"] == kind, "rank"].to_numpy()
        axes.vlines(
            places, lane - 0.38, lane + 0.38, color=KINDS[kind]["color"], linewidth=0.9, gid=f"rug {kind}"
        )
    axes.set_yticks(range(len(kinds)), [f"{kind} ({(table['target'] == kind).sum():,})" for kind in kinds])
    axes.set_ylim(max(len(kinds), 1) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    if len(table) > LONG:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.set_xlim(0.9, len(table) * 1.05)
        axes.set_xlabel("rank of the gene, most moved first (logarithmic)")
    else:
        axes.set_xlim(0, len(table) + 1)
        axes.set_xlabel("rank of the gene, most moved first")
    if not kinds:
        style.empty(axes, "no known target in the list")


def _list(axes: Axes, table: pd.DataFrame) -> None:
    axes.set_axis_off()
    axes.set_title(f"first {min(LISTED, len(table))}", loc="left", fontsize=6.5, color=style.NOTE)
    axes.set_xlim(0, 1)
    axes.set_ylim(LISTED - 0.4, -0.6)
    for place, (_, gene) in enumerate(table.head(LISTED).iterrows()):
        look = KINDS.get(gene["target"], OTHER_GENE)
        axes.plot([0.05], [place], marker=look["marker"], color=look["color"], markersize=3.6, linestyle="")
        name = gene["symbol"] if isinstance(gene["symbol"], str) and gene["symbol"] else gene["gene_id"]
        axes.text(0.14, place, f"{place + 1}  {name}", va="center_baseline", fontsize=6, clip_on=False)


def _legend(body: SubFigure, kinds: list[str]) -> None:
    looks = [*(KINDS[kind] for kind in kinds), OTHER_GENE]
    handles = legend_marks(looks, size=4)
    handles.append(Line2D([], [], linestyle="", marker="x", color=OTHER_GENE["color"], markersize=3,
                          label="not resolved" + (" (targets: hollow)" if kinds else "")))  # fmt: skip
    handles.append(Patch(color=BAND, label="same gene under random moves of equal length, 5–95%"))
    body.legend(handles=handles, loc="outside lower left", ncols=3, handlelength=1.4)

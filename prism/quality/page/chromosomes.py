"""Genes of each chromosome, and how much of their windows is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from prism.drawing import style

AT_MOST = 40  # rows; assemblies with many scaffolds show those with most genes
SHARES = LinearSegmentedColormap.from_list("shares", ["#F4F6F8", "#9CC6E2", style.EXPRESSED, "#00365A"])


def shown(numbers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The chromosomes that the figure shows: at most AT_MOST, those with most genes in the windows.

    numbers: of `prism.quality.measure.measure`.
    """
    rows = [row for row in numbers["chromosomes"] if row["genes"]]
    least = sorted((row["genes"] for row in rows), reverse=True)[:AT_MOST][-1]
    return [row for row in rows if row["genes"] >= least][:AT_MOST]


@style.paper()
def chromosomes_figure(numbers: Mapping[str, Any]) -> Figure:
    """Genes by chromosome as bars, dropped ones lighter; share of N, blacklist and exact zeros as shades.

    numbers: of `prism.quality.measure.measure`.
    """
    rows = shown(numbers)
    columns = {"N": [row["unknown"] for row in rows]}
    if rows[0]["blacklist"] is not None:
        columns["blacklist"] = [row["blacklist"] for row in rows]
    columns |= {f"0 in {name}": [row["zeros"][name] for row in rows] for name in numbers["signals"]}
    figure, body = style.page(style.PAGE, 0.72 + 0.19 * len(rows), [])
    bars, shares = body.subplots(1, 2, width_ratios=[1, 0.55 * len(columns)], sharey=True)
    _genes(bars, rows)
    _shares(shares, np.array(list(columns.values())).T, list(columns))
    return figure


def _genes(axes: Axes, rows: list[dict[str, Any]]) -> None:
    place = np.arange(len(rows))
    kept, dropped = (np.array([row[key] for row in rows]) for key in ("genes", "dropped"))
    axes.barh(place, kept, 0.72, color=style.EXPRESSED, linewidth=0, gid="kept")
    axes.barh(place, dropped, 0.72, left=kept, color=style.GHOST, linewidth=0, gid="dropped")
    axes.set_yticks(place, [row["chrom"] for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlabel("genes" + (" (light: dropped)" if dropped.any() else ""))


def _shares(axes: Axes, shares: np.ndarray, names: list[str]) -> None:
    edges = [np.arange(size + 1) - 0.5 for size in reversed(shares.shape)]
    axes.pcolormesh(
        *edges, shares, cmap=SHARES, vmin=0, vmax=1, edgecolor="white", linewidth=1.2, gid="shares"
    )
    for (row, column), share in np.ndenumerate(shares):
        text = f"{100 * share:.0f}" if share == 0 or share >= 0.095 else f"{100 * share:.1f}"
        axes.text(column, row, text, ha="center", va="center", fontsize=6,
                  color="white" if share > 0.5 else style.INK)  # fmt: skip
    axes.set_xticks(range(len(names)), [style.wrapped(name, 14) for name in names])
    axes.tick_params(axis="both", length=0)
    axes.xaxis.tick_top()
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlabel("% of the windows' positions")

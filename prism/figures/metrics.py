"""Scores of all models: a dot per seed, the mean with its 95% interval, and the published number beside one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from prism.drawing import style
from prism.drawing.axis_limits import axis_limits, with_floor, with_intervals
from prism.drawing.footer import provenance_lines
from prism.figures.inputs import input_lines
from prism.figures.published import check_table, other_genes
from prism.figures.scores import Row, Scores, chosen, ranked_rows, scores_of, unrecorded
from prism.runs.record import RunRecord
from prism.scores import Metric, headlines, known

GREY = "#555555"
PALE = "#A0A0A0"  # of a published number at another window
MEAN = {"marker": "o", "linestyle": "", "markersize": 5, "markeredgecolor": "white", "markeredgewidth": 0.6}
SEED = {"marker": "o", "linestyle": "", "markersize": 2.2, "markeredgewidth": 0, "alpha": 0.65}
INTERVAL = {"linewidth": 1.6, "solid_capstyle": "butt"}
PUBLISHED = {
    "marker": "D",
    "linestyle": "",
    "markersize": 3.2,
    "markerfacecolor": "white",
    "markeredgecolor": style.INK,
    "markeredgewidth": 0.7,
}
ELSEWHERE = PUBLISHED | {"markeredgecolor": PALE}
ROW = 0.215  # inches for a model
HEADING = 0.22  # inches above the panels of a cell type
SEED_LIFT, PUBLISHED_DROP = -0.27, 0.27  # in rows; the y axis points down


@style.paper()
def metrics_figure(
    summary: pd.DataFrame,
    metrics: pd.DataFrame,
    runs: list[RunRecord],
    published: pd.DataFrame | None = None,
    shown: tuple[str, ...] | None = None,
    split: str = "test",
    references: Mapping[str, Mapping[str, Any]] | None = None,
) -> Figure:
    """Draw one block per cell type, one row per model (best first metric on top), one panel per metric.

    summary: cell_type, model, fold, split, metric, n_seeds, mean, ci_low, ci_high (empty with one seed)
    metrics: cell_type, model, fold, seed, split, metric, value; in log10(x + 1) units
    runs: the runs that the tables were made of (label, number of genes, floor, provenance)
    published: the table of published results; shown beside runs of the same protocol, and grey where the window is
        all that differs
    shown: names of scores, each a panel; None for the headline scores of `prism.scores.METRICS`
    split: valid or test, whose scores are drawn; default test
    references: entries that reproduce the published numbers, by name; default none
    Raises ValueError if nothing of `shown` is there for `split`, or a name is not that of a score.
    """
    panels = list(headlines() if shown is None else known(shown))
    names = tuple(metric.name for metric in panels)
    summary, metrics = (chosen(table, split, names) for table in (summary, metrics))
    present = [
        metric
        for metric in panels
        if np.isfinite(summary.loc[summary.metric == metric.name, "mean"].to_numpy(float)).any()
    ]
    if not present:
        raise ValueError(f"the summary has no {', '.join(names)} of the {split} split; re-run the comparison")
    published = None if published is None else check_table(published)
    blocks = []
    for cell_type in dict.fromkeys(summary.cell_type):
        rows = ranked_rows(cell_type, summary, runs, present[0])
        scores = scores_of(cell_type, rows, (summary, metrics, published), runs, split, references or {})
        blocks.append((cell_type, rows, scores))
    footer = unrecorded(runs, panels, split) + input_lines(runs) + provenance_lines(runs)
    if published is not None and split == "test":
        footer += other_genes(runs, published)
    return _draw(blocks, present, footer, split)


def _draw(blocks: list, present: list[Metric], footer: list[str], split: str) -> Figure:
    lines = [[1 + row.label.count("\n") for row in rows] for _, rows, _ in blocks]
    sizes = [[max(1.0, 0.14 * n / ROW) for n in block] for block in lines]
    heights = [ROW * sum(block) + 1.02 for block in sizes]
    # a figure of one metric fits a column and a half
    width = style.PAGE if len(present) > 1 else 4.6
    figure, body = style.page(width, sum(heights) + 0.3, footer)
    parts = np.atleast_1d(body.subfigures(len(blocks), 1, height_ratios=heights))
    for part, height, size, (cell_type, rows, scores) in zip(parts, heights, sizes, blocks, strict=True):
        head, middle = part.subfigures(2, 1, height_ratios=[HEADING, height - HEADING])
        _heading(head, cell_type, rows, scores, split)
        panels = np.atleast_1d(middle.subplots(1, len(present), sharey=True))
        places = np.cumsum(size) - np.asarray(size) / 2
        for axes, metric in zip(panels, present, strict=True):
            _panel(axes, metric, rows, places, scores)
        panels[0].set_yticks(places, [row.label for row in rows])
        panels[0].set_ylim(sum(size) + 0.1, -0.1)
    _legend(body, [scores for _, _, scores in blocks], columns=4 if len(present) > 1 else 2)
    return figure


def _heading(part: SubFigure, cell_type: str, rows: list[Row], scores: Scores, split: str) -> None:
    part.text(0.01, 0.5, cell_type, va="center", fontsize=8.5, fontweight="bold")
    runs = [row.run for row in rows if row.run is not None]
    genes = sorted({run.told_genes(split) for run in runs if run.genes(split) is not None})
    seeds = sorted({int(n) for n in scores.summary.n_seeds})
    words = [
        "label " + (", ".join(sorted({run.assay or "unknown" for run in runs})) or "unknown"),
        f"{' and '.join(genes)} {split} genes" if genes else f"{split} split",
        "fold " + ", ".join(sorted({row.fold for row in rows}, key=lambda fold: (len(fold), fold))),
        f"{_span(seeds)} seed" + ("" if seeds == [1] else "s") + (" (no interval)" if seeds == [1] else ""),
    ]
    part.text(0.99, 0.5, "  ·  ".join(words), ha="right", va="center", color=style.NOTE)


def _span(numbers: list[int]) -> str:
    return f"{numbers[0]:,}" if len(numbers) == 1 else f"{numbers[0]:,}–{numbers[-1]:,}"


def _panel(axes: Axes, metric: Metric, rows: list[Row], places: np.ndarray, scores: Scores) -> None:
    values, ends = [], []
    for row in rows:
        mean, known = scores.mean(row, metric.name) or {}, scores.published_number(row, metric.name) or {}
        spread = known.get("sd", np.nan) if np.isfinite(known.get("sd", np.nan)) else 0.0
        around = [known["mean"] - spread, known["mean"] + spread] if known else []
        ends += [mean.get(key, np.nan) for key in ("ci_low", "ci_high")] if mean else []
        values.append([*scores.points(row, metric.name), mean.get("mean", np.nan), *around])
    low, high = with_intervals(*axis_limits(values, metric.higher_is_better), ends)
    low, high, floors, far = with_floor(low, high, scores.floor.get(metric.name, []))
    axes.set_xlim(low, high)
    for floor in floors:
        axes.axvline(floor, color=GREY, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1, gid="floor")
    if floors or far:
        _floor_label(axes, floors, far, low)
    for place, row in zip(places, rows, strict=True):
        axes.axhline(place, color="#EFEFEF", linewidth=0.6, zorder=0)
        _row(axes, place, row, metric.name, scores)
    axes.set_xlabel(f"{metric.axis_title}\n{metric.direction}", linespacing=1.35)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)


def _row(axes: Axes, place: float, row: Row, metric: str, scores: Scores) -> None:
    mean, known, points = (
        scores.mean(row, metric),
        scores.published_number(row, metric),
        scores.points(row, metric),
    )
    beside = axes.get_yaxis_transform()
    if mean is None:
        axes.text(1.02, place, "–", transform=beside, va="center", color=style.NOTE)
        return
    value = float(mean["mean"])
    axes.text(1.02, place, f"{value:.3f}", transform=beside, va="center_baseline", fontsize=6.5)
    low, high = axes.get_xlim()
    outside = [v for v in (value, *points) if not low <= v <= high]
    if outside:
        inside = 0.02 * (high - low)
        edge, mark = (low + inside, "<") if outside[0] < low else (high - inside, ">")
        axes.plot([edge], [place], mark, color=row.colour, markersize=4.5, zorder=4, gid="off axis")
    if low <= value <= high:
        ends = [float(mean.get(key, np.nan)) for key in ("ci_low", "ci_high")]
        if np.isfinite(ends).all():
            axes.plot(ends, [place, place], color=row.colour, zorder=3, gid="interval", **INTERVAL)
        axes.plot([value], [place], color=row.colour, zorder=4, gid="mean", **MEAN)
    if len(points) > 1:
        lifted = np.full(len(points), place + SEED_LIFT)
        axes.plot(points, lifted, color=row.colour, zorder=3, gid="seeds", **SEED)
    if known is not None:
        _published(axes, place + PUBLISHED_DROP, known)


def _published(axes: Axes, place: float, known: dict) -> None:
    value, sd = float(known["mean"]), float(known.get("sd", np.nan))
    elsewhere = known["other_window"]
    if np.isfinite(sd):
        ends, colour = [value - sd, value + sd], PALE if elsewhere else style.INK
        axes.plot(ends, [place, place], color=colour, linewidth=0.7, zorder=2, gid="published sd")
    look, gid = (ELSEWHERE, "published elsewhere") if elsewhere else (PUBLISHED, "published")
    axes.plot([value], [place], zorder=3, gid=gid, **look)


def _floor_label(axes: Axes, floors: list[float], far: list[float], low: float) -> None:
    shown = floors or far
    words = "train mean " + "–".join(dict.fromkeys(f"{value:.2f}" for value in (min(shown), max(shown))))
    if floors:
        place, align, transform = floors[-1], "center", axes.get_xaxis_transform()
    elif far[0] < low:
        place, align, transform, words = 0, "left", axes.transAxes, f"◂ {words}"
    else:
        place, align, transform, words = 1, "right", axes.transAxes, f"{words} ▸"
    look = {"ha": align, "va": "bottom", "fontsize": 6, "color": GREY}
    axes.text(place, 1.01, words, transform=transform, gid="floor label", **look)


def _legend(body: SubFigure, scores: list[Scores], columns: int) -> None:
    several = any((part.summary.n_seeds > 1).any() for part in scores)
    handles = [Line2D([], [], color=GREY, label="mean over seeds" if several else "one seed", **MEAN)]
    if several:
        handles.insert(0, Line2D([], [], color=GREY, label="a seed", **SEED))
        handles.append(Line2D([], [], color=GREY, label="95% t-interval of the mean", **INTERVAL))
    tables = [table for part in scores for table in part.published.values()]
    for elsewhere, look in ((False, PUBLISHED), (True, ELSEWHERE)):
        rows = [table[table.other_window == elsewhere] for table in tables]
        rows = pd.concat(rows) if rows else pd.DataFrame()
        if len(rows):
            cited = "; ".join(sorted({source.split(" table")[0] for source in rows.source.astype(str)}))
            windows = " and ".join(f"{bp // 1000:,} kb" for bp in sorted(set(rows.window_bp)))
            words = f"published with a window of {windows}" if elsewhere else "published (bar: its sd)"
            handles.append(Line2D([], [], label=f"{words}, {cited}", **look))
            columns = 2 if elsewhere else columns  # two such lines do not fit beside others
    body.legend(handles=handles, loc="outside lower left", ncols=columns, handlelength=1.4, columnspacing=1.6)

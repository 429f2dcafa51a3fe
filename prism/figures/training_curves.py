"""Training loss and validation error against step: one row of two panels per model, one thin line per seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from prism.drawing import style
from prism.drawing.footer import provenance_lines
from prism.figures.inputs import input_lines
from prism.figures.run_lists import by_model, of_cell_type, paired
from prism.runs.history import valid_column
from prism.runs.record import RunRecord
from prism.scores import METRICS, SELECTED_BY

ONE_COLUMN = 6  # models; more are laid out in two columns of rows
CHOSEN = METRICS[SELECTED_BY]
TRAIN, VALID = "train_loss", valid_column(CHOSEN.name)


@dataclass(frozen=True)
class Curves:
    """Histories of one model's seeds.

    model: its name.
    architecture: its architecture, for the colour.
    seeds: their histories (step, train_loss, validation score).
    best_steps: the step that each seed kept.
    """

    model: str
    architecture: str
    seeds: list[pd.DataFrame]
    best_steps: list[float]

    def best(self) -> list[tuple[float, float]]:
        """(step, validation score) of each kept checkpoint that its history has."""
        found = []
        for table, step in zip(self.seeds, self.best_steps, strict=True):
            row = table[(table.step == step) & np.isfinite(table[VALID])]
            found += [(float(step), float(row[VALID].iloc[0]))] if len(row) else []
        return found


@style.paper()
def training_curves_figure(cell_type: str, histories: list[pd.DataFrame], runs: list[RunRecord]) -> Figure:
    """Draw each model's curves, best validation first; runs with fewer than two validations are only named.

    cell_type: that of all runs.
    histories: for each run, step, train_loss and validation score (either may be missing), one row for each
    validation.
    runs: in the same order; `best_step` is marked.
    Raises ValueError for runs of another cell type or a history without `step`.
    """
    of_cell_type(runs, cell_type)
    paired(runs, histories, "histories")
    tables = [_history(table, run) for table, run in zip(histories, runs, strict=True)]
    models, left_out = [], []
    for model, positions in by_model(runs).items():
        kept = [i for i in positions if len(tables[i]) > 1]
        if not kept:
            left_out.append(model)
            continue
        steps = [np.nan if runs[i].best_step is None else runs[i].best_step for i in kept]
        models.append(Curves(model, runs[kept[0]].architecture, [tables[i] for i in kept], steps))
    models.sort(key=_rank)
    return _draw(cell_type, models, left_out, runs)


def _history(table: pd.DataFrame, run: RunRecord) -> pd.DataFrame:
    if "step" not in table:
        raise ValueError(f"history of {run.model}, seed {run.seed}: no column step; re-run the training")
    columns = {name: pd.to_numeric(table[name]) if name in table else np.nan for name in (TRAIN, VALID)}
    return pd.DataFrame({"step": pd.to_numeric(table["step"]), **columns}).sort_values(
        "step", ignore_index=True
    )


def _rank(curves: Curves) -> tuple:
    best = [value for _, value in curves.best()]
    return CHOSEN.rank(float(np.mean(best)) if best else np.nan), curves.model


def _draw(cell_type: str, models: list[Curves], left_out: list[str], runs: list[RunRecord]) -> Figure:
    blocks = 1 if len(models) <= ONE_COLUMN else 2
    rows = max(1, -(-len(models) // blocks))
    notes = (
        [f"not drawn, closed form or fewer than two validations: {', '.join(left_out)}"] if left_out else []
    )
    width = 5.4 if blocks == 1 else style.PAGE
    extra = 0.11 * sum(style.wrapped(curves.model, 30).count("\n") for curves in models) / blocks
    notes += input_lines(runs) + provenance_lines(runs)
    figure, body = style.page(width, rows * (1.2 if rows < 4 else 1.05) + 0.85 + extra, notes)
    body.suptitle(f"{cell_type}: training", fontsize=8.5, fontweight="bold", x=0.01, ha="left")
    if not models:
        empty = body.subplots()
        empty.set_axis_off()
        style.empty(empty, "no model here was trained step by step")
        return figure
    grid = body.subplots(rows, 2 * blocks, squeeze=False)
    averages = {curves.model: pd.concat(curves.seeds).groupby("step")[VALID].mean() for curves in models}
    limits = _shared_limits(models)
    for place, curves in enumerate(models):
        # fill the left block first, so that the order reads down, then right
        row, block = place % rows, place // rows
        train, valid = grid[row, 2 * block : 2 * block + 2]
        others = [line for model, line in averages.items() if model != curves.model]
        last = row == rows - 1 or place == len(models) - 1
        _model(train, valid, curves, others, limits, last)
    for place in range(len(models), rows * blocks):
        for axes in grid[place % rows, 2 * (place // rows) : 2 * (place // rows) + 2]:
            axes.set_visible(False)
    for block in range(blocks):
        grid[0, 2 * block].annotate("train loss, all terms (log)", (0, 1), **_HEADING)
        grid[0, 2 * block + 1].annotate(f"validation {CHOSEN.axis_title} (log)", (0, 1), **_HEADING)
    _legend(body, models)
    return figure


_HEADING = {
    "xycoords": "axes fraction",
    "xytext": (0, 13),
    "textcoords": "offset points",
    "fontsize": 6.5,
    "color": style.NOTE,
    "va": "bottom",
}


def _model(train: Axes, valid: Axes, curves: Curves, others: list[pd.Series], limits, last: bool) -> None:
    colour = style.colour(curves.architecture)
    last_step = max(table.step.max() for table in curves.seeds)
    for axes, column in ((train, TRAIN), (valid, VALID)):
        drawn = False
        for table in curves.seeds:
            line = table[np.isfinite(table[column])]
            drawn |= len(line) > 0
            axes.plot(line.step, line[column], color=colour, linewidth=0.7, alpha=0.8, zorder=3, gid="seed")
        axes.set_xlim(0, last_step * 1.02)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(_thousands))
        if not drawn:
            style.empty(axes, "no validation" if column == VALID else "no training loss")
            axes.set_yticks([])
        if last:
            axes.set_xlabel("optimiser step")
    _log(train, [table[TRAIN] for table in curves.seeds])
    for line in others:
        valid.plot(line.index, line.to_numpy(), color=style.GHOST, linewidth=0.6, zorder=1, gid="other model")
    best = curves.best()
    if best:
        valid.plot(*zip(*best, strict=True), "o", markersize=3.6, markerfacecolor="white", markeredgecolor=colour,
                   markeredgewidth=1.0, linestyle="", zorder=4, gid="best step")  # fmt: skip
        mean = float(np.mean([value for _, value in best]))
        words = f"best {mean:.3f}" + (f", mean of {len(best)} seeds" if len(best) > 1 else ", 1 seed")
        valid.text(0.98, 0.94, words, transform=valid.transAxes, ha="right", va="top", fontsize=6, zorder=5,
                   bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 0.8})  # fmt: skip
    if limits is not None and valid.lines:
        _log(valid, [pd.Series(limits)])
        if valid.get_yscale() == "log":
            valid.set_ylim(*limits)
    train.set_title(style.wrapped(curves.model, 30), color=colour, fontweight="bold", loc="left", pad=3)


def _legend(body: SubFigure, models: list[Curves]) -> None:
    handles = [Line2D([], [], color=style.NOTE, linewidth=0.8, label="a seed")]
    if any(curves.best() for curves in models):
        ring = {"markerfacecolor": "white", "markeredgecolor": style.NOTE, "markersize": 3.6}
        handles.append(Line2D([], [], marker="o", linestyle="", label="kept checkpoint", **ring))
    if len(models) > 1:
        handles.append(
            Line2D([], [], color=style.GHOST, linewidth=1.2, label="the other models, mean over seeds")
        )
    body.legend(handles=handles, loc="outside lower left", ncols=len(handles), handlelength=1.4)


def _shared_limits(models: list[Curves]) -> tuple[float, float] | None:
    """Limits of all validation panels; the first validations may be far above and are cut at 8 times the best."""
    values = np.concatenate([table[VALID].to_numpy(float) for curves in models for table in curves.seeds])
    values = values[np.isfinite(values)]
    if not len(values) or values.min() <= 0:
        return None
    return float(values.min() * 0.93), float(
        min(values.max() * 1.3, max(8 * values.min(), np.median(values) * 2))
    )


def _log(axes: Axes, columns: list[pd.Series]) -> None:
    """A logarithmic y axis with round ticks, where all values are positive."""
    values = pd.concat(columns).to_numpy(float)
    values = values[np.isfinite(values)]
    if not len(values) or values.min() <= 0:
        return
    axes.set_yscale("log")
    wide = values.max() / values.min() > 6
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=8) if wide else MaxNLocator(4))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _thousands(value: float, _: int) -> str:
    return f"{value / 1000:g}k" if abs(value) >= 1000 else f"{value:g}"

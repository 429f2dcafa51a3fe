"""Predicted against observed expression of the test genes, one panel per model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from prism.drawing import style
from prism.drawing.footer import provenance_lines
from prism.figures.inputs import input_lines
from prism.figures.run_lists import by_model, of_cell_type, paired
from prism.runs.predictions import with_own_names
from prism.runs.record import RunRecord
from prism.scores import METRICS, SELECTED_BY, UNIT

DENSE = 500  # genes; above, dots hide each other and hexagons count them
HEXAGONS = 36  # across a panel
WRITTEN = ("pearson", "mse")  # the scores in the corner of a panel
VEIL = {"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 1}  # behind words, over points
COUNTS = LinearSegmentedColormap.from_list("counts", ["#D4DFEA", "#7FA8CC", "#2C6AA0", "#082F55"])


@dataclass(frozen=True)
class Panel:
    """One model's observed and predicted expression.

    model: its name.
    architecture: its architecture, for the colour.
    observed: (genes,) log10(x + 1).
    predicted: (genes,) log10(x + 1), averaged over seeds.
    seeds: those averaged.
    dropped: genes left out because a value is not finite.
    """

    model: str
    architecture: str
    observed: np.ndarray
    predicted: np.ndarray
    seeds: list[int]
    dropped: int

    def score(self, metric: str) -> float:
        """A score of what is drawn; nan if it does not exist.

        metric: a name in `prism.scores.METRICS`.
        """
        found = METRICS[metric]
        return found.function(self.predicted, self.observed) if len(self.observed) else np.nan


@style.paper()
def scatter_figure(
    cell_type: str, predictions: list[pd.DataFrame], runs: list[RunRecord], seed: str | None = None
) -> Figure:
    """Draw a panel for each model: test genes, identity line, scores of what is drawn.

    cell_type: that of all runs.
    predictions: for each run, gene_id, split, expression, prediction; log10(x + 1).
    runs: in the same order.
    seed: draw this seed of each model; default None: each gene's prediction averaged over the model's seeds.
    Raises ValueError for runs of another cell type, no test gene, or seeds with different genes.

    The panels are ordered by the score that trainings are chosen by, best first.
    """
    of_cell_type(runs, cell_type)
    paired(runs, predictions, "prediction files")
    if seed is not None:
        kept = [position for position, run in enumerate(runs) if str(run.seed) == str(seed)]
        if not kept:
            there = ", ".join(str(each) for each in sorted({run.seed for run in runs}))
            raise ValueError(f"{cell_type}: no run has seed {seed}; there are {there}")
        runs, predictions = [runs[i] for i in kept], [predictions[i] for i in kept]
    panels = [
        _gather([predictions[i] for i in positions], [runs[i] for i in positions])
        for positions in by_model(runs).values()
    ]
    first = METRICS[SELECTED_BY]
    panels.sort(key=lambda panel: (first.rank(panel.score(first.name)), panel.model))
    return _draw(cell_type, panels, runs)


def _gather(tables: list[pd.DataFrame], runs: list[RunRecord]) -> Panel:
    genes: dict[str, set] = {}
    tests = []
    for table, run in zip(tables, runs, strict=True):
        test = with_own_names(table[table["split"] == "test"])[["gene_id", "expression", "prediction"]]
        where = f"predictions of {run.model}, fold {run.fold}, seed {run.seed}"
        if test.empty:
            raise ValueError(f"{where}: no gene of the test split; re-run the training")
        if genes.setdefault(run.fold, set(test.gene_id)) != set(test.gene_id):
            raise ValueError(
                f"{where}: other test genes than the model's other seeds have; re-run the training"
            )
        tests.append(test)
    # a not-a-number of one seed makes the gene's mean one: it is counted as dropped, not averaged away
    mean = (
        pd.concat(tests)
        .groupby("gene_id", sort=True)[["expression", "prediction"]]
        .agg(lambda x: x.mean(skipna=False))
    )
    finite = np.isfinite(mean.to_numpy(float)).all(axis=1)
    return Panel(
        model=runs[0].model,
        architecture=runs[0].architecture,
        observed=mean["expression"].to_numpy(float)[finite],
        predicted=mean["prediction"].to_numpy(float)[finite],
        seeds=sorted({run.seed for run in runs}),
        dropped=int((~finite).sum()),
    )


def _limits(panels: list[Panel]) -> tuple[float, float]:
    values = np.concatenate([np.concatenate([panel.observed, panel.predicted]) for panel in panels])
    if not len(values):
        return 0.0, 1.0
    low, high = values.min(), values.max()
    margin = 0.04 * (high - low) or 0.5
    return float(low - margin), float(high + margin)


def _draw(cell_type: str, panels: list[Panel], runs: list[RunRecord]) -> Figure:
    columns = min(len(panels), 4 if len(panels) <= 12 else 5)
    rows = -(-len(panels) // columns)
    width = {1: style.COLUMN, 2: 5.2}.get(columns, style.PAGE)
    side = (width - (1.0 if columns > 1 else 0.9)) / columns - 0.1
    letters = int(side / 0.068)
    names = [style.wrapped(panel.model, letters).count("\n") + 1 for panel in panels]
    heights = [side + 0.16 + 0.11 * max(names[row * columns : (row + 1) * columns]) for row in range(rows)]
    heights[-1] += 0.12  # its tick labels
    figure, body = style.page(width, sum(heights) + 0.6, input_lines(runs) + provenance_lines(runs))
    grid = body.subplots(rows, columns, sharex=True, sharey=True, squeeze=False, height_ratios=heights)
    low, high = _limits(panels)
    hexagons = []
    for axes, panel in zip(grid.flat, panels, strict=False):
        hexagons.append(_panel(axes, panel, low, high, letters))
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for column in range(columns):
        # the last panel of a column may lie above hidden ones
        last = max(row for row in range(rows) if row * columns + column < len(panels))
        grid[last, column].tick_params(axis="x", labelbottom=True)
    drawn = [part for part in hexagons if part is not None]
    if drawn:
        norm = LogNorm(1, max(2, max(part.get_array().max() for part in drawn)))
        for part in drawn:
            part.set_norm(norm)
        bar = body.colorbar(
            drawn[0], ax=grid, shrink=min(1.0, 0.8 if rows == 1 else 1.6 / rows), aspect=22, pad=0.01
        )
        bar.set_label("genes per hexagon")
        bar.ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=9))
        bar.ax.yaxis.set_minor_locator(NullLocator())
        bar.ax.yaxis.set_major_formatter("{x:g}")
        bar.outline.set_visible(False)
    assay = runs[0].assay or "expression"
    body.supxlabel(f"observed {assay}, {UNIT}", fontsize=7)
    body.supylabel(f"predicted {assay}, {UNIT}", fontsize=7)
    body.suptitle(f"{cell_type}: test genes, " + _averaged(panels), fontsize=7.5, x=0.01, ha="left")
    return figure


def _averaged(panels: list[Panel]) -> str:
    seeds = {tuple(panel.seeds) for panel in panels}
    if seeds == {(panels[0].seeds[0],)}:
        return f"one seed ({panels[0].seeds[0]})"
    if all(len(panel) == 1 for panel in seeds):
        return "one seed of each model"
    return "predictions averaged over seeds (r and MSE are the average's)"


def _panel(axes: Axes, panel: Panel, low: float, high: float, letters: int):
    axes.set(xlim=(low, high), ylim=(low, high))
    axes.set_aspect("equal")
    axes.plot(
        [low, high],
        [low, high],
        color="#777777",
        linewidth=0.6,
        linestyle=(0, (4, 3)),
        zorder=2.5,
        gid="identity",
    )
    colour = style.colour(panel.architecture)
    drawn = None
    if len(panel.observed) > DENSE:
        drawn = axes.hexbin(
            panel.observed, panel.predicted, gridsize=HEXAGONS, extent=(low, high, low, high), mincnt=1, cmap=COUNTS,
            linewidths=0.1, zorder=2, gid="genes",
        )  # fmt: skip
    else:
        axes.plot(panel.observed, panel.predicted, "o", markersize=2.2, color=colour, alpha=0.55, markeredgewidth=0,
                  zorder=2, gid="genes")  # fmt: skip
    axes.set_title(style.wrapped(panel.model, letters), color=colour, fontweight="bold", loc="left", pad=3)
    values = [(METRICS[name].short, panel.score(name)) for name in WRITTEN]
    score = "\n".join(f"{name} {value:.3f}" if np.isfinite(value) else f"{name} –" for name, value in values)
    axes.text(
        0.03,
        0.97,
        score,
        transform=axes.transAxes,
        va="top",
        fontsize=6.5,
        linespacing=1.25,
        zorder=3,
        bbox=VEIL,
    )
    small = [f"n = {len(panel.observed):,}", style.count(len(panel.seeds), "seed")]
    small += [f"{panel.dropped:,} not finite"] if panel.dropped else []
    axes.text(0.97, 0.03, "\n".join(small), transform=axes.transAxes, ha="right", va="bottom", fontsize=5.8,
              color=style.NOTE, linespacing=1.25, zorder=3, bbox=VEIL)  # fmt: skip
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, integer=high - low > 3))
    return drawn

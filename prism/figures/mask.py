"""The mask that models learned, by distance from the TSS, above the signals that they saw."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from prism.drawing import style
from prism.drawing.footer import output_type, provenance_lines
from prism.figures.inputs import input_lines
from prism.figures.mask_profile import MASK
from prism.figures.run_lists import by_model, of_cell_type, paired
from prism.genome.tracks.transforms import of_source
from prism.runs.record import RunRecord

DASHES = ["-", (0, (4, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.2, 1.2, 1.2))]
KILOBASES_FROM = 5000  # bp on either side
PROMOTER = "#F0F0F0"
MASK_HEIGHT, SIGNAL_HEIGHT = 1.75, 0.8  # inches


@style.paper()
def mask_figure(cell_type: str, tables: list[pd.DataFrame], runs: list[RunRecord]) -> Figure:
    """Draw the mean mask of each model and, below, the mean of each signal; a column for each window length.

    cell_type: that of all runs.
    tables: one for each run, as `mask_profile.mask_table` makes them: position (bp downstream of the TSS),
    genes, promoter, mask_mean, mask_sem and the same of each signal.
    runs: in the same order.
    Raises ValueError if there is no run, or one of another cell type.
    """
    of_cell_type(runs, cell_type)
    paired(runs, tables, "masks")
    columns = _by_positions(tables)
    signals = list(dict.fromkeys(name for table in tables for name in _signals(table)))
    width = style.COLUMN + 0.4 if len(columns) == 1 else style.PAGE
    heights = [MASK_HEIGHT, *[SIGNAL_HEIGHT] * len(signals)]
    figure, body = style.page(width, sum(heights) + 0.65, input_lines(runs) + provenance_lines(runs))
    grid = body.subplots(len(heights), len(columns), squeeze=False, sharex="col", height_ratios=heights)
    looks = _looks(runs)
    for place, chosen in enumerate(columns):
        here, there = [tables[i] for i in chosen], [runs[i] for i in chosen]
        _column(grid[:, place], here, there, looks)
        for axes, name in zip(grid[1:, place], signals, strict=True):
            _signal(axes, name, here, there)
        promoter = here[0].loc[here[0]["promoter"], "position"].to_numpy(float)
        _frame(grid[:, place], here[0]["position"].to_numpy(float), promoter)
    grid[0, 0].set_ylabel("mean mask")
    several = any(len(places) > 1 for places in by_model(runs).values())
    body.suptitle(f"{cell_type}: learned mask over the test genes", fontsize=7.5, x=0.01, ha="left")
    _legend(body, grid, "band: range of the runs" if several else "band: ± 1 standard error over genes")
    return figure


def _by_positions(tables: list[pd.DataFrame]) -> list[list[int]]:
    """Places of tables with the same positions, shortest window first."""
    found: dict[tuple, list[int]] = {}
    for place, table in enumerate(tables):
        found.setdefault(tuple(table["position"]), []).append(place)
    return sorted(found.values(), key=lambda places: tables[places[0]]["position"].max())


def _signals(table: pd.DataFrame) -> list[str]:
    return [name.removesuffix("_mean") for name in table if name.endswith("_mean") and name != f"{MASK}_mean"]


def _looks(runs: list[RunRecord]) -> dict[str, dict]:
    """Colour by architecture, and a dash of its own for each of an architecture's models."""
    looks, drawn = {}, {}
    for model, places in by_model(runs).items():
        architecture = runs[places[0]].architecture
        number = drawn[architecture] = drawn.get(architecture, -1) + 1
        looks[model] = {"color": style.colour(architecture), "linestyle": DASHES[number % len(DASHES)]}
    return looks


def _column(
    panels: np.ndarray, tables: list[pd.DataFrame], runs: list[RunRecord], looks: dict[str, dict]
) -> None:
    """The masks of the models of one window."""
    axes, position = panels[0], tables[0]["position"].to_numpy(float)
    for model, places in by_model(runs).items():
        mean, low, high = _over_runs([tables[place] for place in places], MASK)
        colour = looks[model]["color"]
        axes.fill_between(position, low, high, color=colour, alpha=0.25, linewidth=0, gid=f"band {model}")
        axes.plot(
            position, mean, linewidth=1.1, label=style.wrapped(model), gid=f"mask {model}", **looks[model]
        )
    axes.set_ylim(-0.03, 1.05)
    lengths = " and ".join(f"{length:,}" for length in sorted({run.length for run in runs if run.length}))
    window = f"window of {lengths} bp, " if lengths else ""
    genes = style.count(int(tables[0]["genes"].iloc[0]), "gene")
    axes.set_title(f"{window}{genes}", loc="left", fontsize=6.5, color=style.NOTE)
    if tables[0]["promoter"].all():
        style.empty(axes, "the whole window is the promoter, always kept")


def _signal(axes: Axes, name: str, tables: list[pd.DataFrame], runs: list[RunRecord]) -> None:
    """The mean of one signal; runs of one window have the same, but a model may do without."""
    having = [place for place, table in enumerate(tables) if f"{name}_mean" in table]
    axes.set_title(name, loc="left", fontweight="bold", fontsize=6.5, pad=2)
    if not having:
        style.empty(axes, "not an input of these models")
        axes.set_yticks([])
        return
    known = runs[having[0]].provenance.get("sources") or {}
    # of a model of several cell types, <cell type>/<signal>: the first
    source = next((found for key, found in known.items() if key.rpartition("/")[2] == name and found), {})
    transform = of_source(source)
    kind = ", ".join(filter(None, [output_type(source), transform.name if transform.changes else ""]))
    axes.set_title(kind, loc="right", fontsize=6, color=style.NOTE, pad=2)
    position = tables[having[0]]["position"].to_numpy(float)
    mean, low, high = _over_runs([tables[having[0]]], name)
    axes.fill_between(position, low, high, color=style.OTHER, alpha=0.22, linewidth=0)
    axes.plot(position, mean, color=style.OTHER, linewidth=0.9, gid=f"signal {name}")
    if np.nanmin(mean) >= 0:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(3))


def _over_runs(tables: list[pd.DataFrame], name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over runs, and the ends of the band: the runs' range, or one standard error of a single one."""
    values = np.array([table[f"{name}_mean"].to_numpy(float) for table in tables])
    if len(values) > 1:
        return values.mean(axis=0), values.min(axis=0), values.max(axis=0)
    error = np.nan_to_num(tables[0][f"{name}_sem"].to_numpy(float))
    return values[0], values[0] - error, values[0] + error


def _frame(panels: np.ndarray, position: np.ndarray, promoter: np.ndarray) -> None:
    """The axis of positions (bp), in kb where it is long; promoter: positions that are always kept."""
    far = np.abs(position).max() >= KILOBASES_FROM
    for axes in panels:
        axes.set_xlim(position[0], position[-1])
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.axvline(0, color="#999999", linewidth=0.6, linestyle=(0, (3, 2)), zorder=0)
        if len(promoter):
            axes.axvspan(promoter[0], promoter[-1], color=PROMOTER, linewidth=0, zorder=-1, gid="promoter")
    if far:
        panels[-1].xaxis.set_major_formatter(
            lambda value, _: f"{value / 1000:g}".replace("-", "\N{MINUS SIGN}")
        )
    panels[-1].set_xlabel(f"position from the TSS, {'kb' if far else 'bp'}")


def _legend(body, grid: np.ndarray, band: str) -> None:
    entries: dict[str, object] = {}
    for axes in grid[0]:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    legend = body.legend(
        handles=list(entries.values()), labels=list(entries), loc="outside lower left", ncols=min(3, len(entries)),
        handlelength=2, title=f"{band}; shaded: promoter, always kept", title_fontsize=6.5, alignment="left",
    )  # fmt: skip
    legend.get_title().set_color(style.NOTE)

"""Mean signal around the TSS in the direction of transcription, one panel per signal."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from prism.drawing import style
from prism.drawing.tss_profile import Profile

COLUMNS = 3
COLOURS = (style.EXPRESSED, style.LOW)


@style.paper()
def signal_profile_figure(
    cell_type: str,
    centres: np.ndarray,
    profiles: dict[str, Profile],
    groups: list[str],
    units: dict[str, str],
    assay: str,
    footer: list[str],
) -> Figure:
    """Draw the mean over genes with a band of one standard error, for each group of genes.

    cell_type: name of the cell type, for the title.
    centres: (bins,) bp downstream of the TSS, minus-strand genes turned around.
    profiles: signal -> Profile with (groups, bins).
    groups: names of the groups, best expressed first.
    units: signal -> what a value is.
    assay: what `expressed` was measured by.
    footer: provenance lines.
    Raises ValueError if there is no signal.
    """
    if not profiles:
        raise ValueError(f"{cell_type}: the windows hold no signal, so there is no profile to draw")
    columns = min(COLUMNS, len(profiles))
    rows = -(-len(profiles) // columns)
    width = {1: style.COLUMN, 2: 5.2}.get(columns, style.PAGE)
    figure, body = style.page(width, rows * 1.75 + 0.6, footer)
    grid = body.subplots(rows, columns, squeeze=False)
    far = np.abs(centres).max()
    scale, unit = (1000, "kb") if far >= 5000 else (1, "bp")
    for place, (axes, (name, profile)) in enumerate(zip(grid.flat, profiles.items(), strict=False)):
        _panel(axes, centres / scale, profile)
        axes.set_title(name, loc="left", fontweight="bold", pad=8)
        axes.set_ylabel(textwrap.fill(units.get(name, "signal"), 30), fontsize=6.5)
        if place + columns >= len(profiles):
            axes.set_xlabel(f"position from the TSS, {unit}")
    for axes in grid.flat[len(profiles) :]:
        axes.set_visible(False)
    body.suptitle(
        f"{cell_type}: mean signal in the direction of transcription", fontsize=7.5, x=0.01, ha="left"
    )
    _groups(body, groups, next(iter(profiles.values())).n, assay)
    return figure


def _panel(axes: Axes, position: np.ndarray, profile: Profile) -> None:
    many = len(profile.mean) > 1
    for number, (mean, sem) in enumerate(zip(profile.mean, profile.sem, strict=True)):
        colour = COLOURS[number] if many else style.OTHER
        if np.isfinite(sem).any():
            axes.fill_between(
                position, mean - sem, mean + sem, color=colour, alpha=0.28, linewidth=0, gid="sem"
            )
        axes.plot(position, mean, color=colour, linewidth=1.0, gid=f"mean {number}")
    axes.axvline(0, color="#999999", linewidth=0.6, linestyle=(0, (3, 2)), zorder=0)
    if len(position) > 1:
        axes.set_xlim(position[0], position[-1])
    if np.nanmin(profile.mean) >= 0:
        axes.set_ylim(bottom=0)
    axes.locator_params(axis="x", nbins=5)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    _tss_arrow(axes)


def _tss_arrow(axes: Axes) -> None:
    """The bent arrow of a transcription start: up from the TSS, then to the right."""
    across = axes.get_xaxis_transform()
    low, high = axes.get_xlim()
    reach = 0.09 * (high - low)
    line = {"color": style.INK, "linewidth": 0.7, "clip_on": False, "transform": across}
    axes.plot([0, 0, reach], [1.0, 1.045, 1.045], **line)
    axes.plot([reach], [1.045], ">", markersize=2.4, markeredgewidth=0, **line)


def _groups(body: SubFigure, groups: list[str], n: np.ndarray, assay: str) -> None:
    names = [f"{name} by {assay}" if len(groups) > 1 else name for name in groups]
    handles = [
        body.axes[0].plot([], [], color=COLOURS[i] if len(groups) > 1 else style.OTHER, linewidth=1.6,
                            label=f"{name} (n = {style.count(int(n[i]), 'gene')})")[0]
        for i, name in enumerate(names)
    ]  # fmt: skip
    legend = body.legend(handles=handles, loc="outside lower left", ncols=len(handles), handlelength=1.4,
                           title="mean over genes, band: ± 1 standard error", title_fontsize=6.5, alignment="left",
                           labelcolor="linecolor")  # fmt: skip
    legend.get_title().set_color(style.NOTE)

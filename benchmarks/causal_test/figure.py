"""The figure of docs/causal_test.md: for each world, contrasts, responses to the background, and what is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.causal_test.protocol import DIRECT_EFFECT, GENOMES, MAIN_ARMS, SMALLEST
from benchmarks.causal_test.table import CONTRASTS, LOSS, contrast, per_genome
from prism.drawing import style
from prism.evaluation.statistics import t_interval
from prism.files.atomic import writing
from prism.simulate.worlds import WORLDS

FAMILY = "main"
ARMS = (*MAIN_ARMS, "ridge", "ridge_oracle")
TOLD = {"none": "no contexts", "ridge_oracle": "ridge, true background"}
OUTPUTS = {"observed": {"markerfacecolor": style.INK}, "intervened": {"markerfacecolor": "white"}}
POINT = {"marker": "o", "markersize": 4, "color": style.INK, "linewidth": 1.2, "markeredgewidth": 0.8}
SAME, SHIFTED = "#0072B2", "#D55E00"
HEIGHT = 1.75  # inches for a world
TITLES = ("MSE lost where background and expression\nare unrelated: arm minus arm",
          "change in prediction\nper deviation of background",
          "MSE of what is\nobserved")  # fmt: skip


@style.paper()
def draw(runs: pd.DataFrame, path: Path) -> None:
    """Draw the figure of family `main` as SVG.

    runs: of `store.read_runs`.
    path: the file.
    """
    figure = Figure(figsize=(style.PAGE, HEIGHT * len(WORLDS) + 1.1), layout="constrained")
    parts = figure.subfigures(len(WORLDS), 1, height_ratios=[1] * (len(WORLDS) - 1) + [1.25])
    rows = []
    for part, world in zip(parts, WORLDS, strict=True):
        panels = part.subplots(1, len(TITLES), width_ratios=(1.5, 1, 1))
        found = {output: per_genome(runs, FAMILY, world, output) for output in OUTPUTS}
        _contrasts(panels[0], found)
        _responses(panels[1], found, DIRECT_EFFECT if WORLDS[world].causes else 0.0)
        _losses(panels[2], found["observed"])
        n = max((len(each) for each in found["observed"].values()), default=0)
        words = f"{world}: {WORLDS[world].meaning} ({n} of {GENOMES} genomes)"
        part.suptitle(words, x=0.01, ha="left", fontweight="bold", fontsize=7)
        rows.append(panels)
    for column, title in enumerate(TITLES):
        limits = np.array([panels[column].get_xlim() for panels in rows])
        for panels in rows:
            panels[column].set_xlim(limits[:, 0].min(), limits[:, 1].max())
            panels[column].tick_params(labelbottom=panels is rows[-1])
        rows[-1][column].set_xlabel(title)
    handles = [
        Line2D([], [], label=f"{name} output", linestyle="", **(POINT | {"linewidth": 0} | look))
        for name, look in OUTPUTS.items()
    ]
    handles += [
        Line2D([], [], color=SAME, marker="o", linestyle="", label="same distribution"),
        Line2D([], [], color=SHIFTED, marker="D", linestyle="", label="shifted"),
        Line2D([], [], color=style.NOTE, linestyle=":", label="no difference; the true effect"),
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=5, handletextpad=0.4)
    with writing(path) as part:
        style.save(figure, part, "svg", "")


def _contrasts(axes: Axes, found: dict[str, dict[str, pd.DataFrame]]) -> None:
    axes.axvspan(-SMALLEST, SMALLEST, color=style.GHOST, alpha=0.5, linewidth=0)
    axes.axvline(0, color=style.NOTE, linestyle=":", linewidth=0.8)
    for place, (first, second) in enumerate(CONTRASTS):
        for lift, (output, look) in zip((-0.14, 0.14), OUTPUTS.items(), strict=True):
            _point(axes, place + lift, contrast(found[output], first, second, LOSS), look)
    _names(axes, [f"{TOLD.get(a, a)} -\n{TOLD.get(b, b)}" for a, b in CONTRASTS])


def _responses(axes: Axes, found: dict[str, dict[str, pd.DataFrame]], truth: float) -> None:
    axes.axvline(truth, color=style.NOTE, linestyle=":", linewidth=0.8)
    for place, arm in enumerate(ARMS):
        for lift, (output, look) in zip((-0.14, 0.14), OUTPUTS.items(), strict=True):
            if arm in found[output]:
                _point(axes, place + lift, found[output][arm]["slope_background"].to_numpy(), look)
    _names(axes, [TOLD.get(arm, arm) for arm in ARMS])


def _losses(axes: Axes, found: dict[str, pd.DataFrame]) -> None:
    for place, arm in enumerate(ARMS):
        if arm not in found:
            continue
        same, shifted = (found[arm][name].mean() for name in ("mse_same", "mse_shifted"))
        axes.plot([same, shifted], [place, place], color=style.RULE, linewidth=1.2, zorder=1)
        axes.plot([same], [place], "o", color=SAME, markersize=4)
        axes.plot([shifted], [place], "D", color=SHIFTED, markersize=3.5)
    _names(axes, [TOLD.get(arm, arm) for arm in ARMS])


def _point(axes: Axes, place: float, values: np.ndarray, look: dict) -> None:
    if len(values) > 1:
        low, high = t_interval(values)
        axes.plot([low, high], [place, place], color=style.INK, linewidth=1)
        axes.plot([values.mean()], [place], **(POINT | look))


def _names(axes: Axes, names: list[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)

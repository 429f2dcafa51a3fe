"""What the figures of the dynamic tokens share: parts of a table, words for methods, dots with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from prism.drawing import style
from prism.tokens.perturb.controls import CONTROLS
from prism.tokens.scoring.ranking_scores import MEASURES

OURS = "shift"
DIRECT, INDIRECT, SOME = "direct", "indirect", "target"
LINEAGE = (
    "dynamic tokens after Bio-DTA (arXiv 2504.13049), lineage inferred from Geneformer's evaluation, no reproduction "
    "claimed"
)
# How genes of each kind are drawn, and what they are called; shapes differ as well as colours.
KINDS = {
    DIRECT: {"color": style.EXPRESSED, "marker": "o", "label": "known direct target"},
    INDIRECT: {"color": style.LOW, "marker": "^", "label": "known indirect target"},
    SOME: {"color": style.FINE, "marker": "D", "label": "known target, direct or not is unknown"},
}
OTHER_GENE = {"color": "#9A9A9A", "marker": ".", "label": "other gene"}
INTERVAL = {"linewidth": 1.4, "solid_capstyle": "butt"}
NO_SKILL = {"color": "#555555", "linewidth": 0.8, "linestyle": (0, (3, 2)), "zorder": 1}


@dataclass(frozen=True)
class Part:
    """The rows of one factor in one cell type.

    factor: such as GATA4, or GATA4+TBX5.
    cell_type: "" for all cells together, and in tables that have no such column.
    table: the rows.
    """

    factor: str
    cell_type: str
    table: pd.DataFrame

    @property
    def title(self) -> str:
        """`GATA4 in cardiomyocyte`."""
        return f"{self.factor} in {self.cell_type}" if self.cell_type else self.factor


def need(table: pd.DataFrame, columns: Iterable[str], name: str) -> None:
    """Refuse a table without some columns.

    table: as it was read.
    columns: that are needed.
    name: of the table's file.
    Raises ValueError with the columns that are absent.
    """
    absent = [column for column in columns if column not in table]
    if absent:
        raise ValueError(f"{name}: no column {', '.join(absent)}; delete it and run the workflow again")


def kinds_of(table: pd.DataFrame) -> pd.Series:
    """What each gene is to the factor: direct, indirect, target (the list does not say which) or "".

    table: of effects.tsv; its column target is none or empty for other genes.
    """
    said = table["target"].fillna("").astype(str)
    said = said.where(said.isin([*KINDS, "", "none", "None", "nan"]), SOME)
    return said.where(said.isin(list(KINDS)), "")


def kinds_in(kinds: Iterable[str]) -> list[str]:
    """Those of `KINDS` that occur, in their order.

    kinds: of `kinds_of`.
    """
    there = set(kinds)
    return [kind for kind in KINDS if kind in there]


def parts(table: pd.DataFrame) -> list[Part]:
    """The parts of a table, in its order.

    table: with a column factor, and cell_type where it has one.
    """
    keys = ["factor", *(["cell_type"] if "cell_type" in table else [])]
    named = table.assign(**{key: table[key].fillna("").astype(str) for key in keys})
    return [
        Part(key[0], key[1] if len(key) > 1 else "", rows) for key, rows in named.groupby(keys, sort=False)
    ]


def method_title(method: str) -> str:
    """A method in words.

    method: `shift`, or the column of a control.
    """
    if method == OURS:
        return "ours: mutated DNA"
    return CONTROLS[method].title if method in CONTROLS else method.replace("_", " ")


def metric_title(metric: str) -> str:
    """A metric in words.

    metric: its name in the tables.
    """
    return MEASURES[metric].title if metric in MEASURES else metric.replace("_", " ")


def no_skill(metric: str, rows: pd.DataFrame) -> float:
    """The value of a score that knows nothing; NaN where the table does not say.

    metric: its name.
    rows: of scores.tsv, of one factor, cell type and contrast.
    """
    known = MEASURES.get(metric)
    if known is not None and known.no_skill is not None:
        return known.no_skill
    if known is None or not {"n_targets", "n_universe"} <= set(rows) or rows.empty:
        return float("nan")
    return float(rows["n_targets"].iloc[0]) / float(rows["n_universe"].iloc[0])


def counts(rows: pd.DataFrame) -> str:
    """`40 cells, 8 donors`, as far as a table says.

    rows: of scores.tsv, of one factor and cell type.
    """
    told = []
    for column, noun in (("n_cells", "cell"), ("n_donors", "donor")):
        values = pd.to_numeric(rows[column]).dropna() if column in rows else []
        if len(values) and max(values) > 0:  # 0 donors: they were too few, and none was counted
            told.append(style.count(int(max(values)), noun))
    return ", ".join(told)


@dataclass(frozen=True)
class Primary:
    """What was chosen before anything was computed.

    metric: a key of `MEASURES`.
    contrast: targets, direct, indirect or direct_minus_indirect.
    against: the control that ours is held against; "" where none is said.
    """

    metric: str = "average_precision"
    contrast: str = "targets"
    against: str = ""

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Primary:
        """From a record, its key `primary`.

        record: of record.json.
        """
        return cls(**(record.get("primary") or {}))


def footer(record: Mapping[str, Any]) -> list[str]:
    """Lines below a figure: what it is, and the identity of what it shows.

    record: of record.json; what it lacks is left out.
    """
    made = record.get("provenance") or {}
    told = [f"code {made['git_revision']:.8}"] if made.get("git_revision") else []
    told += [f"numbers version {made['numbers_version']}"] if made.get("numbers_version") else []
    told += [f"{name} {digits:.8}" for name, digits in (made.get("files") or {}).items()]
    return [LINEAGE, *([" · ".join(told)] if told else [])]


def interval_dot(axes: Axes, row: pd.Series, place: float, look: Mapping[str, Any], gid: str) -> None:
    """A value with its interval; hollow where there is none.

    axes: to draw on.
    row: value, low, high.
    place: on the y axis.
    look: marker and color.
    gid: names what is drawn.
    """
    value, low, high = (float(row[name]) for name in ("value", "low", "high"))
    if not np.isfinite(value):
        return
    known = np.isfinite([low, high]).all()
    if known:
        axes.plot(
            [low, high], [place, place], color=look["color"], zorder=3, gid=f"interval {gid}", **INTERVAL
        )
    face = look["color"] if known else "white"
    axes.plot([value], [place], linestyle="", marker=look["marker"], color=look["color"], markerfacecolor=face,
              markersize=4.6, markeredgewidth=0.8, zorder=4, gid=gid)  # fmt: skip


def legend_marks(looks: Iterable[Mapping[str, Any]], size: float = 4.6) -> list[Line2D]:
    """A legend's entry for each look.

    looks: marker, color and label of each.
    size: of the markers, points; default that of `interval_dot`.
    """
    return [
        Line2D(
            [], [], linestyle="", markersize=size, **{key: look[key] for key in ("marker", "color", "label")}
        )
        for look in looks
    ]


def rows_axis(panels: Sequence[Axes], labels: list[str], bold: Iterable[str] = ()) -> None:
    """A y axis of named rows, the first on top, for panels beside each other that share it.

    panels: from left to right; rows are at 0, 1, ...
    labels: of the rows, beside the first panel.
    bold: of those, which are written in bold.
    """
    for axes in panels:
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        for place in range(len(labels)):
            axes.axhline(place, color="#EFEFEF", linewidth=0.6, zorder=0)
    panels[0].set_yticks(range(len(labels)), labels)
    panels[0].set_ylim(len(labels) - 0.45, -0.55)
    for text, label in zip(panels[0].get_yticklabels(), labels, strict=True):
        text.set_fontweight("bold" if label in set(bold) else "normal")

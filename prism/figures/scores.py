"""What the figure of metrics draws: rows of models, their seeds, means, floors and published numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from prism.drawing import style
from prism.figures.published import beside
from prism.runs.record import RunRecord
from prism.scores import Metric


@dataclass(frozen=True)
class Row:
    """One line of the figure: a model on a fold.

    model: its name.
    fold: its name.
    label: what is written beside the line.
    run: one of its seeds, for what all share; None if unknown.
    """

    model: str
    fold: str
    label: str
    run: RunRecord | None

    @property
    def colour(self) -> str:
        """The colour of the row's architecture."""
        return style.colour(self.run.architecture if self.run else self.model)


@dataclass(frozen=True)
class Scores:
    """Long tables of one cell type and split, and what is shown beside them.

    summary: means and intervals.
    seeds: a line for each seed.
    published: by (model, fold), the published rows.
    floor: by metric, the scores of the floor.
    """

    summary: pd.DataFrame
    seeds: pd.DataFrame
    published: dict[tuple[str, str], pd.DataFrame]
    floor: dict[str, list[float]]

    def mean(self, row: Row, metric: str) -> dict | None:
        """The summary line of a model and metric; None if it is missing or not a number.

        row: of the figure.
        metric: a name in `prism.scores.METRICS`.
        Raises ValueError if there are several.
        """
        table = self.summary
        chosen = table[(table.model == row.model) & (table.fold == row.fold) & (table.metric == metric)]
        if len(chosen) > 1:
            raise ValueError(
                f"the summary has {len(chosen)} lines for {row.model}, fold {row.fold}, {metric}; keep one"
            )
        return None if chosen.empty or not np.isfinite(chosen["mean"].iloc[0]) else chosen.iloc[0].to_dict()

    def points(self, row: Row, metric: str) -> np.ndarray:
        """Finite values of the seeds, in order of seed.

        row: of the figure.
        metric: a name in `prism.scores.METRICS`.
        """
        table = self.seeds
        chosen = table[(table.model == row.model) & (table.fold == row.fold) & (table.metric == metric)]
        values = chosen.sort_values("seed")["value"].to_numpy(float)
        return values[np.isfinite(values)]

    def published_number(self, row: Row, metric: str) -> dict | None:
        """The published line of a model and metric, or None.

        row: of the figure.
        metric: a name in `prism.scores.METRICS`.
        """
        table = self.published.get((row.model, row.fold))
        if table is None or not (table.metric == metric).any():
            return None
        return table[table.metric == metric].iloc[0].to_dict()


def chosen(table: pd.DataFrame, split: str, shown: tuple[str, ...]) -> pd.DataFrame:
    """Lines of a long table for a split and some metrics, with identifiers as text.

    table: summary or metrics.
    split: train, valid or test.
    shown: names of metrics.
    """
    table = table[(table.split == split) & table.metric.isin(shown)]
    return table.assign(**{name: table[name].astype(str) for name in ("cell_type", "model", "fold")})


def ranked_rows(cell_type: str, summary: pd.DataFrame, runs: list[RunRecord], metric: Metric) -> list[Row]:
    """The rows of a cell type, best mean first, models without it last.

    cell_type: the one to draw.
    summary: means and intervals.
    runs: those of the figure.
    metric: orders the rows.
    """
    here = summary[summary.cell_type == cell_type]
    means = here[here.metric == metric.name].set_index(["model", "fold"])["mean"].astype(float)
    keys = list(dict.fromkeys(zip(here.model, here.fold, strict=True)))

    def rank(key: tuple[str, str]) -> tuple:
        return metric.rank(float(means.get(key, np.nan))), key

    by_key = {(run.model, run.fold): run for run in runs if run.cell_type == cell_type}
    several = len({fold for _, fold in keys}) > 1
    return [
        Row(
            model,
            fold,
            style.wrapped(model, 28) + (f"\nfold {fold}" if several else ""),
            by_key.get((model, fold)),
        )
        for model, fold in sorted(keys, key=rank)
    ]


def scores_of(
    cell_type: str,
    rows: list[Row],
    tables: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None],
    runs: list[RunRecord],
    split: str,
    references: Mapping[str, Mapping[str, Any]],
) -> Scores:
    """Gather a cell type's scores.

    cell_type: the one to draw.
    rows: of the figure.
    tables: summary and metrics as `chosen`, and the checked published table or None.
    runs: those of the figure.
    split: train, valid or test.
    references: entries that reproduce published numbers, by name.
    """
    summary, metrics, published = tables
    floor: dict[str, list[float]] = {}
    for run in runs:
        for metric, value in run.floor(split).items():
            if run.cell_type == cell_type and isinstance(value, int | float) and np.isfinite(value):
                floor.setdefault(metric, []).append(float(value))
    found = {}
    # the published numbers are of the test split
    if published is not None and split == "test":
        known = [row for row in rows if row.run is not None]
        found = {(row.model, row.fold): beside(row.run, published, references) for row in known}
    return Scores(
        summary=summary[summary.cell_type == cell_type],
        seeds=metrics[metrics.cell_type == cell_type],
        published={key: table for key, table in found.items() if not table.empty},
        floor={metric: sorted(set(np.round(values, 6))) for metric, values in floor.items()},
    )


def unrecorded(runs: list[RunRecord], metrics: list[Metric], split: str) -> list[str]:
    """A line for each metric that some runs are too old to have: the models, the first file and what to do.

    runs: those of the figure.
    metrics: those that it shows.
    split: train, valid or test.
    """
    lines = []
    for metric in metrics:
        lacking = [run for run in runs if not run.has_score(split, metric.name)]
        if lacking:
            models = ", ".join(dict.fromkeys(f"{run.cell_type} {run.model}" for run in lacking))
            told = lacking[0].told_unrecorded(split, metric.name)
            lines.append(f"{metric.title} is not recorded for {models}. {told}")
    return lines

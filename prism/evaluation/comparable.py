"""Finished runs as the comparison reads them, and what makes two runs comparable."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from prism.genome.genes.feature_groups import chosen_by
from prism.runs.predictions import read_predictions, with_own_names
from prism.runs.record import RunRecord
from prism.scores import METRICS

# the score in metrics.json against the one that predictions give: more apart and the files are of two runs
TOLERANCE = 1e-4


@dataclass(frozen=True)
class ScoredRun:
    """A finished run as the comparison reads it: its record, and its predictions ordered by gene_id."""

    record: RunRecord
    predictions: pd.DataFrame  # gene_id (<cell type>/<gene_id> of several), split, expression, prediction

    @classmethod
    def read(cls, metrics: str | Path, predictions: str | Path) -> ScoredRun:
        """Read what a run left.

        metrics: its metrics.json.
        predictions: its predictions.tsv.gz.
        Raises ValueError unless both files are of one run: the test MSE of the first must follow from the
        second.
        """
        record = RunRecord.read(metrics)
        table = with_own_names(read_predictions(predictions)).sort_values("gene_id", ignore_index=True)
        run = cls(record, table)
        found, said = float(np.mean(run.squared_errors())), record.score("test", "mse")
        if not abs(found - said) <= TOLERANCE * max(said, TOLERANCE):
            raise ValueError(
                f"{metrics} says test MSE {said:.6g}, {predictions} gives {found:.6g}: not of one run; "
                "give both lists in the same order"
            )
        return run

    path = property(lambda self: self.record.path)
    cell_type = property(lambda self: self.record.cell_type)
    model = property(lambda self: self.record.model)
    fold = property(lambda self: self.record.fold)
    seed = property(lambda self: self.record.seed)
    key = property(lambda self: (self.cell_type, self.model, self.fold, self.seed))
    provenance = property(lambda self: self.record.provenance)

    def score(self, split: str, metric: str) -> float:
        """A score of the record; nan where it does not exist, and where the record is older than the score.

        split: valid or test.
        metric: a name in `prism.scores.METRICS`.
        """
        return self.record.score(split, metric) if self.record.has_score(split, metric) else float("nan")

    def of_split(self, split: str) -> pd.DataFrame:
        """The predictions of one split, a row for each gene.

        split: valid or test.
        """
        return self.predictions[self.predictions["split"] == split]

    def squared_errors(self) -> np.ndarray:
        """(n,) squared error of every test gene, by gene_id."""
        test = self.of_split("test")
        return ((test["prediction"] - test["expression"]) ** 2).to_numpy()


def refuse_incomparable(runs: Iterable[ScoredRun]) -> None:
    """Refuse runs that cannot be compared in one table.

    All runs of a cell type and fold must share NUMBERS_VERSION and the genes of valid and test with their
    expression. That, not the dataset's hash, makes the scores of two models comparable: a model with another
    window length, without gene features or with candidate elements has another hash by design. But a signal
    that two runs both use must come from the same file in the same transform, two models that read the same
    windows the same way must have read the same dataset, and all seeds of one model must have the same
    settings.

    runs: of any cell types, folds, models and seeds, in any order.
    Raises ValueError that names two runs and what tells them apart.
    """
    runs = list(runs)
    for a, b in _unlike_first(runs, lambda r: r.key, id):
        raise ValueError(f"{a.path} and {b.path} are the same run: give each once")
    cell_and_fold = lambda r: (r.cell_type, r.fold)  # noqa: E731
    checks = [
        ("NUMBERS_VERSION", cell_and_fold, lambda r: r.provenance["numbers_version"]),
        ("dataset hash", lambda r: (*cell_and_fold(r), *_reading(r)), lambda r: r.provenance["dataset_hash"]),
        ("settings hash", lambda r: (*cell_and_fold(r), r.model), lambda r: r.provenance["settings_hash"]),
    ]
    for what, group, value in checks:
        for a, b in _unlike_first(runs, group, value):
            raise ValueError(
                f"{a.path} and {b.path} cannot be compared: {what} is {value(a)} in the first and {value(b)} in the "
                "second; re-run the older"
            )
    _refuse_other_sources(runs)
    _refuse_other_genes(runs)


def revisions(runs: Iterable[ScoredRun]) -> dict[str, int]:
    """How many runs each git revision made; more than one is shown, not refused.

    runs: those of one comparison.
    """
    counts: dict[str, int] = {}
    for run in runs:
        revision = run.provenance.get("git_revision") or "unknown"
        counts[revision] = counts.get(revision, 0) + 1
    return counts


def unrecorded(runs: Iterable[ScoredRun]) -> list[str]:
    """A line for every score that a run's record is too old to have: file, score and what to do.

    runs: those of one comparison.
    """
    return [
        run.record.told_unrecorded(split, name)
        for run in runs
        for split in ("valid", "test")
        for name in METRICS
        if not run.record.has_score(split, name)
    ]


def _unlike_first(runs: list[ScoredRun], group: Callable, value: Callable):
    """Pairs (first run of a group, a later one whose value differs)."""
    first: dict[Any, ScoredRun] = {}
    for run in runs:
        earlier = first.setdefault(group(run), run)
        if value(earlier) != value(run):
            yield earlier, run


def _reading(run: ScoredRun) -> tuple:
    """What decides which files and which columns of the genes table a run has read."""
    entry = run.record.entry
    with_elements = run.provenance.get("elements") is not None
    return entry.get("length"), chosen_by(entry), with_elements


def _sources(run: ScoredRun, key: str) -> list[tuple[str, Any]]:
    """What a run's windows were cut from, and its elements made of; these have no transform."""
    found = list(run.provenance.get("sources", {}).items())
    of_elements = ((run.provenance.get("elements") or {}).get("sources") or {}) if key == "md5" else {}
    return found + [(name.replace("activity/", ""), source) for name, source in of_elements.items()]


def _refuse_other_sources(runs: list[ScoredRun]) -> None:
    for key in ("md5", "transform"):
        first: dict[tuple, tuple[ScoredRun, Any]] = {}
        for run in runs:
            for name, source in _sources(run, key):
                if not isinstance(source, dict) or not source.get(key):
                    continue
                earlier, value = first.setdefault((run.cell_type, name), (run, source[key]))
                if value != source[key]:
                    raise ValueError(
                        f"{earlier.path} and {run.path} cannot be compared: {name} has {key} {value} in the first and "
                        f"{source[key]} in the second; make their windows from the same file"
                    )


def _refuse_other_genes(runs: list[ScoredRun]) -> None:
    first: dict[tuple, ScoredRun] = {}
    for run in runs:
        earlier = first.setdefault((run.cell_type, run.fold), run)
        for split in ("valid", "test"):
            a, b = earlier.of_split(split), run.of_split(split)
            labels = dict(zip(a["gene_id"], a["expression"], strict=True))
            others = dict(zip(b["gene_id"], b["expression"], strict=True))
            odd = sorted(gene for gene in {**labels, **others} if labels.get(gene) != others.get(gene))
            if odd:
                gene = odd[0]
                raise ValueError(
                    f"{earlier.path} and {run.path} cannot be compared: {len(odd)} {split} genes differ, the first is "
                    f"{gene} (expression {labels.get(gene, 'absent')} and {others.get(gene, 'absent')}); "
                    "re-run the older on the same genes"
                )

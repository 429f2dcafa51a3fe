"""One training of one arm, done once: what is there already is read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.recipe.arms import RIDGE, Arm, entry
from benchmarks.recipe.splits import Split
from prism.genome.dataset.windows import Windows
from prism.jobs import records
from prism.runs.paths import RunPaths
from prism.runs.predictions import read_predictions
from prism.runs.tuning import score_of
from prism.training.candidate import try_candidate
from prism.training.fit import train
from prism.training.run import Run

RESULTS = Path("results")


def dataset_of(arm: Arm, label: str) -> str:
    """The cell type whose windows an arm reads: networks read log1p, ridge raw values, which its candidates transform.

    arm: the arm.
    label: sense, antisense, procap or rna.
    """
    return f"{label}_{'raw' if arm.architecture == RIDGE else 'log1p'}"


def genes_of(label: str) -> pd.DataFrame:
    """gene_id, chrom and tss of the genes of a label's dataset, and their expression.

    label: sense, antisense, procap or rna.
    """
    table = pd.read_csv(RESULTS / "genes" / f"{label}_log1p.tsv", sep="\t", dtype={"chrom": str})
    return table[table["dropped"].isna()].reset_index(drop=True)[["gene_id", "chrom", "tss", "expression"]]


def run_of(
    arm: Arm,
    values: Mapping[str, Any],
    label: str,
    length: int,
    signals: tuple[str, ...],
    split: Split,
    seed: int,
    with_test: bool = True,
) -> Run:
    """The run that trains an arm.

    arm: the arm.
    values: the candidate's, by key.
    label: sense, antisense, procap or rna.
    length: of the window, bp.
    signals: that the arm reads.
    split: the genes.
    seed: of weights and order.
    with_test: False for a candidate, which is not shown the test genes; default True.
    """
    cell_type = dataset_of(arm, label)
    return Run(
        windows=_windows(cell_type, length, signals, arm.orientation),
        folds=split.folds(),
        entry=entry(arm, values, length, signals),
        cell_type=cell_type,
        model=arm.name,
        fold=split.name,
        seed=seed,
        with_test=with_test,
    )


def validation_mse(run: Run, place: int, values: Mapping[str, Any], folder: Path) -> float:
    """Train a candidate once, and return its MSE on the valid split; infinity where the training failed.

    run: without its test genes.
    place: of the candidate in its grid, from 1.
    values: the candidate's, by key.
    folder: of the candidate.
    """
    record = folder / "record.json"
    if not record.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        try_candidate(run, place, values, record, folder / "history.csv", folder / "state", "cpu")
    found = score_of(records.read(record))
    return float("inf") if found is None else found


def test_predictions(run: Run, folder: Path) -> pd.DataFrame:
    """Train once, and return gene_id, chrom, tss, expression and prediction of the test genes.

    run: with its test genes.
    folder: of the run.
    """
    paths = RunPaths.within(folder)
    if not paths.metrics.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        train(run, paths, "cpu")
        paths.checkpoint.unlink()  # thousands of runs
    table = read_predictions(paths.predictions)
    return table[table["split"] == "test"].drop(columns="split")


@lru_cache(maxsize=8)
def _windows(cell_type: str, length: int, signals: tuple[str, ...], orientation: str) -> Windows:
    return Windows(
        RESULTS / "windows" / cell_type / f"{length}.h5",
        RESULTS / "genes" / f"{cell_type}.tsv",
        length,
        signals,
        orientation=orientation,
    )

"""The stages of the confirmation: each is a list of runs, made once, and what their table is made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.recipe import arms, runs, splits
from benchmarks.recipe.arms import ALL_SIGNALS, SEEDS, Arm
from benchmarks.recipe.statistics import Errors
from prism.evaluation.statistics import blocks_of
from prism.files.atomic import writing

FROZEN = Path("benchmarks/recipe/frozen.json")
LENGTH, LENGTH_CHR22 = 1000, 2000
WITHOUT_POLII = ("ATAC", "MNase")
SIGNALS_CHR22 = ("ATAC", "H3K27ac", "contacts")
CHR22_BLOCKS = 5


@dataclass(frozen=True)
class Task:
    """Runs of one arm whose test genes make one row of a table.

    stage: primary, blocks, antisense or chr22.
    label: sense, antisense, procap or rna.
    arm: the arm.
    signals: that it reads.
    length: of the window, bp.
    parts: the folds whose test genes are put together.
    nested: the settings are tuned anew within each fold.
    """

    stage: str
    label: str
    arm: Arm
    signals: tuple[str, ...]
    length: int
    parts: tuple[splits.Split, ...]
    nested: bool = False

    @property
    def folder(self) -> Path:
        return Path(self.stage) / self.label / self.arm.name / "-".join(self.signals)

    @property
    def seeds(self) -> tuple[int, ...]:
        return SEEDS[:1] if self.arm.architecture == arms.RIDGE else SEEDS  # a closed form has no seed


def tune(work: Path) -> pd.DataFrame:
    """Try the candidates of every tuned arm on IV and XVI alone: a row for each candidate.

    work: folder of the runs.
    """
    found, rows = runs.genes_of("sense"), []
    for arm in arms.tuned_arms():
        for place, values in enumerate(arms.candidates(arm), 1):
            row = {"arm": arm.name, "candidate": place, "values": json.dumps(values)}
            for split in splits.directions(found):
                row[split.name] = _tried(
                    work / "tune", arm, place, values, "sense", LENGTH, ALL_SIGNALS, split
                )
            rows.append(row)
    table = pd.DataFrame(rows)
    table["mean"] = table[[split.name for split in splits.directions(found)]].mean(axis=1)
    return table


def frozen_of(table: pd.DataFrame) -> dict[str, Any]:
    """The chosen values of each tuned arm, and the hash of all that is frozen.

    table: of the candidates.
    """
    best = table.loc[table.groupby("arm")["mean"].idxmin()]
    chosen = {row.arm: json.loads(row.values) for row in best[["arm", "values"]].itertuples(index=False)}
    entries = {
        arm.name: arms.entry(arm, chosen[arm.tuned_as.name], LENGTH, ALL_SIGNALS) for arm in arms.all_arms()
    }
    said = json.dumps([chosen, entries, list(SEEDS), splits.GAP, splits.VALID_SHARE], sort_keys=True)
    return {"chosen": chosen, "sha256": hashlib.sha256(said.encode()).hexdigest()}


def tasks(stage: str) -> list[Task]:
    """What a stage runs, the most important first.

    stage: primary, blocks, antisense or chr22.
    """
    if stage == "chr22":
        found = {label: runs.genes_of(label) for label in ("procap", "rna")}
        parts = {label: tuple(splits.blocks(genes, CHR22_BLOCKS)) for label, genes in found.items()}
        return [
            Task(stage, label, arm, SIGNALS_CHR22, LENGTH_CHR22, parts[label])
            for arm in arms.recipe_arms()
            for label in parts
        ]
    label = "antisense" if stage == "antisense" else "sense"
    genes = runs.genes_of(label)
    if stage == "blocks":
        parts = tuple(splits.blocks(genes))
        return [
            Task(stage, label, arm, ALL_SIGNALS, LENGTH, parts, nested=True) for arm in arms.recipe_arms()
        ]
    chosen = arms.all_arms() if stage == "primary" else arms.all_arms()[:6]
    signals = (ALL_SIGNALS, WITHOUT_POLII) if stage == "primary" else (ALL_SIGNALS,)
    parts = (splits.primary(genes),)
    return [Task(stage, label, arm, each, LENGTH, parts) for arm in chosen for each in signals]


def pieces(task: Task, work: Path, chosen: dict[str, dict]) -> Iterator[tuple[int, pd.DataFrame]]:
    """Make a task's runs: (seed, predictions of a fold's test genes).

    task: what to run.
    work: folder of the runs.
    chosen: the frozen values of each tuned arm.
    """
    for split in task.parts:
        values = _tuned_within(task, split, work) if task.nested else chosen[task.arm.tuned_as.name]
        for seed in task.seeds:
            run = runs.run_of(task.arm, values, task.label, task.length, task.signals, split, seed)
            folder = work / task.folder / split.name / f"seed{seed}"
            yield seed, runs.test_predictions(run, folder)


def errors(task: Task, work: Path, chosen: dict[str, dict]) -> Errors:
    """The errors of a task's runs, which are made where they are not there.

    task, work, chosen: as for `pieces`.
    """
    found: dict[int, list[pd.DataFrame]] = {}
    for seed, table in pieces(task, work, chosen):
        found.setdefault(seed, []).append(table)
    genes = runs.genes_of(task.label)
    block_of = pd.Series(blocks_of(genes["chrom"], genes["tss"], splits.BLOCK), index=genes["gene_id"])
    return Errors.of([pd.concat(tables) for tables in found.values()], block_of)


def freeze(table: pd.DataFrame) -> dict[str, Any]:
    """Write frozen.json, or read it and refuse one that the candidates do not give.

    table: of the candidates.
    """
    made = frozen_of(table)
    if FROZEN.is_file():
        there = json.loads(FROZEN.read_text())
        if there != made:
            raise ValueError(
                f"{FROZEN}: is not what the candidates of this work folder give; the settings were frozen before the "
                "confirmation and stay as they are. Give the work folder of the tuning, or an empty one"
            )
        return there
    with writing(FROZEN) as part:
        part.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n")
    return made


def _tuned_within(task: Task, split: splits.Split, work: Path) -> dict[str, Any]:
    candidates = arms.candidates(task.arm)
    scores = [
        _tried(
            work / task.stage / "tune", task.arm, place, values, task.label, task.length, task.signals, split
        )
        for place, values in enumerate(candidates, 1)
    ]
    return candidates[int(np.argmin(scores))]


def _tried(
    folder: Path,
    arm: Arm,
    place: int,
    values: dict[str, Any],
    label: str,
    length: int,
    signals: tuple[str, ...],
    split: splits.Split,
) -> float:
    run = runs.run_of(arm, values, label, length, signals, split, SEEDS[0], with_test=False)
    return runs.validation_mse(run, place, values, folder / arm.name / split.name / f"candidate{place}")

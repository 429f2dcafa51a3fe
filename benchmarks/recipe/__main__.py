"""Tune on IV and XVI, freeze, then test once: python -m benchmarks.recipe

Needs the real data beside the clone (../shared/real) and nothing else; a stopped run goes on where it was. Stages, in
order: prepare (the workflow cuts the windows), tune (II is not read; writes frozen.json, which is committed before the
next), primary, blocks, antisense, chr22; the table is printed last and written to benchmarks/results/recipe.tsv.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.recipe import arms, stages
from benchmarks.recipe.statistics import NOT_WORSE, Errors, difference
from prism.files.atomic import writing

REAL = Path("../shared/real")
CONFIRMING = ("primary", "blocks", "antisense", "chr22")
OUT = Path("benchmarks/results")
DATASETS = {
    "benchmarks/recipe/yeast.yaml": ["sense", "antisense"],
    "benchmarks/recipe/chr22.yaml": ["procap", "rna"],
}
BOOTSTRAP_SEED = 1


def main() -> None:
    arguments = parsed()
    prepare()
    table = stages.tune(arguments.work)
    frozen = stages.freeze(table)
    write_table(table, OUT / "recipe_candidates.tsv")
    print(f"frozen settings: {frozen['sha256']}", flush=True)
    if arguments.stage == "tune":
        return
    rows = []
    for stage in CONFIRMING if arguments.stage == "all" else [arguments.stage]:
        rows += confirm(stage, arguments.work, frozen["chosen"])
    found = pd.DataFrame(rows)
    if arguments.stage == "all":
        write_table(found, OUT / "recipe.tsv")
    print(found.to_string(index=False))


def prepare() -> None:
    """Let the workflow cut the windows of all datasets."""
    if not REAL.is_dir():
        raise SystemExit(
            f"{REAL}: not there; the recipe is confirmed on real data, which lie beside the clone"
        )
    python = [sys.executable, "tests/real/prepare.py", "--real", str(REAL), "--out", "resources/real"]
    subprocess.run(python, check=True, stdout=subprocess.DEVNULL)
    for config, labels in DATASETS.items():
        length = stages.LENGTH if "yeast" in config else stages.LENGTH_CHR22
        files = [f"results/windows/{label}_{way}/{length}.h5" for label in labels for way in ("raw", "log1p")]
        command = [sys.executable, "-m", "snakemake", *files, "--quiet", "all", "--cores", "1"]
        subprocess.run([*command, "--configfile", config], check=True)


def confirm(stage: str, work: Path, chosen: dict[str, dict]) -> list[dict]:
    """Make the runs of a stage; a row for each task, compared with oriented ridge on the same signals.

    stage: one of CONFIRMING.
    work: folder of the runs.
    chosen: the frozen values of each tuned arm.
    """
    rows, floor = [], {}
    for task in stages.tasks(stage):
        found = stages.errors(task, work, chosen)
        key = (task.label, task.signals)
        if task.arm == arms.recipe_arms()[0]:
            floor[key] = found
        rows.append(row_of(task, found, floor[key]))
        print(pd.DataFrame(rows[-1:]).to_string(index=False, header=len(rows) == 1), flush=True)
    return rows


def row_of(task: stages.Task, found: Errors, floor: Errors) -> dict:
    """A row of the table.

    task: what was run.
    found: its errors.
    floor: those of oriented ridge on the same genes and signals.
    """
    gap, low, high = difference(found, floor, np.random.default_rng(BOOTSTRAP_SEED))
    reference = floor.mse.mean()
    return {
        "stage": task.stage,
        "label": task.label,
        "signals": "+".join(task.signals),
        **asdict(task.arm),
        "genes": len(found.known),
        "seeds": len(found.mse),
        "mse": round(found.mse.mean(), 4),
        "mse_sd": round(found.mse.std(ddof=1), 4) if len(found.mse) > 1 else "",
        "ensemble_mse": round(found.ensemble_mse, 4),
        "pearson": round(found.pearson.mean(), 4),
        "minus_ridge": round(gap, 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "not_worse": "yes" if high < NOT_WORSE * reference else "not shown",
    }


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as TSV.

    table: what to write.
    path: of the file.
    """
    with writing(path) as part:
        table.to_csv(part, sep="\t", index=False)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.recipe", description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--work", type=Path, default=Path("results/recipe"), help="folder of the runs")
    add("--stage", default="all", choices=("all", "tune", *CONFIRMING), help="only one stage; default: all")
    return parser.parse_args()


if __name__ == "__main__":
    main()

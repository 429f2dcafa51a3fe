"""Trains one model on one fold of one cell type with one seed; a killed run goes on from where it was."""

from __future__ import annotations

import argparse
import json

from workflow_scripts import threads
from workflow_scripts.cli import run
from workflow_scripts.planning.paths import find


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", required=True, help="dataset file (.h5)")
    parser.add_argument("--genes", required=True, help="genes table with expression")
    parser.add_argument(
        "--elements", nargs="?", help="file of candidate elements, for a model that reads them"
    )
    parser.add_argument("--folds", required=True, help="table of fold, chromosome or gene_id, split")
    parser.add_argument("--fold", required=True)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--cell-type", required=True)
    parser.add_argument("--model", required=True, help="name of the entry")
    parser.add_argument("--entry", required=True, help="the entry of models.yaml, resolved, as JSON")
    parser.add_argument("--label", default="{}", help="where the expression comes from, as JSON")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:<i>")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--state-minutes", type=float, default=10.0, help="most training that a kill may cost"
    )
    parser.add_argument("--git-revision", help="default: asked of git")
    parser.add_argument("--state-dir", required=True, help="where an unfinished run keeps its state")
    for name in ("checkpoint", "history", "predictions", "metrics"):
        parser.add_argument(f"--{name}", required=True, help="file to write")
    arguments = parser.parse_args()
    threads.limit(arguments.threads)

    from prism.genome import folds
    from prism.genome.windows import Windows
    from prism.training.artefacts import RunPaths
    from prism.training.fit import train
    from prism.training.run import Run, parse_entry

    entry = parse_entry(arguments.entry)
    windows = Windows(
        arguments.windows,
        arguments.genes,
        entry["length"],
        entry.get("signals"),
        entry.get("rna_features", True),
        elements=arguments.elements,
    )
    this_run = Run(
        windows=windows,
        folds=folds.read(find(arguments.folds, "folds")),
        entry=entry,
        cell_type=arguments.cell_type,
        model=arguments.model,
        fold=int(arguments.fold) if arguments.fold.isdigit() else arguments.fold,
        seed=arguments.seed,
        label=json.loads(arguments.label),
        git_revision=arguments.git_revision,
    )
    outputs = (arguments.checkpoint, arguments.history, arguments.predictions, arguments.metrics)
    train(this_run, RunPaths(*outputs, arguments.state_dir), arguments.device, arguments.state_minutes)


if __name__ == "__main__":
    run(main)

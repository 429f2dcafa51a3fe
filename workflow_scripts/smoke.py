"""Tries a model out before it is trained: two steps and their evaluations on a few genes, with its own window."""

from __future__ import annotations

import argparse
from typing import Any

from workflow_scripts import threads
from workflow_scripts.cli import run
from workflow_scripts.planning.paths import find


def main() -> None:
    """Parse the command line, try the model out and write what it took."""
    arguments = parsed()
    threads.limit(arguments.threads)

    from prism.training.artefacts import write_metrics
    from prism.training.log import say
    from prism.training.run import parse_entry
    from prism.training.smoke import smoke

    try:
        record = smoke(lambda entry: opened(arguments, entry), parse_entry(arguments.entry), arguments.device)
    except Exception as error:
        say(f"smoke: {arguments.model} on {arguments.cell_type} failed: {type(error).__name__}: {error}")
        raise
    write_metrics(arguments.out, record)


def opened(arguments: argparse.Namespace, entry: dict[str, Any]):
    """The run of an entry, its windows opened."""
    from prism.genome import folds
    from prism.genome.windows import Windows
    from prism.training.run import Run

    features = entry.get("rna_features", True)
    data = (arguments.windows, arguments.genes, entry["length"], entry.get("signals"), features)
    return Run(
        windows=Windows(*data, in_memory=False, elements=arguments.elements),  # a few genes of many
        folds=folds.read(find(arguments.folds, "folds")),
        entry=entry,
        cell_type=arguments.cell_type,
        model=arguments.model,
        fold=int(arguments.fold) if arguments.fold.isdigit() else arguments.fold,
        seed=arguments.seed,
        cpu_precision=arguments.cpu_precision,
    )


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--windows", required=True, help="dataset file (.h5)")
    add("--genes", required=True, help="genes table with expression")
    add("--elements", nargs="?", help="file of candidate elements, for a model that reads them")
    add("--folds", required=True, help="table of fold, chromosome or gene_id, split")
    add("--fold", required=True)
    add("--seed", type=int, default=0)
    add("--cell-type", required=True)
    add("--model", required=True, help="name of the entry")
    add("--entry", required=True, help="the entry of models.yaml, resolved, as JSON")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:<i>")
    add("--cpu-precision", default="fp32", choices=("fp32", "bf16"), help="of matrix products on a CPU")
    add("--threads", type=int, default=1)
    add("--out", required=True, help="file to write (.json)")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)

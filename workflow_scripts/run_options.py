"""Options that several scripts share, and the run that those of a training open."""

from __future__ import annotations

import argparse
from typing import Any

from workflow_scripts.planning.tables.paths import find


def add_device_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where and how a model is computed.

    parser: of a script.
    """
    add = parser.add_argument
    add("--device", default="auto", help="auto, cpu, cuda or cuda:<i>")
    add("--cpu-precision", default="fp32", choices=("fp32", "bf16"), help="of matrix products on a CPU")
    add("--threads", type=int, default=1)


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every script that opens a training's run (but its seed).

    parser: of a script.
    """
    add = parser.add_argument
    add("--windows", required=True, help="dataset file (.h5)")
    add("--genes", required=True, help="genes table with expression")
    add("--elements", nargs="?", help="file of candidate elements, for a model that reads them")
    add("--folds", required=True, help="table of fold, chromosome or gene_id, split")
    add("--fold", required=True)
    add("--cell-type", required=True)
    add("--model", required=True, help="name of the entry")
    add("--entry", required=True, help="the entry of models.yaml, resolved, as JSON")
    add_device_options(parser)


def fold_of(text: str) -> int | str:
    """A fold as records hold it.

    text: from the command line. 11 becomes a number; 01, which is another fold than 1, stays the text that it is.
    """
    return int(text) if text.isdecimal() and text == str(int(text)) else text


def open_run(arguments: argparse.Namespace, entry: dict[str, Any], in_memory: bool | str = "auto", **further):
    """The run of an entry, its windows opened.

    arguments: parsed from `add_run_options`, and a seed.
    entry: the resolved entry.
    in_memory: as for `prism.genome.dataset.windows.Windows`; default "auto".
    **further: fields of `prism.training.run.Run`.
    """
    from prism.genome.dataset import folds
    from prism.genome.dataset.windows import Windows
    from prism.genome.genes.feature_groups import chosen_by
    from prism.genome.reading import reading_of
    from prism.training.run import Run

    data = (arguments.windows, arguments.genes, entry["length"], entry.get("signals"), chosen_by(entry))
    return Run(
        windows=Windows(
            *data,
            in_memory=in_memory,
            elements=arguments.elements,
            orientation=reading_of(entry)["orientation"],
        ),
        folds=folds.read(find(arguments.folds, "folds")),
        entry=entry,
        cell_type=arguments.cell_type,
        model=arguments.model,
        fold=fold_of(arguments.fold),
        seed=arguments.seed,
        cpu_precision=arguments.cpu_precision,
        **further,
    )

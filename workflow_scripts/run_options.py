"""Options that several scripts share, and the run that those of a training open."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workflow_scripts import threads
from workflow_scripts.planning.tables.paths import find


def add_device_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where and how a model is computed.

    parser: of a script.
    """
    add = parser.add_argument
    add("--device", default="auto", help="auto, cpu, cuda or cuda:<i>")
    add("--cpu-precision", default="fp32", choices=("fp32", "bf16"), help="of matrix products on a CPU")
    add("--threads", type=int, default=1)


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add the files of a cell type; of several that train one model, a list of each, in one order.

    parser: of a script.
    """
    add = parser.add_argument
    add("--windows", required=True, nargs="+", help="dataset file (.h5), one for each cell type")
    add("--genes", required=True, nargs="+", help="genes table with expression, one for each cell type")
    add("--elements", nargs="*", help="file of candidate elements of each, for a model that reads them")


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every script that opens a training's run (but its seed).

    parser: of a script.
    """
    add = parser.add_argument
    add_data_options(parser)
    add("--folds", required=True, help="table of fold, chromosome or gene_id, split")
    add("--fold", required=True)
    add("--cell-type", required=True, help="that of the dataset file, or the name of a group of several")
    add("--model", required=True, help="name of the entry")
    add("--entry", required=True, help="the entry of models.yaml, resolved, as JSON")
    add("--start", help="best.ckpt to start from, for an entry with `start_from`")
    add_device_options(parser)


def add_job_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a training as a job: its seed, limits, attempts and state.

    parser: of a script.
    """
    add = parser.add_argument
    add("--seed", required=True, type=int)
    add("--state-minutes", type=float, default=10.0, help="most training that a kill may cost")
    add("--minutes", type=float, help="the job's time limit: ends before it with exit status 75; 0 for none")
    add("--mem-mb", type=int, help="the job's memory limit")
    add("--attempt", type=int, default=1, help="which attempt of the job this is")
    add("--cuda-graphs", type=int, default=1, choices=(0, 1), help="0: a step on a GPU is never captured")
    add("--tensorboard", type=int, default=0, choices=(0, 1), help="1: event files beside the state")
    add("--git-revision", help="default: asked of git")
    add("--state-dir", required=True, help="where an unfinished run keeps its state")


def as_job(arguments: argparse.Namespace, work: Callable) -> None:
    """Do the work of a training as a job, with limits and attempts.

    arguments: parsed from `add_run_options` and `add_job_options`.
    work: takes the arguments and the conditions of the training (`prism.training.run.Conditions`).
    """
    threads.limit(arguments.threads)

    from prism.jobs.job import job
    from prism.jobs.limits import Limits
    from prism.jobs.log import begin, say

    begin(arguments.attempt)
    limits = Limits(arguments.minutes or None, arguments.mem_mb)
    with job(arguments.state_dir, limits, arguments.attempt, say):
        from prism.training.run import Conditions

        board = Path(arguments.state_dir).with_name("tensorboard") if arguments.tensorboard else None
        work(arguments, Conditions(arguments.state_minutes, limits, bool(arguments.cuda_graphs), board))


def fold_of(text: str) -> int | str:
    """A fold as records hold it.

    text: from the command line. 11 becomes a number; 01, which is another fold than 1, stays the text that it is.
    """
    return int(text) if text.isdecimal() and text == str(int(text)) else text


def open_windows(arguments: argparse.Namespace, in_memory: bool | str = "auto", **reading):
    """The windows of a cell type, or those of several as one dataset.

    arguments: parsed from `add_data_options`, and cell_type: that of the one file (or None), else the name of a group.
    in_memory: as for `prism.genome.dataset.windows.Windows`; default "auto".
    **reading: length, signals, rna_features and orientation, as `Windows` takes them.
    Raises ValueError for lists of different lengths.
    """
    from prism.genome.dataset.joint import JointWindows
    from prism.genome.dataset.opened import open_dataset
    from prism.genome.dataset.windows import Windows

    windows, genes = arguments.windows, arguments.genes
    elements = arguments.elements or [None] * len(windows)
    if not len(windows) == len(genes) == len(elements):
        raise ValueError(
            f"{len(windows)} windows, {len(genes)} genes and {len(elements)} elements given; give one of each for "
            "every cell type"
        )
    with open_dataset(windows[0]) as file:
        alone = len(windows) == 1 and arguments.cell_type in (None, file.attrs["cell_type"])
    if alone:
        return Windows(windows[0], genes[0], elements=elements[0], in_memory=in_memory, **reading)
    return JointWindows.opened(list(zip(windows, genes, elements, strict=True)), in_memory, **reading)


def open_run(arguments: argparse.Namespace, entry: dict[str, Any], in_memory: bool | str = "auto", **further):
    """The run of an entry, its windows opened.

    arguments: parsed from `add_run_options`, and a seed.
    entry: the resolved entry.
    in_memory: as for `prism.genome.dataset.windows.Windows`; default "auto".
    **further: fields of `prism.training.run.Run`.
    """
    from prism.genome.dataset import folds
    from prism.genome.genes.feature_groups import chosen_by
    from prism.genome.reading import reading_of
    from prism.training.run import Run

    if arguments.start and entry.get("start_from"):
        from prism.training.start import Start

        further["start"] = Start.read(arguments.start, entry["start_from"])
    reading = {
        "length": entry["length"],
        "signals": entry.get("signals"),
        "rna_features": chosen_by(entry),
        "orientation": reading_of(entry)["orientation"],
    }
    return Run(
        windows=open_windows(arguments, in_memory, **reading),
        folds=folds.read(find(arguments.folds, "folds")),
        entry=entry,
        cell_type=arguments.cell_type,
        model=arguments.model,
        fold=fold_of(arguments.fold),
        seed=arguments.seed,
        cpu_precision=arguments.cpu_precision,
        **further,
    )

"""Trains one model on one fold of one cell type with one seed; a killed run goes on from where it was."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from workflow_scripts import cli, threads
from workflow_scripts.run_options import add_run_options, open_run


def main() -> None:
    """Train, as a job with limits and attempts."""
    arguments = parsed()
    threads.limit(arguments.threads)

    from prism.jobs.job import job
    from prism.jobs.limits import Limits
    from prism.jobs.log import begin, ended, go_on, say

    if arguments.log:
        go_on(arguments.log, arguments.state_dir)
    begin(arguments.attempt)
    limits = Limits(arguments.minutes or None, arguments.mem_mb)
    with job(arguments.state_dir, limits, arguments.attempt, say):
        train(arguments, limits)
        ended(arguments.state_dir)


def train(arguments: argparse.Namespace, limits) -> None:
    """Read the data and train.

    arguments: of the command line, as `parsed` returns them.
    limits: of the job, minutes and memory (`prism.jobs.limits.Limits`).
    """
    from prism.runs.paths import RunPaths
    from prism.training import fit
    from prism.training.run import Conditions, parse_entry

    outputs = (arguments.checkpoint, arguments.history, arguments.predictions, arguments.metrics)
    paths = RunPaths(*outputs, arguments.state_dir)
    board = Path(arguments.state_dir).with_name("tensorboard") if arguments.tensorboard else None
    conditions = Conditions(arguments.state_minutes, limits, bool(arguments.cuda_graphs), board)
    label = json.loads(arguments.label)
    this_run = open_run(
        arguments, parse_entry(arguments.entry), label=label, git_revision=arguments.git_revision
    )
    fit.train(this_run, paths, arguments.device, conditions)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_run_options(parser)
    add = parser.add_argument
    add("--seed", required=True, type=int)
    add("--label", default="{}", help="where the expression comes from, as JSON")
    add("--state-minutes", type=float, default=10.0, help="most training that a kill may cost")
    add("--minutes", type=float, help="the job's time limit: ends before it with exit status 75; 0 for none")
    add("--mem-mb", type=int, help="the job's memory limit")
    add("--attempt", type=int, default=1, help="which attempt of the job this is")
    add("--cuda-graphs", type=int, default=1, choices=(0, 1), help="0: a step on a GPU is never captured")
    add("--tensorboard", type=int, default=0, choices=(0, 1), help="1: event files beside the state")
    add("--git-revision", help="default: asked of git")
    add("--log", help="the file that stderr goes to: it then holds the attempts before too")
    add("--state-dir", required=True, help="where an unfinished run keeps its state")
    for name in ("checkpoint", "history", "predictions", "metrics"):
        add(f"--{name}", required=True, help="file to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

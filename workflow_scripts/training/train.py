"""Trains one model on one fold of one cell type with one seed; a killed run goes on from where it was."""

from __future__ import annotations

import argparse
import json

from workflow_scripts import cli
from workflow_scripts.run_options import add_job_options, add_run_options, as_job, open_run


def main() -> None:
    """Train, as a job with limits and attempts."""
    as_job(parsed(), train)


def train(arguments: argparse.Namespace, conditions) -> None:
    """Read the data and train.

    arguments: of the command line, as `parsed` returns them.
    conditions: what is saved when, and when to stop (`prism.training.run.Conditions`).
    """
    from prism.runs.paths import RunPaths
    from prism.runs.tuning import with_chosen
    from prism.training import fit
    from prism.training.run import parse_entry

    outputs = (arguments.checkpoint, arguments.history, arguments.predictions, arguments.metrics)
    entry, tuned = parse_entry(arguments.entry), {}
    if arguments.chosen:
        entry, tuned = with_chosen(entry, arguments.chosen)
    further = {"label": json.loads(arguments.label), "git_revision": arguments.git_revision, "tuned": tuned}
    this_run = open_run(arguments, entry, **further)
    fit.train(this_run, RunPaths(*outputs, arguments.state_dir), arguments.device, conditions)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_run_options(parser)
    add_job_options(parser)
    add = parser.add_argument
    add("--label", default="{}", help="where the expression comes from, as JSON")
    add("--chosen", nargs="?", help="what tuning chose (chosen.json), for an entry with `tune`")
    for name in ("checkpoint", "history", "predictions", "metrics"):
        add(f"--{name}", required=True, help="file to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

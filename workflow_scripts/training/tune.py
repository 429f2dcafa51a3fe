"""Trains one candidate of an entry's tuning and scores it on the valid split; the test genes are never read."""

from __future__ import annotations

import argparse
import json

from workflow_scripts import cli
from workflow_scripts.run_options import add_job_options, add_run_options, as_job, open_run


def main() -> None:
    """Train the candidate, as a job with limits and attempts."""
    as_job(parsed(), tune)


def tune(arguments: argparse.Namespace, conditions) -> None:
    """Read the data and train the candidate.

    arguments: of the command line, as `parsed` returns them.
    conditions: what is saved when, and when to stop (`prism.training.run.Conditions`).
    """
    from prism.training.candidate import try_candidate
    from prism.training.run import parse_entry

    entry, revision = parse_entry(arguments.entry), arguments.git_revision
    run = open_run(arguments, entry, git_revision=revision, with_test=False)
    candidate = (arguments.candidate, json.loads(arguments.values))
    files = (arguments.record, arguments.history, arguments.state_dir)
    try_candidate(run, *candidate, *files, arguments.device, conditions)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_run_options(parser)
    add_job_options(parser)
    add = parser.add_argument
    add("--candidate", required=True, type=int, help="its place among the combinations of `tune`, from 1")
    add("--values", required=True, help="its values by key, which its entry has too, as JSON")
    add("--record", required=True, help="file to write (.json)")
    add("--history", required=True, help="file to write (.csv)")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

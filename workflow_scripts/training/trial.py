"""Tries a model out before it is trained: two steps and their evaluations on a few genes, with its own window."""

from __future__ import annotations

import argparse

from workflow_scripts import cli, threads
from workflow_scripts.run_options import add_run_options, open_run


def main() -> None:
    """Try the model out and write what it took."""
    arguments = parsed()
    threads.limit(arguments.threads)

    from prism.jobs import records
    from prism.jobs.log import say
    from prism.training.run import parse_entry
    from prism.training.trial import largest, try_out

    def few_genes(entry):
        return open_run(arguments, entry, in_memory=False)

    try:
        entry = largest(parse_entry(arguments.entry))
        record = try_out(few_genes, entry, arguments.device, arguments.mem_mb)
    except Exception as error:
        say(f"trial: {arguments.model} on {arguments.cell_type} failed: {type(error).__name__}: {error}")
        raise
    records.write(arguments.out, record)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_run_options(parser)
    add = parser.add_argument
    add("--seed", type=int, default=0)
    add("--mem-mb", type=int, help="the memory limit of the training")
    add("--out", required=True, help="file to write (.json)")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

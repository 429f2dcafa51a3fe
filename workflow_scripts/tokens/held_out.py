"""Judges tokens made of DNA on genes that were held out by chromosome."""

from __future__ import annotations

from pathlib import Path

from workflow_scripts import cli, threads
from workflow_scripts.planning.tables.paths import find
from workflow_scripts.tokens.options import cell_files, dna_files, parser_of


def main() -> None:
    """Judge and write."""
    parser = parser_of(__doc__, dna=True)
    parser.add_argument("--folds", help="table of folds")
    parser.add_argument("--fold", help="whose test genes are held out")
    parser.add_argument("--out", required=True, help="table to write; without a fold it has no rows")
    arguments = parser.parse_args()
    threads.limit(arguments.threads)

    from prism.tokens.steps.held_out import held_out_table
    from prism.tokens.steps.tables import write_table

    found = held_out_table(
        cell_files(arguments),
        dna_files(arguments),
        arguments.settings,
        Path(arguments.foundation).parent,
        (find(arguments.folds, "folds"), arguments.fold) if arguments.fold else None,
    )
    write_table(arguments.out, found)


if __name__ == "__main__":
    cli.run(main)

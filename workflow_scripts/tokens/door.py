"""Checks the cells, the dictionary, the genotypes and the factors of an entry before anything is trained."""

from __future__ import annotations

from workflow_scripts import cli, threads
from workflow_scripts.tokens.options import cell_files, parser_of


def main() -> None:
    """Check, and write dictionary and record."""
    parser = parser_of(__doc__)
    parser.add_argument("--out", required=True, help="dictionary to write (.tsv)")
    parser.add_argument("--record", required=True, help="JSON to write: what was counted and noticed")
    arguments = parser.parse_args()
    threads.limit(arguments.threads)

    from prism.tokens.steps.door import pass_door

    pass_door(cell_files(arguments), arguments.settings, arguments.out, arguments.record)


if __name__ == "__main__":
    cli.run(main)

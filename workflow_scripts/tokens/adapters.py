"""Embeds the windows of the genes and trains the adapter, and its controls."""

from __future__ import annotations

from pathlib import Path

from workflow_scripts import cli, threads
from workflow_scripts.planning.tables.paths import find
from workflow_scripts.tokens.options import cell_files, dna_files, parser_of


def main() -> None:
    """Train and write."""
    parser = parser_of(__doc__, dna=True)
    parser.add_argument("--folds", help="table of folds")
    parser.add_argument("--fold", help="whose test genes are held out")
    parser.add_argument("--out", required=True, help="checkpoint to write")
    parser.add_argument(
        "--record", required=True, help="JSON to write: how the tokens compare with the static ones"
    )
    arguments = parser.parse_args()
    threads.limit(arguments.threads)

    from prism.tokens.steps.adapters import train_adapters

    train_adapters(
        cell_files(arguments),
        dna_files(arguments),
        arguments.settings,
        Path(arguments.foundation).parent,
        (find(arguments.folds, "folds"), arguments.fold) if arguments.fold else None,
        arguments.out,
        arguments.record,
    )


if __name__ == "__main__":
    cli.run(main)

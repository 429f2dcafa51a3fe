"""Compares the token route, the expression route and both; and pairs of factors with the sum of the two."""

from __future__ import annotations

from pathlib import Path

from workflow_scripts import cli, threads
from workflow_scripts.tokens.options import cell_files, dna_files, parser_of


def main() -> None:
    """Compare and write."""
    parser = parser_of(__doc__, dna=True)
    parser.add_argument("--adapters", required=True, help="checkpoint of the adapters")
    parser.add_argument("--out", required=True, help="table to write; without targets it has no rows")
    arguments = parser.parse_args()
    threads.limit(arguments.threads)

    import pandas as pd

    from prism.tokens.steps.measuring import Measuring
    from prism.tokens.steps.routes import double_of, routes_of
    from prism.tokens.steps.tables import write_table

    read = (
        cell_files(arguments),
        dna_files(arguments),
        arguments.settings,
        Path(arguments.foundation).parent,
    )
    own = {key: Measuring.read(*read, arguments.adapters, key) for key in arguments.settings["factors"]}
    found = [routes_of(each) for each in own.values()]
    found += [double_of(*(own[key] for key in pair)) for pair in arguments.settings["pairs"]]
    write_table(arguments.out, pd.concat(found, ignore_index=True))


if __name__ == "__main__":
    cli.run(main)

"""Writes the tables, the h5ad and the record of an entry from what was measured of each factor."""

from __future__ import annotations

import argparse

from workflow_scripts import cli, threads
from workflow_scripts.tokens.options import cell_files, parser_of

TABLES = ("effects", "scores", "profile", "edges", "h5ad", "record")


def main() -> None:
    """Write."""
    arguments = parsed()
    threads.limit(arguments.threads)

    from prism.tokens.steps.results import write_results

    write_results(
        cell_files(arguments),
        arguments.settings,
        arguments.name,
        {name: getattr(arguments, name) for name in TABLES},
        arguments.factors,
        arguments.profiles or [],
        arguments.records,
        arguments.read or [],
    )


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    add = parser.add_argument
    add("--dictionary", required=True, help="that the door wrote")
    add("--name", required=True, help="of the entry")
    add("--factors", required=True, nargs="+", help="what was measured of each factor")
    add("--profiles", nargs="*", help="mutation profiles, a JSON of the same name beside each")
    add("--records", required=True, nargs="+", help="JSON records of the jobs before")
    add("--read", nargs="*", help="files whose sha256 goes into the record")
    for name in TABLES:
        add(f"--{name}", required=True, help="to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

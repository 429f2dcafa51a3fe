"""Puts the tables of all tunings of a run into one."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from prism.files.checksums import refuse_damaged, writing_checked
from workflow_scripts import cli


def main() -> None:
    """Read the tables and write one."""
    arguments = parsed()
    for path in arguments.tables:
        refuse_damaged(path)
    tables = [Path(path).read_text().splitlines() for path in arguments.tables]
    lines = [tables[0][0], *(line for table in tables for line in table[1:])]
    write_table(arguments.out, [line.split("\t") for line in lines])


def write_table(path: str, rows: Iterable[Sequence[str]]) -> None:
    """Write a table and its checksum, whole or not at all.

    path: the file, tab separated.
    rows: the cells of each line, the header first; line breaks and tabs in them become blanks.
    """
    with writing_checked(path) as part:
        part.write_text("".join("\t".join(" ".join(cell.split()) for cell in row) + "\n" for row in rows))


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, fromfile_prefix_chars="@")
    add = parser.add_argument
    add("--tables", required=True, nargs="+", help="tables of the same columns (.tsv)")
    add("--out", required=True, help="file to write (.tsv)")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

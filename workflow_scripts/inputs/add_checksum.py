"""Writes the checksum of a file that another program has made beside it."""

from __future__ import annotations

import argparse

from prism.files.checksums import add_checksum
from workflow_scripts import cli


def main() -> None:
    """Write the checksum."""
    add_checksum(parsed().file)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", required=True, help="the file; FILE.sha256 is written")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

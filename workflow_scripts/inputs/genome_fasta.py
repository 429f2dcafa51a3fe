"""Writes the genome as plain FASTA with its .fai index."""

from __future__ import annotations

import argparse

from prism.files.unchanged import refuse_changed
from prism.genome.tracks.fasta import write_fasta
from workflow_scripts import cli


def main() -> None:
    """Write both files."""
    arguments = parsed()
    refuse_changed(arguments.fasta)
    lengths = write_fasta(arguments.fasta, arguments.out)
    print(f"{arguments.out}: {len(lengths)} chromosomes, {sum(lengths.values()):,} bp", flush=True)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--fasta", required=True, help="FASTA file: plain, gzip or bgzip")
    add("--out", required=True, help="plain FASTA to write; <out>.fai is written beside it")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

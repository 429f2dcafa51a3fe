"""Writes the genome as plain FASTA with its .fai index: --fasta IN(.gz) --out genome.fa."""

from __future__ import annotations

import argparse

from prism.genome.tracks.fasta import write_fasta
from workflow_scripts.cli import run


def main() -> None:
    """Parse the command line and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fasta", required=True, help="FASTA file: plain, gzip or bgzip")
    parser.add_argument("--out", required=True, help="plain FASTA to write; <out>.fai is written beside it")
    arguments = parser.parse_args()
    lengths = write_fasta(arguments.fasta, arguments.out)
    print(f"{arguments.out}: {len(lengths)} chromosomes, {sum(lengths.values()):,} bp", flush=True)


if __name__ == "__main__":
    run(main)

"""Writes a bigWig signal as bedGraph in multiples of its genome-wide mean, for macs3 bdgpeakcall."""

from __future__ import annotations

import argparse

from prism.genome.tracks.bedgraph import write_bedgraph
from workflow_scripts.cli import run


def main() -> None:
    """Parse the command line and write the bedGraph."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bigwig", required=True, nargs="+", help="bigWig replicates, averaged")
    parser.add_argument("--out", required=True, help="bedGraph to write, every base of each chromosome in it")
    arguments = parser.parse_args()
    mean = write_bedgraph(arguments.bigwig, arguments.out)
    print(f"{arguments.out}: in multiples of the mean, {mean:g}", flush=True)


if __name__ == "__main__":
    run(main)

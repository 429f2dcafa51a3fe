"""Writes a bigWig signal as bedGraph in multiples of its genome-wide mean, for macs3 bdgpeakcall."""

from __future__ import annotations

import argparse

from prism.files.unchanged import refuse_changed
from prism.genome.tracks.bedgraph import write_bedgraph
from workflow_scripts import cli


def main() -> None:
    """Write the bedGraph."""
    arguments = parsed()
    for file in arguments.bigwig:
        refuse_changed(file)
    mean = write_bedgraph(arguments.bigwig, arguments.out)
    print(f"{arguments.out}: in multiples of the mean, {mean:g}", flush=True)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--bigwig", required=True, nargs="+", help="bigWig replicates, averaged")
    add("--out", required=True, help="bedGraph to write, every base of each chromosome in it")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main, last=False)  # macs3 comes after it

"""Writes the candidate elements of a cell type's genes, with distance, contact, activity and sequence."""

from __future__ import annotations

import argparse
import json

from prism.genome.elements.make import make
from prism.genome.tracks.signal_sources import parse_signals
from workflow_scripts.cli import run


def main() -> None:
    """Parse the command line and make the file of elements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--genes", required=True, help="gene table: gene_id, chrom, tss, strand, dropped")
    parser.add_argument("--fasta", required=True, help="plain FASTA with <fasta>.fai beside it")
    parser.add_argument("--peaks", required=True, help="narrowPeak or BED file")
    parser.add_argument("--blacklist", help="BED file; peaks that overlap it are left out")
    parser.add_argument("--contacts", default="[]", help="JSON list of no or one signal of kind contacts")
    parser.add_argument(
        "--activity", type=json.loads, default={}, help="JSON: signal name -> bigWig replicates"
    )
    parser.add_argument("--cell-type", required=True)
    parser.add_argument("--assembly", required=True)
    parser.add_argument("--out", required=True, help="file of elements to write (.h5)")
    arguments = parser.parse_args()
    contacts = parse_signals(arguments.contacts)
    if len(contacts) > 1 or any(signal.kind != "contacts" for signal in contacts):
        raise ValueError("--contacts: give one signal of kind contacts, or none")
    content_hash = make(
        arguments.genes, arguments.fasta, arguments.peaks, arguments.out, cell_type=arguments.cell_type,
        assembly=arguments.assembly, blacklist=arguments.blacklist, contacts=contacts[0] if contacts else None,
        activity=arguments.activity,
    )  # fmt: skip
    print(f"{arguments.out}: content {content_hash}", flush=True)


if __name__ == "__main__":
    run(main)

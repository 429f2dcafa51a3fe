"""Writes the candidate elements of a cell type's genes, with distance, contact, activity and sequence."""

from __future__ import annotations

import argparse
import json

from prism.genome.elements.make import make
from prism.genome.tracks.signal_sources import parse_signals
from workflow_scripts import cli


def main() -> None:
    """Make the file of elements."""
    arguments = parsed()
    contacts = parse_signals(arguments.contacts)
    if len(contacts) > 1 or any(signal.kind != "contacts" for signal in contacts):
        raise ValueError("--contacts: give one signal of kind contacts, or none")
    content_hash = make(
        arguments.genes,
        arguments.fasta,
        arguments.peaks,
        arguments.out,
        cell_type=arguments.cell_type,
        assembly=arguments.assembly,
        blacklist=arguments.blacklist,
        contacts=contacts[0] if contacts else None,
        activity=arguments.activity,
    )
    print(f"{arguments.out}: content {content_hash}", flush=True)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--genes", required=True, help="gene table: gene_id, chrom, tss, strand, dropped")
    add("--fasta", required=True, help="plain FASTA with <fasta>.fai beside it")
    add("--peaks", required=True, help="narrowPeak or BED file")
    add("--blacklist", help="BED file; peaks that overlap it are left out")
    add("--contacts", default="[]", help="JSON list of no or one signal of kind contacts")
    add("--activity", type=json.loads, default="{}", help="JSON: signal name -> bigWig replicates")
    add("--cell-type", required=True, help="its name, for the record")
    add("--assembly", required=True, help="its name, for the record")
    add("--out", required=True, help="file of elements to write (.h5)")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

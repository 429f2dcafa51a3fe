"""Cuts the dataset file of one cell type and window length from its genome, signals and gene table."""

from __future__ import annotations

import argparse

from prism.genome.tracks.transforms import TRANSFORMS
from workflow_scripts import cli


def main() -> None:
    """Cut the windows."""
    arguments = parsed()
    # Imported here: the worker processes import this module anew, and need no gene table.
    from prism.genome.dataset.cut import cut
    from prism.genome.tracks.signal_sources import parse_signals

    content_hash = cut(
        arguments.genes,
        arguments.fasta,
        arguments.length,
        parse_signals(arguments.signals),
        arguments.out,
        cell_type=arguments.cell_type,
        assembly=arguments.assembly,
        blacklist=arguments.blacklist,
        peaks=arguments.peaks,
        threads=arguments.threads,
        allow_constant=arguments.allow_constant,
    )
    print(f"{arguments.out}: content {content_hash}", flush=True)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--genes", required=True, help="gene table: gene_id, chrom, tss, strand, dropped")
    add("--fasta", required=True, help="plain FASTA with <fasta>.fai beside it")
    add("--length", required=True, type=int, help="window length in bp, even")
    add("--cell-type", required=True, help="its name, for the record")
    add("--assembly", required=True, help="its name, for the record")
    signals = (
        'JSON list of {"name", "kind": "bigwig" or "contacts", "files", and, if any, '
        f'"transform": one of {", ".join(TRANSFORMS)}; "output_type", "sources", "resolution"}}'
    )
    add("--signals", default="[]", help=signals)
    add("--blacklist", help="BED file of regions to ignore")
    add("--peaks", help="BED or narrowPeak file of accessible regions")
    add("--threads", type=int, default=1)
    add("--allow-constant", action="store_true", help="accept a signal with one value everywhere")
    add("--out", required=True, help="dataset file to write (.h5)")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

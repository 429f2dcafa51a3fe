"""Cuts the dataset file of one cell type and window length from its genome, signals and gene table."""

from __future__ import annotations

import argparse

from prism.genome.tracks.transforms import TRANSFORMS
from workflow_scripts.cli import run


def main() -> None:
    """Parse the command line and cut the windows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--genes", required=True, help="gene table: gene_id, chrom, tss, strand, dropped")
    parser.add_argument("--fasta", required=True, help="plain FASTA with <fasta>.fai beside it")
    parser.add_argument("--length", required=True, type=int, help="window length in bp, even")
    parser.add_argument("--cell-type", required=True)
    parser.add_argument("--assembly", required=True)
    parser.add_argument(
        "--signals", default="[]", help='JSON list of {"name", "kind": "bigwig" or "contacts", "files", and, if any, '
        f'"transform": one of {", ".join(TRANSFORMS)}; "output_type", "sources", "resolution"}}',
    )  # fmt: skip
    parser.add_argument("--blacklist", help="BED file of regions to ignore")
    parser.add_argument("--peaks", help="BED or narrowPeak file of accessible regions")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--allow-constant", action="store_true", help="accept a signal with one value everywhere"
    )
    parser.add_argument("--out", required=True, help="dataset file to write (.h5)")
    arguments = parser.parse_args()
    # Here, for the worker processes import this module anew and need no gene table.
    from prism.genome.dataset.cut import cut
    from prism.genome.tracks.signal_sources import parse_signals

    content_hash = cut(
        arguments.genes, arguments.fasta, arguments.length, parse_signals(arguments.signals), arguments.out,
        cell_type=arguments.cell_type, assembly=arguments.assembly, blacklist=arguments.blacklist,
        peaks=arguments.peaks, threads=arguments.threads, allow_constant=arguments.allow_constant,
    )  # fmt: skip
    print(f"{arguments.out}: content {content_hash}", flush=True)


if __name__ == "__main__":
    run(main)

"""Writes the genes of an assembly: one TSS a gene from a GTF, or from a user's table, with the mRNA features."""

from __future__ import annotations

import argparse
import json
import logging

from prism.files.unchanged import refuse_changed
from prism.genome.genes import table as genes
from prism.genome.genes.annotation import genes_of_gtf, genes_of_list
from prism.genome.genes.gene_list import ListSettings, read_strands
from prism.genome.genes.rna_features import PUBLISHED_SCALE
from prism.genome.tracks.fasta import Genome
from workflow_scripts import cli


def main() -> None:
    """Choose the genes and write the table."""
    arguments = parsed()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for file in filter(None, (arguments.gtf, arguments.gene_table, arguments.strand_table)):
        refuse_changed(file)
    genome = Genome(arguments.fasta)
    options = {
        "with_features": arguments.rna_features != "none",
        "scale": PUBLISHED_SCALE if arguments.rna_features == "published" else None,
        "chromosomes": arguments.chromosomes,
    }
    if arguments.gene_table:
        settings = ListSettings.parse(arguments.table_settings)
        if arguments.strand_table:
            options["strands"] = read_strands(arguments.strand_table, arguments.strand_columns)
        table = genes_of_list(arguments.gene_table, settings, genome, arguments.gtf, **options)
    elif arguments.gtf:
        types = (
            None
            if arguments.gene_type == "all"
            else [name.strip() for name in arguments.gene_type.split(",")]
        )
        table = genes_of_gtf(arguments.gtf, genome, types, **options)
    else:
        raise ValueError("neither --gtf nor --gene-table given; give one of them")
    genes.write(table, arguments.out)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--fasta", required=True, help="genome.fa with genome.fa.fai beside it")
    add("--gtf", help="GENCODE or Ensembl annotation, plain or gzipped")
    add("--gene-table", help="csv or tsv of genes with their TSS, used instead of the GTF's choice")
    add("--table-settings", type=json.loads, default="{}", help='JSON {"tss_base": 0|1, "columns": {...}}')
    add(
        "--strand-table",
        help="csv or tsv with the strands of genes that the GTF lacks, as of an older release",
    )
    add("--strand-columns", type=json.loads, default="{}", help='JSON {"gene_id": ..., "strand": ...}')
    add("--gene-type", default="protein_coding", help="types taken from the GTF, comma separated, or all")
    features = "z-scores over these genes, on the scale of the published 18,377 genes, or no features"
    add("--rna-features", choices=("genes", "published", "none"), default="genes", help=features)
    add("--chromosomes", nargs="+", help="keep genes on these only, with or without 'chr'")
    add("--out", required=True, help="genes table to write (.tsv)")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

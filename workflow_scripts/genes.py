"""Write the genes of a cell type: the genes of its assembly with the label and the promoter activity."""

from __future__ import annotations

import argparse
import json
import logging

from prism.genome.genes import table as genes
from prism.genome.genes.activity import add_activity
from prism.genome.genes.annotation import report_dropped
from prism.genome.genes.label import Label, add_expression
from prism.genome.tracks.sequence import Genome
from workflow_scripts import cli


def main() -> None:
    """Parse the command line, add label and activity, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--annotation", required=True, help="genes.tsv of workflow_scripts.annotation")
    parser.add_argument("--fasta", required=True, help="genome.fa with genome.fa.fai beside it")
    parser.add_argument(
        "--label",
        type=json.loads,
        default='{"kind": "none"}',
        help="JSON: kind, files, minus_files, id_column, ...",
    )
    parser.add_argument(
        "--activity", type=json.loads, default="{}", help="JSON: signal name -> bigWig replicates"
    )
    parser.add_argument(
        "--missing-label",
        choices=("drop", "error"),
        default="drop",
        help="what to do with genes a table lacks",
    )
    parser.add_argument("--out", required=True, help="results/genes/{cell_type}.tsv")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    lengths = Genome(arguments.fasta).lengths
    frame = genes.read(arguments.annotation).frame
    label = Label.parse(arguments.label)
    frame = add_expression(frame, label, lengths, drop_missing=arguments.missing_label == "drop")
    frame = add_activity(frame, arguments.activity, lengths)
    table = genes.gene_table(frame, arguments.annotation)
    report_dropped(table)
    genes.write(table, arguments.out)


if __name__ == "__main__":
    cli.run(main)

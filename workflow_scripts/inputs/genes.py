"""Writes the genes of a cell type: the genes of its assembly with the label and the promoter activity."""

from __future__ import annotations

import argparse
import json
import logging

from prism.files.unchanged import refuse_changed
from prism.genome.genes import table as genes
from prism.genome.genes.activity import add_activity
from prism.genome.genes.annotation import report_dropped
from prism.genome.genes.label import Label, add_expression
from prism.genome.tracks.fasta import Genome
from workflow_scripts import cli


def main() -> None:
    """Add label and activity, write the table."""
    arguments = parsed()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    lengths = Genome(arguments.fasta).lengths
    frame = genes.read(arguments.annotation).frame
    label = Label.parse(arguments.label)
    activity = [file for files in arguments.activity.values() for file in files]
    for file in [*label.files, *label.minus_files, *activity]:
        refuse_changed(file)
    frame = add_expression(frame, label, lengths, drop_missing=arguments.missing_label == "drop")
    frame = add_activity(frame, arguments.activity, lengths)
    table = genes.gene_table(frame, arguments.annotation)
    report_dropped(table)
    genes.write(table, arguments.out)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--annotation", required=True, help="genes table of workflow_scripts.inputs.annotation")
    add("--fasta", required=True, help="genome.fa with genome.fa.fai beside it")
    label = "JSON: kind, files, minus_files, id_column, ..."
    add("--label", type=json.loads, default='{"kind": "none"}', help=label)
    add("--activity", type=json.loads, default="{}", help="JSON: signal name -> bigWig replicates")
    missing = "what to do with genes that the label's table lacks"
    add("--missing-label", choices=("drop", "error"), default="drop", help=missing)
    add("--out", required=True, help="genes table to write (.tsv)")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

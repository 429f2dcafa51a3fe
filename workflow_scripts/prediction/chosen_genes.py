"""Writes the ids of the genes that predictions ask for by id or symbol; refuses names that no gene has."""

from __future__ import annotations

import argparse
import json

from prism.files.atomic import writing
from prism.genome.genes.chosen import chosen_genes, read_names
from prism.genome.genes.table import read
from workflow_scripts import cli
from workflow_scripts.planning.tables.paths import find


def main() -> None:
    """Find the genes and write the list."""
    arguments = parsed()
    names = (
        read_names(find(arguments.file, "genes"))
        if arguments.file
        else [name.strip() for name in arguments.names]
    )
    found = chosen_genes(read(arguments.genes), names, arguments.genes)
    with writing(arguments.out) as part:
        part.write_text("gene_id\n" + "".join(f"{gene}\n" for gene in found))
    print(f"{arguments.out}: {len(found):,} genes", flush=True)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--genes", required=True, help="genes table of the cell type")
    add("--names", type=json.loads, default=[], help="JSON list of ids and symbols")
    add("--file", help="or a file with one a line")
    add("--out", required=True, help="list to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

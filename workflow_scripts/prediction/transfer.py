"""Scores predictions of cell types that have a label, with models that were trained on others."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import pandas as pd

from prism.evaluation.transfer import BLOCK, DRAWS, Transfer, transfer_table, warnings_of
from prism.files.checksums import writing_checked
from prism.runs.predictions import over_cell_types, read_predictions
from workflow_scripts import cli


def main() -> None:
    """Read the predictions and write the table."""
    arguments = parsed()
    transfers = [opened(each) for each in arguments.transfers]
    table = transfer_table(transfers, arguments.block, arguments.draws)
    for line in warnings_of(table, transfers):
        print(line, file=sys.stderr, flush=True)
    with writing_checked(arguments.out) as part:
        table.to_csv(part, sep="\t", index=False)


def opened(described: dict[str, Any]) -> Transfer:
    """A transfer with its predictions read; those of several seeds are averaged.

    described: as `workflow_scripts.planning.transfers` describes it.
    """
    names = ("cell_type", "trained_on", "model", "fold", "seed", "facts")
    tables = {
        name: averaged([over_cell_types(read_predictions(path)) for path in described[name]])
        for name in ("predictions", "own")
    }
    own = tables["own"][["gene_id", "expression", "prediction"]]
    return Transfer(**{name: described[name] for name in names}, there=tables["predictions"], own=own)


def averaged(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """The first of several tables of the same genes with the mean of their predictions.

    tables: of the seeds.
    """
    first = tables[0]
    each = [
        table.set_index("gene_id")["prediction"].loc[first["gene_id"]].to_numpy(float) for table in tables
    ]
    return first.assign(prediction=sum(each) / len(each))


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--transfers", nargs="+", required=True, type=json.loads, help="JSON of each")
    add("--block", type=int, default=BLOCK, help="length of a block of the bootstrap, bp")
    add("--draws", type=int, default=DRAWS, help="draws of the bootstrap")
    add("--out", required=True, help="table to write (.tsv)")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

"""Puts the predictions of several seeds side by side: mean, standard deviation, and each."""

from __future__ import annotations

import argparse

from prism.runs.predictions import ensemble_table, read_predictions, write_predictions
from workflow_scripts import cli


def main() -> None:
    """Read the predictions and write the table."""
    arguments = parsed()
    if len(arguments.seeds) != len(arguments.predictions):
        raise ValueError(
            f"{len(arguments.seeds)} seeds for {len(arguments.predictions)} predictions; give one of each"
        )
    members = {
        seed: read_predictions(path)
        for seed, path in zip(arguments.seeds, arguments.predictions, strict=True)
    }
    write_predictions(arguments.out, ensemble_table(members))


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--predictions", nargs="+", required=True, help="tables of predict, of one cell type")
    add("--seeds", nargs="+", required=True, type=int, help="the seed of each, in the same order")
    add("--out", required=True, help="table to write (.tsv.gz)")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

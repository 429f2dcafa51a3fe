"""Predicts the expression of every gene of a dataset with a trained model; labels are not needed."""

from __future__ import annotations

import argparse
import json

from workflow_scripts import cli, threads
from workflow_scripts.run_options import add_device_options


def main() -> None:
    """Predict and write the table."""
    arguments = parsed()
    threads.limit(arguments.threads)

    from prism.inference.prediction import predict

    predict(
        arguments.checkpoint,
        arguments.windows,
        arguments.genes,
        arguments.out,
        arguments.device,
        arguments.elements,
        {key: getattr(arguments, key) for key in ("architecture", "signals", "length", "orientation")},
        arguments.cpu_precision,
    )


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--checkpoint", required=True, help="best.ckpt of a run, or an imported one")
    add("--windows", required=True, help="dataset file (.h5), of this or another cell type")
    add("--genes", required=True, help="its genes table, with or without expression")
    add("--elements", nargs="?", help="file of candidate elements, for a model that reads them")
    add("--architecture", help="refuse a checkpoint of another architecture")
    add("--length", type=int, help="refuse a checkpoint of another length")
    add("--orientation", choices=("plus", "gene"), help="refuse a checkpoint of another orientation")
    signals = "JSON list: refuse a checkpoint of others, or in another order"
    add("--signals", type=json.loads, help=signals)
    add_device_options(parser)
    add("--out", required=True, help="table to write (.tsv.gz)")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

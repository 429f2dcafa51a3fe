"""Predicts the expression of every gene of a dataset with a trained model; labels are not needed."""

from __future__ import annotations

import argparse
import json

from workflow_scripts import threads
from workflow_scripts.cli import run


def main() -> None:
    """Parse the command line and predict."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", required=True, help="best.ckpt of a run, or an imported one")
    parser.add_argument("--windows", required=True, help="dataset file (.h5), of this or another cell type")
    parser.add_argument("--genes", required=True, help="its genes table, with or without expression")
    parser.add_argument(
        "--elements", nargs="?", help="file of candidate elements, for a model that reads them"
    )
    for name, kind in (("architecture", str), ("length", int)):
        parser.add_argument(f"--{name}", type=kind, help=f"refuse a checkpoint of another {name}")
    parser.add_argument(
        "--signals", type=json.loads, help="JSON list: refuse a checkpoint of others, or in another order"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:<i>")
    parser.add_argument(
        "--cpu-precision", default="fp32", choices=("fp32", "bf16"), help="of matrix products on a CPU"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", required=True, help="table to write (.tsv.gz)")
    arguments = parser.parse_args()
    threads.limit(arguments.threads)

    from prism.inference.prediction import predict

    predict(
        arguments.checkpoint,
        arguments.windows,
        arguments.genes,
        arguments.out,
        arguments.device,
        arguments.elements,
        {key: getattr(arguments, key) for key in ("architecture", "signals", "length")},
        arguments.cpu_precision,
    )


if __name__ == "__main__":
    run(main)

"""Predicts the expression of every gene of a dataset with a trained model; labels are not needed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

from workflow_scripts import cli, threads
from workflow_scripts.planning.tables.paths import find
from workflow_scripts.run_options import add_device_options


def main() -> None:
    """Predict and write the table."""
    arguments = parsed()
    threads.limit(arguments.threads)

    from prism.genome.genes.chosen import read_names
    from prism.inference.prediction import predict

    training = (arguments.training_windows, arguments.training_genes)
    if (training[0] is None) != (training[1] is None):
        raise ValueError("--training-windows and --training-genes go together: give both or none")
    predict(
        arguments.checkpoint,
        arguments.windows,
        arguments.genes,
        arguments.out,
        arguments.device,
        arguments.elements,
        {key: getattr(arguments, key) for key in ("architecture", "signals", "length", "orientation")},
        arguments.cpu_precision,
        match_scale=arguments.match_scale,
        training=None if training[0] is None else training,
        only=read_names(arguments.only) if arguments.only else None,
        held_out=splits_in(arguments) if arguments.trained_genes else None,
        record=arguments.record,
    )


def splits_in(arguments: argparse.Namespace) -> Callable:
    """A function that gives the splits of genes, by id and chromosome, in the training's fold.

    arguments: parsed.
    """
    from prism.genome.dataset.folds import read
    from prism.genome.dataset.held_out import held_out
    from prism.genome.genes import table

    folds, trained = read(find(arguments.folds, "folds")), map(table.read, arguments.trained_genes)
    rows = [row for each in trained for row in zip(each.kept["gene_id"], each.kept["chrom"], strict=True)]
    known = tuple(map(list, zip(*rows, strict=True)))
    return lambda gene_id, chrom: held_out(folds, arguments.fold, (gene_id, chrom), known)


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
    matched = "bring signals to training's scale: none (the default) or quantile"
    add("--match-scale", default="none", choices=("none", "quantile"), help=matched)
    add("--training-windows", help="dataset file of the training, for a checkpoint without its quantiles")
    add("--training-genes", help="genes table of the training, likewise")
    add("--only", nargs="?", help="file with the genes to predict, an id or symbol a line; default: all")
    add("--trained-genes", nargs="*", help="genes tables of the training, to tell which genes it held out")
    add("--folds", help="its folds table")
    add("--fold", help="its fold")
    add_device_options(parser)
    add("--out", required=True, help="table to write (.tsv.gz)")
    add("--record", help="JSON to write: what was predicted from what, and the scales of its inputs")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

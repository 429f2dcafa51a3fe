"""Writes the mask that a trained Seq2Exp lays over the windows of a split: its mean by position, and gene by gene."""

from __future__ import annotations

import argparse

from workflow_scripts import cli, threads
from workflow_scripts.planning.tables.paths import find
from workflow_scripts.run_options import add_data_options, add_device_options, open_windows


def main() -> None:
    """Compute the mask and write it."""
    arguments = parsed()
    threads.limit(arguments.threads)

    import numpy as np

    from prism.figures import mask_profile
    from prism.genome.dataset import folds
    from prism.genome.dataset.joint import gene_names, members_of
    from prism.inference.learned_masks import learned_masks
    from prism.inference.trained import Trained
    from prism.runs.predictions import write_predictions

    trained = Trained.load(arguments.checkpoint)
    facts = trained.checkpoint
    reading = {"length": facts["length"], "signals": facts["signals"], "orientation": trained.orientation}
    data = open_windows(arguments, **reading)
    fold_table = folds.read(find(arguments.folds, "folds"))
    splits, minus = [], []
    for each in members_of(data):
        splits.append(folds.assign(fold_table, arguments.fold, each.gene_id, each.chrom))
        strand = each.gene_table.kept.set_index("gene_id")["strand"]
        minus.append((strand.loc[each.gene_id] == "-").to_numpy())
    chosen, minus = np.flatnonzero(np.concatenate(splits) == arguments.split), np.concatenate(minus)
    stream = learned_masks(trained, data, chosen, arguments.device, arguments.cpu_precision)
    found = mask_profile.binned_masks(stream, facts["signals"], minus, data.length)
    write_predictions(arguments.out, mask_profile.mask_table(found, data.length, trained.module.center_len))
    if arguments.out_genes:
        gene_id = gene_names(data, chosen)
        write_predictions(arguments.out_genes, mask_profile.gene_table(gene_id, found, data.length))
    kept = found[mask_profile.MASK].mean()
    print(f"{arguments.out}: {len(chosen):,} genes, {kept:.1%} of the window kept on average", flush=True)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--checkpoint", required=True, help="best.ckpt of a model that learns a mask")
    add_data_options(parser)
    add("--cell-type", help="that of the dataset file (the default), or the name of a group of several")
    add("--folds", required=True, help="table of fold, chromosome or gene_id, split")
    add("--fold", required=True, help="name of the fold in that table")
    add("--split", default="test", choices=("train", "valid", "test"), help="whose genes")
    add_device_options(parser)
    add("--out", required=True, help="means by position to write (.tsv.gz)")
    add("--out-genes", help="also the mask of every gene (.tsv.gz)")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

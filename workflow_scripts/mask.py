"""Writes the mask that a trained Seq2Exp lays over the windows of a split: its mean by position, and gene by gene."""

from __future__ import annotations

import argparse

from workflow_scripts import threads
from workflow_scripts.cli import run
from workflow_scripts.planning.paths import find


def main() -> None:
    """Parse the command line and write the mask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", required=True, help="best.ckpt of a model that learns a mask")
    parser.add_argument("--windows", required=True, help="dataset file (.h5)")
    parser.add_argument("--genes", required=True, help="its genes table")
    parser.add_argument("--folds", required=True, help="table of fold, chromosome or gene_id, split")
    parser.add_argument("--fold", required=True)
    parser.add_argument("--split", default="test", choices=("train", "valid", "test"))
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:<i>")
    parser.add_argument(
        "--cpu-precision", default="fp32", choices=("fp32", "bf16"), help="of matrix products on a CPU"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", required=True, help="means by position (.tsv.gz)")
    parser.add_argument("--out-genes", help="also the mask of every gene (.tsv.gz)")
    arguments = parser.parse_args()
    threads.limit(arguments.threads)

    import numpy as np

    from prism.figures import mask_profile
    from prism.genome.dataset import folds
    from prism.genome.dataset.windows import Windows
    from prism.genome.genes import table
    from prism.inference.learned_masks import learned_masks
    from prism.inference.trained import Trained
    from prism.runs.predictions import write_predictions

    trained = Trained.load(arguments.checkpoint)
    facts = trained.checkpoint
    data = Windows(arguments.windows, arguments.genes, facts["length"], facts["signals"])
    splits = folds.assign(
        folds.read(find(arguments.folds, "folds")), arguments.fold, data.gene_id, data.chrom
    )
    chosen = np.flatnonzero(splits == arguments.split)
    strand = table.read(arguments.genes).kept.set_index("gene_id")["strand"]
    minus = (strand.loc[data.gene_id] == "-").to_numpy()
    stream = learned_masks(trained, data, chosen, arguments.device, arguments.cpu_precision)
    found = mask_profile.binned_masks(stream, facts["signals"], minus, data.length)
    write_predictions(arguments.out, mask_profile.mask_table(found, data.length, trained.module.center_len))
    if arguments.out_genes:
        gene_id = [data.gene_id[i] for i in chosen]
        write_predictions(arguments.out_genes, mask_profile.gene_table(gene_id, found, data.length))
    kept = found[mask_profile.MASK].mean()
    print(f"{arguments.out}: {len(chosen):,} genes, {kept:.1%} of the window kept on average", flush=True)


if __name__ == "__main__":
    run(main)

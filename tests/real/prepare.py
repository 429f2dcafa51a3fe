"""Writes the tables that the configurations beside this file need, from the real data's own columns.

python tests/real/prepare.py --real ../shared/real --out resources/real
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

# Yeast: II and the first part of IV train, the rest of IV validates, XVI tests.
YEAST_VALID_FROM = 1_100_000


def chr22_genes(real: Path) -> pd.DataFrame:
    """The genes of chr22, one row each, with the TSS as the first transcribed base.

    The table gives the BED end as TSS of minus-strand genes, one base too far, and ENSG00000273032 three times
    (DGCR5, DGCR9, DGCR10): its first row is kept.
    """
    genes = pd.read_csv(real / "human_chr22" / "genes.tsv", sep="\t").drop_duplicates("Ensembl_ID")
    genes.loc[genes["strand"] == "-", "tss"] -= 1
    return genes


def chr22_folds(real: Path) -> pd.DataFrame:
    """The split that the data's README suggests; genes without sequence or without RNA-seq label are in no split."""
    genes = chr22_genes(real)
    genes = genes[(genes["suggested_split"] != "no_sequence") & genes["K562_RNAseq_TPM_ENCFF934YBO"].notna()]
    return pd.DataFrame({"fold": 1, "gene_id": genes["Ensembl_ID"], "split": genes["suggested_split"]})


def yeast_folds(real: Path) -> pd.DataFrame:
    """By chromosome, and by position on IV."""
    genes = pd.read_csv(real / "yeast" / "genes.tsv", sep="\t")
    split = genes["chrom"].map({"II": "train", "IV": "train", "XVI": "test"})
    split[(genes["chrom"] == "IV") & (genes["tss"] >= YEAST_VALID_FROM)] = "valid"
    return pd.DataFrame({"fold": 1, "gene_id": genes["gene"], "split": split})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, required=True, help="folder of the real data")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the tables to")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    chr22_genes(args.real).to_csv(args.out / "genes.chr22.tsv", sep="\t", index=False)
    for name, folds in (("chr22", chr22_folds(args.real)), ("yeast", yeast_folds(args.real))):
        folds.to_csv(args.out / f"folds.{name}.tsv", sep="\t", index=False)
        print(f"{name}: {folds['split'].value_counts().to_dict()}")


if __name__ == "__main__":
    main()

"""Writes folds.floor.tsv: yeast's split with all, half and a quarter of its training genes.

python benchmarks/ridge_floor/prepare.py resources/real/folds.yeast.tsv resources/real/folds.floor.tsv
"""

from __future__ import annotations

import sys

import pandas as pd

SHARES = {"all": 1.0, "half": 0.5, "quarter": 0.25}


def main() -> None:
    source, out = sys.argv[1:]
    folds = pd.read_csv(source, sep="\t")
    train = folds[folds["split"] == "train"].sample(
        frac=1, random_state=1
    )  # smaller shares lie in the larger
    held_out = folds[folds["split"].isin(["valid", "test"])]
    parts = [
        pd.concat([train.head(round(share * len(train))), held_out]).assign(fold=name)
        for name, share in SHARES.items()
    ]
    pd.concat(parts).to_csv(out, sep="\t", index=False)


if __name__ == "__main__":
    main()

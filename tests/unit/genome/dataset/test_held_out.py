"""Which genes a training has held out, gene by gene."""

from __future__ import annotations

import pandas as pd
import pytest

from prism.genome.dataset.held_out import held_out

FOLDS = pd.DataFrame(
    {"fold": "1", "chromosome": ["chr1", "chr2", "chr3"], "split": ["train", "valid", "test"]}
)
TRAINED = (["ENSG00000000001.1", "b", "c", "moved"], ["chr1", "chr2", "chr3", "chr1"])


@pytest.mark.parametrize(
    ("gene", "chrom", "split"),
    [
        ("ENSG00000000001.2", "1", "train"),  # another version of its id, a chromosome without chr
        ("b", "chr2", "valid"),
        ("c", "chr3", "test"),
        ("new", "chr3", "test"),  # not in the training dataset, on a chromosome that was held out
        ("new", "chr2", "valid"),
        ("new", "chr1", ""),  # not trained on, but its neighbours were
        ("new", "chr9", ""),
        ("moved", "chr3", "train"),  # it was trained on, wherever it lies here
        ("c", "chr1", "train"),  # held out, but its window here is one of training
        ("c", "chr2", "valid"),
        ("c", "chr9", ""),
    ],
)
def test_by_id_and_by_place_the_less_held_out_counts(gene, chrom, split):
    assert held_out(FOLDS, 1, ([gene], [chrom]), TRAINED).tolist() == [split]


def test_a_fold_of_genes():
    folds = pd.DataFrame({"fold": "1", "gene_id": ["a", "b", "c"], "split": ["train", "valid", "test"]})
    genes = ["a", "b", "c", "d"], ["chr1"] * 4
    assert held_out(folds, 1, genes, (["a", "b", "c"], ["chr1"] * 3)).tolist() == [
        "train",
        "valid",
        "test",
        "",
    ]

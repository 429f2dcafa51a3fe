"""What became of the genes of each split, and what a fold names that no gene has."""

from __future__ import annotations

import pandas as pd
import pytest

from prism.genome.dataset.dropped import SplitGenes, genes_by_split
from prism.genome.dataset.folds import unmatched
from prism.genome.genes.table import GeneTable, gene_table

FOLDS = pd.DataFrame(
    [("1", "chr1", "train"), ("1", "2", "valid"), ("1", "chr3", "test"), ("1", "chr4", "train")],
    columns=["fold", "chromosome", "split"],
)


@pytest.fixture
def table() -> GeneTable:
    rows = [
        ("a", "chr1", ""), ("b", "chr1", "no label"), ("c", "chr2", ""), ("d", "chr3", "no label"),
        ("e", "chr3", ""), ("f", "chr3", "no CDS"), ("g", "chr3", "no CDS"), ("h", "chrM", "no CDS"),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["gene_id", "chrom", "dropped"])
    return gene_table(frame.assign(symbol="", tss=5, strand="+"), "genes.tsv")


def test_each_split_has_its_losses_by_reason_the_most_common_first(table):
    found = genes_by_split(table, FOLDS, 1)
    assert found == {
        "train": SplitGenes(1, {"no label": ["b"]}),
        "valid": SplitGenes(1),
        "test": SplitGenes(1, {"no CDS": ["f", "g"], "no label": ["d"]}),
        "": SplitGenes(0, {"no CDS": ["h"]}),
    }
    assert list(found["test"].dropped) == ["no CDS", "no label"]
    assert (found["test"].n_dropped, found["test"].listed) == (3, 4)


def test_a_chromosome_or_a_gene_of_a_fold_that_no_gene_has(table):
    chrom, gene_id = list(table.kept["chrom"]), list(table.frame["gene_id"])
    assert unmatched(FOLDS, "1", gene_id, chrom) == {"train": ["chr4"]}
    genes = pd.DataFrame(
        [("1", "a", "train"), ("1", "x", "train"), ("1", "c", "valid"), ("1", "e", "test")],
        columns=["fold", "gene_id", "split"],
    )
    assert unmatched(genes, 1, gene_id, chrom) == {"train": ["x"]}
    assert unmatched(genes[genes["gene_id"] != "x"], 1, gene_id, chrom) == {}

"""Genes named by id or symbol."""

from __future__ import annotations

import pandas as pd
import pytest

from prism.genome.genes.chosen import chosen_genes, read_names
from prism.genome.genes.table import gene_table


@pytest.fixture
def table():
    return gene_table(
        pd.DataFrame(
            {
                "gene_id": ["ENSG00000000001.3", "ENSG00000000002.1", "ENSG00000000003.9", "TP53"],
                "symbol": ["ACTB", "GAPDH", "ACTB", "other"],
                "chrom": "chr1",
                "tss": [1, 2, 3, 4],
                "strand": "+",
                "dropped": ["", "no label", "", ""],
            }
        ),
        "genes.tsv",
    )


def test_ids_with_or_without_version_and_symbols(table):
    found = chosen_genes(table, ["GAPDH", "ENSG00000000001", "ENSG00000000002.7"], "genes.tsv")
    assert found == {"ENSG00000000001.3": "", "ENSG00000000002.1": "no label"}
    assert list(chosen_genes(table, ["ACTB"], "genes.tsv")) == ["ENSG00000000001.3", "ENSG00000000003.9"]
    assert list(chosen_genes(table, ["TP53"], "genes.tsv")) == ["TP53"]


def test_an_unknown_name_is_told_with_the_nearest(table):
    with pytest.raises(
        ValueError, match=r"genes\.tsv: has no gene 'gapdh' \(did you mean 'GAPDH'\?\), 'XYZW'; cor"
    ):
        chosen_genes(table, ["ACTB", "gapdh", "XYZW"], "genes.tsv")


def test_a_file_of_names(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("gene_id\tmore\n# a comment\nA\t1\n\nB \nA\n")
    assert read_names(path) == ["A", "B"]
    path.write_text("# nothing\n")
    with pytest.raises(ValueError, match=r"names\.txt: names no gene"):
        read_names(path)

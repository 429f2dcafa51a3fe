"""Which gene is in which split."""

from __future__ import annotations

import pandas as pd
import pytest

from prism.genome.dataset import folds

TABLE = pd.DataFrame(
    [("1", "chr1", "train"), ("1", "chr2", "valid"), ("1", "chrX", "test"), ("2", "chr1", "test")],
    columns=["fold", "chromosome", "split"],
)
GENES, CHROMS = ["a", "b", "c", "d"], ["X", "1", "2", "MT"]


def test_by_chromosome_with_and_without_chr():
    expected = ["test", "train", "valid", ""]
    assert folds.assign(TABLE, 1, GENES, CHROMS).tolist() == expected
    assert folds.assign(TABLE, "1", GENES, [f"chr{name}" for name in CHROMS]).tolist() == expected


def test_by_gene():
    table = pd.DataFrame({"fold": 3, "gene_id": ["d", "c", "a"], "split": ["train", "valid", "test"]})
    assert folds.assign(table, 3, GENES, CHROMS).tolist() == ["test", "", "valid", "train"]


def test_versions_of_gene_ids_do_not_count():
    ids = ["ENSG00000000001", "ENSG00000000002", "ENSG00000000003"]
    table = pd.DataFrame({"fold": 3, "gene_id": [f"{name}.7" for name in ids], "split": folds.SPLITS})
    assert folds.assign(table, 3, ids, ["1", "2", "3"]).tolist() == ["train", "valid", "test"]
    assert folds.unmatched(table, 3, ids[:2], ["1", "2"]) == {"test": ["ENSG00000000003.7"]}
    both = pd.concat(
        [table, table.assign(gene_id=table["gene_id"].str.replace(".7", ".8")).tail(1).assign(split="train")]
    )
    with pytest.raises(ValueError, match="listed both as test and as train"):
        folds.assign(both, 3, ids, ["1", "2", "3"])


def test_a_training_chromosome_without_genes_is_no_harm():
    table = pd.concat([TABLE, pd.DataFrame([("1", "chrY", "train")], columns=TABLE.columns)])
    assert folds.assign(table, 1, GENES, CHROMS).tolist() == ["test", "train", "valid", ""]


@pytest.mark.parametrize(
    ("extra", "fold", "words"),
    [
        ([], "7", "fold 7 is not in the folds table; it has: 1, 2"),
        ([], "2", "no gene of the dataset is in its train split .*listed: none"),
        ([("1", "chr22", "test")], "1", "test split is incomplete.* 1 of 2 chromosomes: chr22"),
        ([("1", "1", "test")], "1", "1 is listed both as train and as test"),
        ([("1", "chr9", "tset")], "1", "chr9: split 'tset' is not one of train, valid, test"),
    ],
)
def test_refusals(extra, fold, words):
    table = pd.concat([TABLE, pd.DataFrame(extra, columns=TABLE.columns)])
    with pytest.raises(ValueError, match=words):
        folds.assign(table, fold, GENES, CHROMS)


def test_an_empty_split_names_its_chromosomes():
    with pytest.raises(ValueError, match=r"valid split \(chromosomes listed: chr2\)"):
        folds.assign(TABLE, 1, ["a", "b"], ["X", "1"])


def test_missing_test_genes_are_named():
    table = pd.DataFrame({"fold": 1, "gene_id": list("abcz"), "split": ["train", "valid", "test", "test"]})
    with pytest.raises(ValueError, match="1 of 2 genes: z"):
        folds.assign(table, 1, GENES, CHROMS)


def test_read_keeps_names_as_text_and_refuses_other_tables(tmp_path):
    path = tmp_path / "folds.tsv"
    path.write_text("fold\tchromosome\tsplit\n11\t22\ttest\n")
    assert folds.read(path).to_dict("records") == [{"fold": "11", "chromosome": "22", "split": "test"}]
    path.write_text("fold\tchrom\tsplit\n1\tchr1\ttest\n")
    with pytest.raises(
        ValueError, match=r"folds.tsv: .*chromosome or gene_id; this one has: fold, chrom, split"
    ):
        folds.read(path)

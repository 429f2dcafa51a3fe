"""Which gene is in which split."""

from __future__ import annotations

import argparse
import json

import pandas as pd
import pytest

from prism.genome.dataset import folds
from tests.unit.training import tiny_dataset
from workflow_scripts import figure
from workflow_scripts.planning.folds import split_of
from workflow_scripts.run_options import add_run_options, fold_of, open_run

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
    path.write_text("fold\tchrom\tsplit\n")
    with pytest.raises(
        ValueError, match=r"folds.tsv: .*chromosome or gene_id; this one has: fold, chrom, split"
    ):
        folds.read(path)


@pytest.mark.parametrize(
    ("text", "fold"),
    [("11", 11), ("0", 0), ("01", "01"), ("007", "007"), ("a", "a"), ("-1", "-1"), ("²", "²")],
)
def test_a_fold_is_a_number_only_where_the_number_is_written_like_that(text, fold):
    assert fold_of(text) == fold


def test_a_fold_with_a_leading_zero_opens_a_run(tmp_path):
    windows, genes = tiny_dataset.write(tmp_path)
    both = pd.concat([tiny_dataset.FOLDS.assign(fold="01"), tiny_dataset.FOLDS])
    both.to_csv(tmp_path / "folds.tsv", sep="\t", index=False)
    entry = {"architecture": "ridge", "length": 32}
    parser = argparse.ArgumentParser()
    add_run_options(parser)
    parser.set_defaults(seed=2)
    given = {"windows": windows, "genes": genes, "folds": tmp_path / "folds.tsv", "cell-type": "tiny"}
    given |= {"model": "ridge", "entry": json.dumps(entry)}
    words = [word for key, value in given.items() for word in (f"--{key}", str(value))]
    padded, plain = (open_run(parser.parse_args([*words, "--fold", fold]), entry) for fold in ("01", "1"))
    assert (padded.fold, plain.fold) == ("01", 1)
    assert padded.splits.tolist() == plain.splits.tolist()
    assert padded.identity != plain.identity


def test_figures_read_folds_as_text(tmp_path):
    (tmp_path / "summary.tsv").write_text("cell_type\tmodel\tfold\tmean\nA\tsmall\t01\t0.5\n")
    table = figure._table(str(tmp_path / "summary.tsv"))
    assert table["fold"].tolist() == ["01"]
    assert table["mean"].tolist() == [0.5]


def test_a_fold_that_yaml_has_taken_the_zero_off(tmp_path):
    table = tiny_dataset.FOLDS.assign(fold="01")
    with pytest.raises(
        ValueError, match=r"fold 1 is not in the table; there are: 01; in YAML write '01' with"
    ):
        split_of(table, "1", tmp_path / "folds.tsv")

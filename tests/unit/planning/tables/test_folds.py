"""Folds as planning reads them."""

from __future__ import annotations

import pandas as pd
import pytest

from prism.genome.dataset.folds import read
from tests.unit.training import tiny_dataset
from workflow_scripts.planning.tables.folds import split_of


def test_a_fold_that_yaml_has_taken_the_zero_off(tmp_path):
    table = tiny_dataset.FOLDS.assign(fold="01")
    with pytest.raises(
        ValueError, match=r"fold 1 is not in the table; there are: 01; in YAML write '01' with"
    ):
        split_of(table, "1", tmp_path / "folds.tsv")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"split": "Train"}, "split 'Train' is not one of train, valid, test"),
        (
            {"split": "test", "chromosome": "X"},
            "X is listed both as train and as test|both as test and as train",
        ),
    ],
)
def test_a_split_that_no_training_would_take_is_refused_before_any_job(tmp_path, row, message):
    rows = [("chr1", "train"), ("chr2", "valid"), ("chr3", "test"), ("chrX", "train")]
    table = pd.DataFrame(rows, columns=["chromosome", "split"]).assign(fold="1")
    assert split_of(table, "1", tmp_path / "folds.tsv") == "chr1=train,chr2=valid,chr3=test,chrX=train"
    worse = pd.concat([table, pd.DataFrame([{"fold": "1", "chromosome": "chr4"} | row])])
    with pytest.raises(ValueError, match=f"folds.tsv: fold 1.*({message})"):
        split_of(worse, "1", tmp_path / "folds.tsv")


@pytest.mark.parametrize("line", ["1\t\ttrain", "\tchr9\ttrain", "1\tchr9\t"])
def test_an_empty_cell_of_a_fold_is_named_with_its_line(tmp_path, line):
    (tmp_path / "folds.tsv").write_text(f"fold\tchromosome\tsplit\n1\tchr1\ttrain\n{line}\n")
    with pytest.raises(ValueError, match=r"folds.tsv, line 3: no (fold|chromosome|split); fill it in"):
        read(tmp_path / "folds.tsv")

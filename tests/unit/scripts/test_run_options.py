"""Options that training and trial share: the fold as text or number, and the run that they open."""

from __future__ import annotations

import argparse
import json

import pandas as pd
import pytest

from tests.unit.training import tiny_dataset
from workflow_scripts.run_options import add_run_options, fold_of, open_run


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

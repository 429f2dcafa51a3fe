"""Folds as planning reads them."""

from __future__ import annotations

import pytest

from tests.unit.training import tiny_dataset
from workflow_scripts.planning.tables.folds import split_of


def test_a_fold_that_yaml_has_taken_the_zero_off(tmp_path):
    table = tiny_dataset.FOLDS.assign(fold="01")
    with pytest.raises(
        ValueError, match=r"fold 1 is not in the table; there are: 01; in YAML write '01' with"
    ):
        split_of(table, "1", tmp_path / "folds.tsv")

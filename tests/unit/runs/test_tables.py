"""history.csv and predictions.tsv.gz, written and read."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from prism.runs.history import read_history, write_history
from prism.runs.predictions import prediction_table, read_predictions, write_predictions

WINDOWS = SimpleNamespace(
    gene_id=["1", "0021", "NA"], chrom=["1", "2", "X"], tss=np.array([5, 6, 7]),
    expression=torch.tensor([0.1, float("nan"), 2.5]),
)  # fmt: skip


def test_predictions_are_read_to_the_same_float32(tmp_path):
    predicted = np.array([1 / 3, 0.1], np.float32)
    write_predictions(tmp_path / "p.tsv.gz", prediction_table(WINDOWS, [1, 0], predicted))
    read = read_predictions(tmp_path / "p.tsv.gz")
    assert list(read.columns) == ["gene_id", "chrom", "tss", "expression", "prediction"]
    assert read["gene_id"].tolist() == ["0021", "1"]  # text, zeros kept
    assert read["chrom"].tolist() == ["2", "1"]
    assert read["prediction"].to_numpy(np.float32).tolist() == predicted.tolist()
    assert np.isnan(read["expression"][0])
    assert read["expression"].to_numpy(np.float32)[1] == np.float32(0.1)


def test_equal_predictions_are_equal_bytes(tmp_path):
    table = pd.DataFrame({"gene_id": ["a"], "prediction": ["0.5"]})
    first, second = tmp_path / "first/p.tsv.gz", tmp_path / "second/p.tsv.gz"
    for path in (first, second):
        write_predictions(path, table)
    assert first.read_bytes() == second.read_bytes()


def test_a_cut_off_file_of_predictions_is_named_with_the_fix(tmp_path):
    table = pd.DataFrame(
        {"gene_id": [f"g{i}" for i in range(500)], "prediction": np.random.default_rng(0).random(500)}
    )
    write_predictions(tmp_path / "p.tsv.gz", table)
    whole = (tmp_path / "p.tsv.gz").read_bytes()
    (tmp_path / "p.tsv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"p\.tsv\.gz: cannot be read .*; re-run the training"):
        read_predictions(tmp_path / "p.tsv.gz")


def test_the_terms_of_the_loss_stand_between_the_known_columns(tmp_path):
    rows = [{"step": 3, "loss_kl": 0.1, "train_loss": 0.5, "valid_mse": 0.25, "loss_expression": 0.4}]
    write_history(tmp_path / "history.csv", rows)
    read = read_history(tmp_path / "history.csv")
    assert list(read.columns) == [
        "step", "epoch", "seconds", "steps_per_s", "peak_memory_gb", "learning_rate", "grad_norm", "train_loss",
        "loss_expression", "loss_kl", "valid_mse", "valid_mae", "valid_pearson",
    ]  # fmt: skip
    assert read["valid_mse"].tolist() == [0.25]
    assert read["valid_mae"].isna().all()


def test_an_empty_history_is_named_with_the_fix(tmp_path):
    (tmp_path / "history.csv").write_text("")
    with pytest.raises(ValueError, match=r"history\.csv: cannot be read .*; re-run the training"):
        read_history(tmp_path / "history.csv")

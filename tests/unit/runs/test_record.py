"""The record of a run: what it says of a score, and what is refused."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest

from prism.runs.record import RunRecord, UnrecordedScoreError

WHO = {"cell_type": "K562", "model": "prism_2k", "fold": 11, "seed": 2}


def record_in(path, metrics=None) -> RunRecord:
    metrics = {"valid": {"n": 5, "mse": 0.4}, "test": {"n": 4, "mse": 0.2, "pearson": float("nan")}} | (
        metrics or {}
    )
    return RunRecord.of(
        path, **WHO, metrics=metrics, train_mean={"n": 4, "mse": 0.5, "pearson": float("nan")}, best_step=None,
        fit={"alpha": 10.0}, label={"assay": "CAGE"}, provenance={"seed": 2},
        entry={"architecture": "ridge", "length": 2000},
    )  # fmt: skip


def test_it_is_read_as_it_was_written(tmp_path):
    record_in(tmp_path / "metrics.json").write()
    read = RunRecord.read(tmp_path / "metrics.json")
    assert (read.cell_type, read.model, read.fold, read.seed) == ("K562", "prism_2k", "11", 2)
    assert (read.architecture, read.length, read.assay, read.best_step) == ("ridge", 2000, "CAGE", None)
    assert read.score("test", "mse") == 0.2
    assert math.isnan(read.score("test", "pearson"))
    assert read.genes("test") == 4
    assert read.genes("train") is None
    assert read.floor("test") == {"n": 4, "mse": 0.5, "pearson": None}
    assert read.floor("valid") == {}


def test_the_file_is_strict_json_with_null_for_a_score_that_does_not_exist(tmp_path):
    record_in(tmp_path / "metrics.json").write()
    text = (tmp_path / "metrics.json").read_text()
    assert '"pearson": null' in text
    assert "NaN" not in text
    assert list(json.loads(text)) == [
        "cell_type", "model", "fold", "seed", "metrics", "floor", "best_step", "fit", "label", "provenance", "entry",
        "checksum",
    ]  # fmt: skip


@pytest.mark.parametrize(("split", "metric"), [("test", "r2"), ("train", "mse")])
def test_a_score_that_the_file_lacks_is_told_with_file_score_and_fix(tmp_path, split, metric):
    record = record_in(tmp_path / "metrics.json")
    assert not record.has_score(split, metric)
    words = rf"metrics\.json: no {metric} of the {split} split is recorded.*Delete the file and re-run"
    with pytest.raises(UnrecordedScoreError, match=words):
        record.score(split, metric)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"cell_type": "K562"', "not JSON"),
        ('{"cell_type": "K562", "fold": 1}', "no model, seed, metrics, provenance in it"),
        ("[1]", "not a run's record but a JSON list"),
    ],
)
def test_a_file_that_is_no_record_is_refused(tmp_path, text, words):
    (tmp_path / "metrics.json").write_text(text)
    with pytest.raises(ValueError, match=rf"metrics\.json: {words}.*delete it and re-run the training"):
        RunRecord.read(tmp_path / "metrics.json")


def test_neither_torch_nor_h5py_is_imported(root):
    code = "import sys, prism.runs.record; sys.exit(bool({'torch', 'h5py', 'numba'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_genes_in_words_with_those_that_were_dropped():
    content = {**WHO, "metrics": {"test": {"n": 1070}, "valid": {"n": 1200}}}
    lost = {"train": 9, "valid": 0, "test": 97}
    read = RunRecord(content | {"provenance": {"dropped_genes": lost}}, "metrics.json")
    assert (read.dropped("test"), read.dropped("valid")) == (97, 0)
    assert (read.told_genes("test"), read.told_genes("valid")) == ("1,070 of 1,167", "1,200")
    assert read.told_genes("train") == "unknown"
    older = RunRecord(content | {"provenance": {}}, "metrics.json")
    assert older.told_genes("test") == "1,070"

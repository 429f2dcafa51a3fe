"""Files of version 0.1.0 are read today, and mean the same.

made_by_0_1_0 holds a run of that version: `prism` of 8 channels and one layer, trained for 20 steps on 20 genes with
windows of 64 bp; and, in predicted.tsv.gz, what that version predicted for all 32 genes from its best.ckpt.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from prism.evaluation.comparable import ScoredRun
from prism.inference.prediction import predict
from prism.inference.trained import Trained
from prism.runs.checkpoint import read_checkpoint
from prism.runs.predictions import read_predictions
from prism.runs.record import RunRecord

THERE = Path(__file__).parent / "made_by_0_1_0"


def test_its_checkpoint_predicts_the_same_numbers(tmp_path):
    data = (THERE / "windows.h5", THERE / "genes.tsv")
    predict(THERE / "best.ckpt", *data, tmp_path / "predicted.tsv.gz", "cpu")
    then, now = read_predictions(THERE / "predicted.tsv.gz"), read_predictions(tmp_path / "predicted.tsv.gz")
    assert len(now) == 32
    assert now[["gene_id", "chrom", "tss", "expression"]].equals(
        then[["gene_id", "chrom", "tss", "expression"]]
    )
    assert np.ptp(then["prediction"]) > 0.1  # a constant would be easy to predict again
    np.testing.assert_allclose(now["prediction"], then["prediction"], rtol=0, atol=1e-5)


def test_its_checkpoint_is_whole():
    checkpoint = read_checkpoint(THERE / "best.ckpt")
    record = RunRecord.read(THERE / "metrics.json")
    assert checkpoint["provenance"] == record.provenance
    assert Trained.load(THERE / "best.ckpt").module.settings["d_model"] == 8


def test_its_record_is_written_again_line_for_line(tmp_path):
    content = RunRecord.read(THERE / "metrics.json").content
    facts = {key: value for key, value in content.items() if key != "floor"}
    again = RunRecord.of(
        tmp_path / "metrics.json", train_mean=content["floor"]["train_mean"]["test"], **facts
    )
    again.write()
    lines = (tmp_path / "metrics.json").read_text().splitlines()
    assert lines[-2].startswith(' "checksum": "sha256:')  # which that version did not write
    assert [*lines[:-3], lines[-3].removesuffix(","), "}"] == (
        THERE / "metrics.json"
    ).read_text().splitlines()


def test_its_run_can_be_compared():
    run = ScoredRun.read(THERE / "metrics.json", THERE / "predictions.tsv.gz")
    assert (run.cell_type, run.model, run.fold, run.seed) == ("tiny", "prism_tiny", "1", 2)
    assert run.score("test", "mse") == pytest.approx(0.5295010945703614, rel=1e-15)

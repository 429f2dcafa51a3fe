"""Trainings in bfloat16 on a CPU: resumed, told apart, and never mixed with float32."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prism.compute import precision
from prism.training.fit import train
from tests.unit.training.tiny_training import ENTRY, RIDGE, KillError, die_at, paths_in, run_of


def test_state_of_another_precision_is_not_continued(dataset):
    run = run_of(dataset)
    other = replace(run, cpu_precision="bf16")
    assert run.identity != other.identity
    exact = ENTRY | {"training": ENTRY["training"] | {"precision": "fp32"}}
    assert run_of(dataset, exact).identity == replace(run_of(dataset, exact), cpu_precision="bf16").identity


@pytest.mark.skipif(
    not precision.BF16_FLAGS & precision._cpu_flags(), reason="no bfloat16 products on this CPU"
)
def test_training_in_bf16(trained, dataset, tmp_path, capsys):
    run = replace(run_of(dataset), cpu_precision="bf16")
    paths = paths_in(tmp_path)
    with pytest.raises(KillError):
        train(die_at(replace(run_of(dataset), cpu_precision="bf16"), 12), paths, "cpu")
    record = train(run, paths, "cpu")
    assert "products in bf16" in capsys.readouterr().err
    assert record["provenance"]["precision"] == "bf16"
    assert record == train(run, paths_in(tmp_path / "whole"), "cpu")
    mse = record["metrics"]["test"]["mse"]
    assert mse != trained[0]["metrics"]["test"]["mse"]
    assert mse < 0.5 * record["floor"]["train_mean"]["test"]["mse"]


def test_a_closed_form_stays_in_fp32(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "_cpu_flags", set)
    record = train(replace(run_of(dataset, RIDGE), cpu_precision="bf16"), paths_in(tmp_path), "cpu")
    assert record["provenance"]["precision"] == "fp32"

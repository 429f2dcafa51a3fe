"""bfloat16 products on a CPU: chosen, refused where there are none, and never mixed with float32."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from prism.training import device
from prism.training.device import peak_memory_gb, usable_precision
from prism.training.fit import train
from tests.unit.test_state import KillError, die_at
from tests.unit.test_training import ENTRY, RIDGE, dataset, paths_in, run_of, trained

assert dataset  # fixtures
assert trained
CPU = torch.device("cpu")


def test_a_cpu_computes_in_what_is_chosen(monkeypatch):
    monkeypatch.setattr(device, "_cpu_flags", lambda: {"avx512f", "avx512_bf16"})
    assert usable_precision("bf16", CPU) == "fp32"
    assert usable_precision("bf16", CPU, "bf16") == "bf16"
    assert usable_precision("fp16", CPU, "bf16") == "bf16"
    assert usable_precision("fp32", CPU, "bf16") == "fp32"
    with pytest.raises(ValueError, match="cpu_precision 'fp16' is not one of fp32, bf16"):
        usable_precision("bf16", CPU, "fp16")
    monkeypatch.setattr(device, "_cpu_flags", lambda: {"avx512f"})
    with pytest.raises(ValueError, match=r"has no bfloat16 products .*use cpu_precision: fp32"):
        usable_precision("bf16", CPU, "bf16")
    assert usable_precision("bf16", CPU, "fp32") == "fp32"


def test_state_of_another_precision_is_not_continued(dataset):
    run = run_of(dataset)
    other = replace(run, cpu_precision="bf16")
    assert run.identity != other.identity
    exact = ENTRY | {"training": ENTRY["training"] | {"precision": "fp32"}}
    assert run_of(dataset, exact).identity == replace(run_of(dataset, exact), cpu_precision="bf16").identity


@pytest.mark.skipif(not device.BF16_FLAGS & device._cpu_flags(), reason="no bfloat16 products on this CPU")
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
    monkeypatch.setattr(device, "_cpu_flags", set)
    record = train(replace(run_of(dataset, RIDGE), cpu_precision="bf16"), paths_in(tmp_path), "cpu")
    assert record["provenance"]["precision"] == "fp32"


def test_peak_memory_is_that_of_the_process():
    held = torch.ones(50_000_000)
    before = peak_memory_gb(CPU)
    assert before > 0.2
    more = torch.ones(200_000_000)
    assert peak_memory_gb(CPU) > 0.99 * (len(held) + len(more)) * 4e-9

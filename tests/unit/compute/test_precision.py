"""bfloat16 products on a CPU: chosen, refused where there are none, and never mixed with float32."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from prism.compute import precision
from prism.compute.precision import usable_precision
from prism.training.fit import train
from tests.unit.training.loop.test_state import KillError, die_at
from tests.unit.training.test_fit import ENTRY, RIDGE, dataset, paths_in, run_of, trained

assert dataset  # fixtures
assert trained
CPU = torch.device("cpu")
# Peaks of a process of its own: that of this one was set by whatever test took most before.
PEAKS = """
import torch
from prism.compute.device import peak_memory_gb

cpu = torch.device("cpu")
before = peak_memory_gb(cpu)
numbers = torch.ones(300_000_000)
held = peak_memory_gb(cpu)
del numbers
print(before, held, peak_memory_gb(cpu))
"""


def test_a_cpu_computes_in_what_is_chosen(monkeypatch):
    monkeypatch.setattr(precision, "_cpu_flags", lambda: {"avx512f", "avx512_bf16"})
    assert usable_precision("bf16", CPU) == "fp32"
    assert usable_precision("bf16", CPU, "bf16") == "bf16"
    assert usable_precision("fp16", CPU, "bf16") == "bf16"
    assert usable_precision("fp32", CPU, "bf16") == "fp32"
    with pytest.raises(ValueError, match="cpu_precision 'fp16' is not one of fp32, bf16"):
        usable_precision("bf16", CPU, "fp16")
    monkeypatch.setattr(precision, "_cpu_flags", lambda: {"avx512f"})
    with pytest.raises(ValueError, match=r"has no bfloat16 products .*use cpu_precision: fp32"):
        usable_precision("bf16", CPU, "bf16")
    assert usable_precision("bf16", CPU, "fp32") == "fp32"


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


def test_peak_memory_is_that_of_the_process(root):
    done = subprocess.run([sys.executable, "-c", PEAKS], cwd=root, capture_output=True, text=True, check=True)
    before, held, freed = map(float, done.stdout.split())
    # loaded libraries before, 300 million float32 of 4 bytes then
    assert 0.05 < before < 1.2 < held
    assert held - before == pytest.approx(1.2, abs=0.1)
    assert freed == pytest.approx(held, abs=0.1)

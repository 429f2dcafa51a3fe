"""The benchmarks of training steps on tiny sizes: that they run what the trainer runs."""

from __future__ import annotations

import argparse

import pytest
import torch

from benchmarks import whole_training
from benchmarks.training_steps import GraphStep, ours

TINY = {"d": 8, "layers": 1, "length": 64}


def test_a_whole_training_is_taken_apart(capsys):
    options = argparse.Namespace(device="cpu", steps=12, genes=60, repeats=1, **TINY)
    found = whole_training.measure(options)
    assert found["interval"] == 3  # 6 batches of 8 in 52 training genes, validated twice in each pass
    assert found["dataset"] == pytest.approx(60 * (64 + 2 * 4 * 64 + 4 * 2) / 1e9)
    assert min(found.values()) > 0
    assert found["with validations"] > found["in training"]
    assert "training: from step 0 of 12" in capsys.readouterr().err


def test_too_short_a_training_is_refused():
    options = argparse.Namespace(device="cpu", steps=2, genes=60, repeats=1, **TINY)
    with pytest.raises(ValueError, match="--steps 2: fewer than two validations; ask for more steps"):
        whole_training.measure(options)


def test_the_captured_step_of_the_benchmark_is_the_step():
    size = argparse.Namespace(batch=2, n=2, device="cpu", precision="fp32", **TINY)
    torch.manual_seed(0)
    step = ours(size)
    torch.manual_seed(0)
    graph = GraphStep(size, capture=lambda work: work)
    for _ in range(3):
        step.whole()
        graph.whole()
    for one, other in zip(step.module.parameters(), graph.captured.module.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)

"""The benchmarks of training steps on tiny sizes: that they run what the trainer runs."""

from __future__ import annotations

import argparse
import itertools
from types import SimpleNamespace

import pytest
import torch

from benchmarks import whole_training
from benchmarks.training_steps import GraphStep, ours
from prism.training.loop.journal import Journal

TINY = {"d": 8, "layers": 1, "length": 64}


def test_a_whole_training_is_taken_apart(capsys, monkeypatch):
    """By counted clocks: 30 s from one validation to the next, 6 s from one look of the benchmark to the next."""
    looks = itertools.count(step=6.0)
    monkeypatch.setattr(whole_training, "time", SimpleNamespace(perf_counter=lambda: next(looks)))
    monkeypatch.setattr(Journal, "seconds", property(lambda self: 30.0 * (1 + len(self.rows))))
    options = argparse.Namespace(device="cpu", steps=12, genes=60, repeats=4, **TINY)
    assert whole_training.measure(options) == {
        "interval": 3,  # 6 batches of 8 in 52 training genes, validated twice in each pass
        "dataset": pytest.approx(60 * (64 + 2 * 4 * 64 + 4 * 2) / 1e9),
        "with validations": 10,
        "in training": pytest.approx(8),
        "bare": 1.5,
        "validation": 6,
    }
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

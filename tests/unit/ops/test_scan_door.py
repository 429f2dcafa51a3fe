"""The door of the selective scan: precisions, the environment, refused input, and where kernels can run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from prism.ops import selective_scan, selective_scan_reference


def draw(batch, length, d, n):
    """Random float64 inputs by name."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape):
        return torch.randn(*shape, dtype=torch.float64, generator=generator)

    sequence, states = (batch, length, d), (batch, length, n)
    return {
        "u": normal(*sequence),
        "delta": normal(*sequence),
        "A": -3 * torch.rand(d, n, dtype=torch.float64, generator=generator),
        "B": normal(*states),
        "C": normal(*states),
        "D": normal(d),
        "z": normal(*sequence),
        "delta_bias": normal(d) - 2,
    }


def test_half_precision_inputs_keep_float32_states():
    inputs = draw(2, 300, 8, 4)
    halves = {k: v.bfloat16() if k in ("u", "delta", "B", "C", "z") else v.float() for k, v in inputs.items()}
    y = selective_scan(**halves)
    assert y.dtype == torch.bfloat16
    exact = selective_scan_reference(**{k: v.double() for k, v in halves.items()})
    torch.testing.assert_close(y.double(), exact, rtol=2**-8, atol=1e-4)  # the rounding of the answer alone


def test_autocast_changes_nothing(monkeypatch):
    inputs = {k: v.float() for k, v in draw(1, 50, 4, 4).items()}
    for choice in ("", "reference"):
        monkeypatch.setenv("PRISM_SCAN", choice)
        plain = selective_scan(**inputs)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(selective_scan(**inputs), plain)


def test_environment_forces_the_twin(monkeypatch):
    inputs = {k: v.float() for k, v in draw(1, 40, 4, 4).items()}
    monkeypatch.setenv("PRISM_SCAN", "reference")
    assert torch.equal(selective_scan(**inputs), selective_scan_reference(**inputs))
    monkeypatch.setenv("PRISM_SCAN", "fast")
    with pytest.raises(ValueError, match=r"PRISM_SCAN='fast'.*'reference'"):
        selective_scan(**inputs)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("u", torch.zeros(7, 4), r"u has shape \(7, 4\), expected \(batch, length"),
        ("u", torch.zeros(2, 0, 4), r"u has shape \(2, 0, 4\), expected \(batch, length >= 1"),
        ("delta", torch.zeros(2, 6, 4), r"delta has shape \(2, 6, 4\), expected \(2, 7, 4\)"),
        ("A", torch.zeros(3, 4), r"A has shape \(3, 4\), expected \(d=4, n"),
        ("B", torch.zeros(2, 7, 5), r"B has shape \(2, 7, 5\), expected \(2, 7, 3\)"),
        ("D", torch.zeros(1), r"D has shape \(1,\), expected \(4,\)"),
        ("z", torch.zeros(2, 7, 1), r"z has shape \(2, 7, 1\), expected \(2, 7, 4\)"),
        ("C", torch.zeros(2, 7, 3, dtype=torch.int64), r"C is torch.int64, expected a floating"),
        ("C", torch.zeros(2, 7, 3, dtype=torch.float64), r"C is torch.float64, u torch.float32"),
        ("D", torch.zeros(4, device="meta"), r"D is on meta, u on cpu"),
    ],
)
def test_bad_input_is_named(name, value, message):
    inputs = {k: v.float() for k, v in draw(2, 7, 4, 3).items()}
    with pytest.raises(ValueError, match=message):
        selective_scan(**{**inputs, name: value})


def test_an_empty_batch_gives_an_empty_answer():
    inputs = {k: v.float() for k, v in draw(0, 7, 4, 3).items()}
    assert selective_scan(**inputs).shape == (0, 7, 4)


PROGRAM = """
import os, sys, torch
from prism.ops import selective_scan, selective_scan_reference
assert "numba" not in sys.modules
torch.set_num_threads(2)
x = torch.randn(2, 9, 64)
inputs = (x, x, -torch.rand(64, 4), x[..., :4], x[..., 4:8], x[0, 0])
expected = selective_scan_reference(*inputs)
torch.testing.assert_close(selective_scan(*inputs), expected)
child = os.fork()
if child == 0:
    os._exit(0 if torch.allclose(selective_scan(*inputs), expected, atol=1e-4) else 3)
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.parametrize("cache", ["written", "unwritable"])
def test_works_in_a_forked_child_and_without_a_cache(cache, tmp_path, root):
    folder = tmp_path if cache == "written" else "/proc/nowhere"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder), "PYTHONPATH": str(root)}
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=1200
    )
    assert finished.returncode == 0, finished.stderr
    assert any(tmp_path.rglob("*.nbc")) == (cache == "written")

"""Devices: which are there, and the memory that a process took."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from prism.compute.device import candidates

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


def test_peak_memory_is_that_of_the_process(root):
    done = subprocess.run([sys.executable, "-c", PEAKS], cwd=root, capture_output=True, text=True, check=True)
    before, held, freed = map(float, done.stdout.split())
    # loaded libraries before, 300 million float32 of 4 bytes then
    assert 0.05 < before < 1.2 < held
    assert held - before == pytest.approx(1.2, abs=0.1)
    assert freed == pytest.approx(held, abs=0.1)


def test_devices(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert candidates("auto") == candidates("cpu") == [torch.device("cpu")]
    with pytest.raises(ValueError, match="cuda:1 was asked for, but PyTorch sees no GPU here"):
        candidates("cuda:1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert candidates("auto") == candidates("cuda") == [torch.device("cuda", 0), torch.device("cuda", 1)]
    assert candidates("cuda:1") == [torch.device("cuda", 1)]
    with pytest.raises(ValueError, match=r"cuda:2 was asked for, but 2 GPU\(s\) here"):
        candidates("cuda:2")
    with pytest.raises(ValueError, match="'gpu' is not one of"):
        candidates("gpu")

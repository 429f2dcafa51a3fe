"""Freed memory that the process keeps: fewer page faults, and only where there is room for its fragments."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from prism.compute import malloc
from prism.training.memory import estimate

ARRAY = 64 * 2**20  # bytes; glibc would map it by itself

# Whether the kernel finds huge pages depends on what else is in memory, and they take 512 times fewer faults.
SCRIPT = f"""
import ctypes, resource
from prism.compute import malloc

PR_SET_THP_DISABLE = 41  # linux/prctl.h
if hasattr(ctypes.CDLL(None), "prctl"):
    ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        b'x' * {ARRAY}
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
by_itself = faults()
kept = malloc.keep()
faults()
print(int(kept), by_itself, faults())
"""


def test_large_arrays_are_made_in_memory_that_is_there():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    kept, by_itself, after = map(int, done.stdout.split())
    if not kept:
        pytest.skip("this C library has no mallopt")
    assert by_itself >= 1000
    assert after < by_itself / 20


def test_it_is_kept_only_where_there_is_room_for_fragments(monkeypatch):
    kept = []
    monkeypatch.setattr(malloc, "keep", lambda: kept.append(1) or True)
    assert malloc.keep_where_it_fits(need=2.0, available=5.1)
    assert not malloc.keep_where_it_fits(need=2.0, available=5.0)
    assert len(kept) == 1


def test_a_training_keeps_it_on_a_cpu_with_2_5_times_the_memory_that_it_needs(monkeypatch):
    monkeypatch.setattr(malloc, "keep", lambda: True)
    monkeypatch.setattr(estimate, "needed_bytes", lambda run, device: 2 * 2**30)
    cpu, of_the_machine = torch.device("cpu"), 6 * 2**30

    def available(device, mem_mb):
        return min(of_the_machine, (mem_mb or 10**9) * 2**20)

    monkeypatch.setattr(estimate, "available_bytes", available)
    assert estimate.keep_freed_memory(None, cpu)
    assert estimate.keep_freed_memory(None, cpu, mem_mb=5121)
    assert not estimate.keep_freed_memory(None, cpu, mem_mb=5120)
    assert not estimate.keep_freed_memory(None, torch.device("cuda"))
    of_the_machine = 5 * 2**30
    assert not estimate.keep_freed_memory(None, cpu)


def test_the_jobs_own_limit_counts():
    assert estimate.available_bytes(torch.device("cpu")) > 2**20
    assert estimate.available_bytes(torch.device("cpu"), mem_mb=1) == 2**20

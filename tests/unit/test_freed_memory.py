"""Freed memory that the process keeps: fewer page faults, and only where there is room for its fragments."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from prism.training import freed_memory, memory_need

ARRAY = 64 * 2**20  # bytes; glibc would map it by itself

# Whether the kernel finds huge pages depends on what else is in memory, and they take 512 times fewer faults.
SCRIPT = f"""
import ctypes, resource
from prism.training import freed_memory

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
kept = freed_memory.keep()
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
    calls = []
    monkeypatch.setattr(freed_memory, "keep", lambda: calls.append(1) or True)
    monkeypatch.setattr(freed_memory, "needed_bytes", lambda run, device: 2 * 2**30)
    cpu, room = torch.device("cpu"), {"of the machine": 6 * 2**30}

    def available(device, mem_mb):
        return min(room["of the machine"], (mem_mb or 10**9) * 2**20)

    monkeypatch.setattr(freed_memory, "available_bytes", available)
    assert freed_memory.keep_where_it_fits(None, cpu)
    assert freed_memory.keep_where_it_fits(None, cpu, mem_mb=5121)
    assert not freed_memory.keep_where_it_fits(None, cpu, mem_mb=5120)
    assert not freed_memory.keep_where_it_fits(None, torch.device("cuda"))
    room["of the machine"] = 5 * 2**30
    assert not freed_memory.keep_where_it_fits(None, cpu)
    assert len(calls) == 2


def test_the_jobs_own_limit_counts(tmp_path, monkeypatch):
    group = tmp_path / "job" / "step"
    group.mkdir(parents=True)
    for folder, limit, used in ((group, "max", "5"), (group.parent, "1000", "400")):
        (folder / "memory.max").write_text(limit + "\n")
        (folder / "memory.current").write_text(used + "\n")
    assert memory_need._left_of_cgroup(tmp_path, "/job/step") == [600]
    assert memory_need.available_bytes(torch.device("cpu")) > 2**20
    assert memory_need.available_bytes(torch.device("cpu"), mem_mb=1) == 2**20

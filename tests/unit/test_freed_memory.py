"""A process that keeps freed memory takes page faults for an array once, not each time that it is made."""

from __future__ import annotations

import subprocess
import sys

import pytest

ARRAY = 64 * 2**20  # bytes; glibc would map it by itself

SCRIPT = f"""
import resource
from prism.training import freed_memory

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

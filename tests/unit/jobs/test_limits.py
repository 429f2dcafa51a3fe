"""A job's clock, and the margin that it keeps before its limit."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from prism.jobs.limits import Limits

CLOCK = """
import time
begun = time.monotonic()
from prism.jobs.limits import process_seconds
print(begun, time.monotonic() - process_seconds(), time.monotonic() - process_seconds())
"""


def test_the_clock_starts_with_the_process():
    """After this one asked for it, and before its first line; the kernel notes it in hundredths of a second."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    asked = time.monotonic()
    done = subprocess.run([sys.executable, "-c", CLOCK], env=environment, capture_output=True, text=True)
    first_line, start, again = map(float, done.stdout.split())
    assert asked - 0.02 <= start < first_line, done.stderr
    assert asked - 0.02 <= again < first_line


def test_margin_is_the_longest_of_what_may_come():
    limits = Limits(minutes=60, elapsed=lambda: 3539)
    assert limits.margin() == 60
    assert not limits.reached()
    limits.note(25)
    limits.note(7)
    assert limits.margin() == 75
    assert limits.reached()
    assert Limits(minutes=5).margin() == 30  # of a short limit a tenth
    assert not Limits(elapsed=lambda: 1e9).reached()

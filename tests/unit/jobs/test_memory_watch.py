"""What a job's memory is found to be, also of a process that was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from prism.jobs import memory_watch
from prism.jobs.attempts import HostMemoryError
from prism.jobs.job import job
from prism.jobs.limits import Limits
from prism.jobs.memory_watch import MemoryWatch, memory_for, peak_mb


def test_a_dataset_too_large_for_memory(tmp_path):
    told = pytest.raises(HostMemoryError, match=r"before training began: .*more mem_mb")
    with told, job(tmp_path / "state", Limits(mem_mb=100), 1, print):
        np.empty(2**45)
    assert memory_for(100, tmp_path / "state") == 150


KILLED = """
import os, signal, sys, time
from prism.jobs import records
from prism.jobs.memory_watch import MemoryWatch
with MemoryWatch(sys.argv[1], int(sys.argv[2])):
    held = b"x" * (200 * 2**20)
    while records.read(sys.argv[1] + "/running.json")["peak_mb"] < 200:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("limit", "ran_out"), [(230, True), (600, False)])
def test_a_killed_process_leaves_what_tells_why(limit, ran_out, tmp_path):
    """As the kernel kills: nothing can be written any more. The job holds some 210 MB."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(limit)]
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    assert not (tmp_path / "out_of_memory.json").exists()
    # asked before the next attempt runs
    assert memory_for(limit, tmp_path) == (345 if ran_out else limit)
    with MemoryWatch(tmp_path, 345) as watch:
        assert (watch.before is not None) == ran_out
        assert (tmp_path / "out_of_memory.json").exists() == ran_out
    assert memory_for(limit, tmp_path) == (345 if ran_out else limit)
    assert not (tmp_path / "running.json").exists()


def test_a_second_shortage_grows_further(tmp_path):
    (tmp_path / "out_of_memory.json").write_text('{"mem_mb": 100, "message": "first"}')
    (tmp_path / "running.json").write_text('{"mem_mb": 150, "peak_mb": 149}')
    assert memory_for(100, tmp_path) == 225
    (tmp_path / "running.json").write_text("{cut sh")
    assert memory_for(100, tmp_path) == 150


def test_the_highest_use_is_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(memory_watch, "SECONDS", 0.01)
    with MemoryWatch(tmp_path, 8000):
        first = json.loads((tmp_path / "running.json").read_text())
        assert first["pid"] == os.getpid()
        monkeypatch.setattr(memory_watch, "peak_mb", lambda: 2 * first["peak_mb"])
        deadline = time.monotonic() + 600  # for a hang only
        while time.monotonic() < deadline:
            if json.loads((tmp_path / "running.json").read_text())["peak_mb"] == 2 * first["peak_mb"]:
                break
            time.sleep(0.01)
        else:
            pytest.fail("the record stayed as it was")
    assert 10 < peak_mb() < 100_000


def test_planning_asks_without_loading_torch():
    code = "import sys, prism.jobs.attempts, prism.jobs.memory_watch\n"
    code += "print(sorted({'torch', 'numpy', 'pandas'} & {*sys.modules}))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr

"""Downloads that are killed, and downloads that meet."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from fault_server import FaultServer, Reply

BODY = np.random.default_rng(222).bytes(3_000_000)
MD5 = hashlib.md5(BODY).hexdigest()
ROOT = Path(__file__).parents[2]


@pytest.fixture
def server():
    with FaultServer() as server:
        yield server


def start(address: str, out: Path, *more: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "workflow_scripts.download", "--address", address, "--out", str(out)]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*command, "--pause", "0.01", *more], env=environ, stderr=subprocess.PIPE, text=True, cwd=out.parent
    )


class Watch(threading.Thread):
    """Looks at the final name all the time; `wrong` counts what should never be seen there."""

    def __init__(self, out: Path):
        super().__init__(daemon=True)
        self.out, self.wrong, self.right, self.over = out, 0, 0, False

    def run(self) -> None:
        while not self.over:
            try:
                good = hashlib.md5(self.out.read_bytes()).hexdigest() == MD5
                manifest = json.loads(Path(f"{self.out}.json").read_text())
                self.wrong += not (good and manifest["md5"] == MD5)
                self.right += good
            except FileNotFoundError:
                pass
            time.sleep(0.003)


@pytest.mark.parametrize("md5", [(), ("--md5", MD5)])
def test_killed_twenty_times(server, tmp_path, md5):
    """10 kills without and 10 with an md5; each at a random moment."""
    out, dice = tmp_path / "x.bin", random.Random(2)
    address = server.put("/x.bin", BODY, usual=Reply(pace=3_000_000))
    watch = Watch(out)
    watch.start()
    kills = 0
    while kills < 10:
        seen = len(server.requests)
        process = start(address, out, *md5)
        # Every second kill falls anywhere, start-up included; the others while bytes are coming.
        while kills % 2 and len(server.requests) == seen and process.poll() is None:
            time.sleep(0.005)
        try:
            process.wait(dice.uniform(0, 0.5))
        except subprocess.TimeoutExpired:
            process.kill()
            kills += 1
        process.communicate()
        if process.returncode == 0:
            # Finished before its kill: begin again, as after a change of the table.
            out.unlink()
            Path(f"{out}.json").unlink()
    last = start(address, out, *md5)
    assert last.wait(20) == 0, last.stderr.read()
    time.sleep(0.05)
    watch.over = True
    watch.join()
    assert watch.wrong == 0
    assert watch.right > 0
    assert hashlib.md5(out.read_bytes()).hexdigest() == MD5
    assert sum("Range" in request.headers for request in server.requests) >= 3
    # A lock file may outlive a killed process; nothing else does.
    assert {path.name for path in tmp_path.iterdir()} - {"x.bin.lock"} == {"x.bin", "x.bin.json"}


def test_two_at_once_wait_for_each_other(server, tmp_path):
    """A download that outlived its workflow, and the one of the next run."""
    out = tmp_path / "x.bin"
    address = server.put("/x.bin", BODY, usual=Reply(pace=3_000_000))
    first = start(address, out)
    while not server.requests:
        assert first.poll() is None
        time.sleep(0.01)
    second = start(address, out)
    words = second.communicate(timeout=20)[1]
    assert first.communicate(timeout=20) is not None
    assert first.returncode == second.returncode == 0
    assert f"another process (process {first.pid} on" in words
    assert "here already" in words
    assert len(server.requests) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"x.bin", "x.bin.json"}


def test_progress_lines_are_plain_and_rare(server, tmp_path):
    address = server.put("/x.bin", BODY, usual=Reply(pace=3_000_000))
    process = start(address, tmp_path / "x.bin", "--progress-every", "0.3")
    words = process.communicate(timeout=20)[1]
    lines = words.splitlines()
    assert lines[0] == "x.bin: 3.0 MB from 127.0.0.1"
    shares = [line for line in lines if "MB/s" in line and line.endswith(" left")]
    assert 1 <= len(shares) <= 6
    assert "\r" not in words

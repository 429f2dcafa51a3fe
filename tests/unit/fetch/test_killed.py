"""Downloads that are killed, and downloads that meet."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.unit.fetch.fault_server import Reply

BODY = np.random.default_rng(222).bytes(3_000_000)
MD5 = hashlib.md5(BODY).hexdigest()
ROOT = Path(__file__).parents[3]
LEFT = {"x.bin", "x.bin.json", ".kept.x.bin", ".kept.x.bin.json"}
HANG = 600  # seconds: no verdict depends on it


def start(address: str, out: Path, *more: str) -> subprocess.Popen:
    command = [
        sys.executable,
        "-m",
        "workflow_scripts.inputs.download",
        "--address",
        address,
        "--out",
        str(out),
    ]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*command, "--pause", "0.01", *more], env=environ, stderr=subprocess.PIPE, text=True, cwd=out.parent
    )


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + HANG
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.003)


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


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
    out, part, dice = tmp_path / "x.bin", tmp_path / "x.bin.part", random.Random(2)
    address = server.put("/x.bin", BODY, usual=Reply(pace=3_000_000))
    watch = Watch(out)
    watch.start()
    kills, kept = 0, []
    while kills < 10 or (len(kept) < 3 and kills < 100):
        wanted = size_of(part) + dice.randint(1, 600_000)
        process = start(address, out, *md5)
        # Every second kill falls anywhere, start-up included; the others while bytes are coming.
        if kills % 2:
            while size_of(part) < wanted and process.poll() is None:
                time.sleep(0.005)
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(dice.uniform(0, 0.5))
        process.kill()
        process.communicate()
        if process.returncode != 0:
            kills += 1
            kept += [size_of(part)] if 0 < size_of(part) < len(BODY) else []
        else:
            # Finished before its kill: begin again, as after a change of the table.
            for path in tmp_path.iterdir():
                path.unlink(missing_ok=True)
    last = start(address, out, *md5)
    assert last.wait(HANG) == 0, last.stderr.read()
    wait_for(lambda: watch.right or not watch.is_alive())
    watch.over = True
    watch.join()
    assert watch.wrong == 0
    assert watch.right > 0
    assert hashlib.md5(out.read_bytes()).hexdigest() == MD5
    # What a kill left is gone on from.
    assert len(kept) >= 3
    asked = {request.headers.get("Range") for request in server.requests}
    assert {f"bytes={size}-" for size in kept} <= asked
    # A lock file may outlive a killed process; nothing else does.
    assert {path.name for path in tmp_path.iterdir()} - {"x.bin.lock"} == LEFT


def test_two_at_once_wait_for_each_other(server, tmp_path):
    """A download that outlived its workflow, and the one of the next run."""
    out = tmp_path / "x.bin"
    address = server.put("/x.bin", BODY, usual=Reply(hold_after=1 << 20))
    first = start(address, out)
    wait_for(lambda: server.requests or first.poll() is not None)
    second = start(address, out)
    words = second.stderr.readline()
    server.go_on.set()
    words += second.communicate(timeout=HANG)[1]
    assert first.communicate(timeout=HANG) is not None
    assert first.returncode == second.returncode == 0
    assert f"another process (process {first.pid} on" in words
    assert "here already" in words
    assert len(server.requests) == 1
    assert {path.name for path in tmp_path.iterdir()} == LEFT


def test_progress_lines_are_plain_and_rare(server, tmp_path):
    """Two thirds come only when a line is due; no more lines than the time that the process ran has room for."""
    address, began = server.put("/x.bin", BODY, usual=Reply(hold_after=1 << 20)), time.monotonic()
    process = start(address, tmp_path / "x.bin", "--progress-every", "0.3")
    wait_for(lambda: size_of(tmp_path / "x.bin.part") or process.poll() is not None)
    time.sleep(0.31)
    server.go_on.set()
    words = process.communicate(timeout=HANG)[1]
    lines = words.splitlines()
    assert lines[0] == "x.bin: 3.0 MB from 127.0.0.1"
    shares = [line for line in lines if "MB/s" in line and line.endswith(" left")]
    assert 1 <= len(shares) <= (time.monotonic() - began) / 0.3
    assert "\r" not in words

"""What is kept of a training's memory, so that a retry can be given more after it ran out, and only then.

Two small files beside the training state: `running.json` while a training is alive, with its highest use so far,
and `out_of_memory.json` from a shortage until the run succeeds. A process that the kernel's or the cluster's killer
ends cannot write the second; it leaves the first behind, and that tells. Nothing heavy is imported here: the workflow
asks before a job starts.
"""

from __future__ import annotations

import json
import math
import os
import resource
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from prism.jobs import records

RUNNING, OUT_OF_MEMORY = "running.json", "out_of_memory.json"
# A killed process that had used this part of its limit is taken to have been killed for it: the rest of a job
# (Snakemake itself, a shell) counts against the limit too, and the use is looked at four times a second.
CLOSE = 0.85
GROWTH = 1.5
SECONDS = 0.25
WORTH_WRITING = 1.02


def shortage(folder: str | Path) -> dict[str, Any] | None:
    """The record of a run's last memory shortage, or None.

    folder: the run's state directory. The record that the run wrote itself, or what a killed one left behind where its
    highest use came close to its limit. Keys: `mem_mb`, the limit of host memory that was too small (None where
    another memory was, or no limit was known); `peak_mb`; `message`.
    """
    left = records.read(Path(folder) / RUNNING)
    if left and left.get("mem_mb") and left.get("peak_mb", 0) >= CLOSE * left["mem_mb"]:
        said = f"killed when it had used {left['peak_mb']:,} of {left['mem_mb']:,} MB"
        return left | {"message": said}
    return records.read(Path(folder) / OUT_OF_MEMORY)


def memory_for(base_mb: int, folder: str | Path) -> int:
    """MB to give to the next attempt: `base_mb`, or half as much again as what was too small."""
    record = shortage(folder)
    too_small = record.get("mem_mb") if record else None
    return max(base_mb, math.ceil(GROWTH * too_small)) if too_small else base_mb


def forget(folder: str | Path) -> None:
    """Remove what is known of a shortage: the run has succeeded."""
    (Path(folder) / OUT_OF_MEMORY).unlink(missing_ok=True)


def peak_mb() -> int:
    """The most memory that this process has held at a time, MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, kB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


class MemoryWatch:
    """Keeps `running.json` while it is entered: a light thread writes the highest use whenever it has risen.

    folder: the run's state directory. mem_mb: the job's limit, None where it has none. A record that a killed process
    left is turned into one of a shortage first, if it tells of one; `before` is the last shortage's record, or None.
    """

    def __init__(self, folder: str | Path, mem_mb: int | None) -> None:
        self.folder, self.mem_mb = Path(folder), mem_mb
        self.before = shortage(folder)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> MemoryWatch:
        if self.before:
            records.write(self.folder / OUT_OF_MEMORY, self.before)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write(peak_mb())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for name in (RUNNING, f"{RUNNING}.part"):
            (self.folder / name).unlink(missing_ok=True)

    def ran_out(self, message: str, on_host: bool) -> None:
        """Write `out_of_memory.json`; a shortage on a GPU asks for no more of the host's memory than before."""
        limit = self.mem_mb if on_host else (self.before or {}).get("mem_mb")
        found = {"mem_mb": limit, "peak_mb": peak_mb(), "message": message}
        records.write(self.folder / OUT_OF_MEMORY, found)

    def _follow(self) -> None:
        while not self._stop.wait(SECONDS):
            now = peak_mb()
            if now >= WORTH_WRITING * self._written:
                try:
                    self._write(now)
                except OSError:  # a full disk stops no training
                    return

    def _write(self, peak: int) -> None:
        self._written = peak
        process = {"pid": os.getpid(), "host": socket.gethostname()}
        # at once, unsynced: it is to outlive this process, not the machine
        part = self.folder / f"{RUNNING}.part"
        part.write_text(json.dumps(process | {"mem_mb": self.mem_mb, "peak_mb": peak}) + "\n")
        part.replace(self.folder / RUNNING)

"""Records of a training's memory: after a shortage, and only then, the next attempt can be given more.

There are two small files beside the training state. `running.json` exists while a training is alive and holds
its highest use so far; `out_of_memory.json` stays from a shortage until the run succeeds. A process killed by
the kernel or the cluster cannot write the second, but the first, left behind, shows what happened. Nothing
heavy is imported here, because the workflow asks before a job starts.
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

    folder: the run's state directory.

    The record is the run's own, or `running.json` of a killed process whose highest use came close to its
    limit. Keys: `mem_mb`, the limit of host memory that was too small (None if other memory ran out, or no
    limit was known); `peak_mb`; `message`.
    """
    left = records.read(Path(folder) / RUNNING)
    if left and left.get("mem_mb") and left.get("peak_mb", 0) >= CLOSE * left["mem_mb"]:
        said = f"killed when it had used {left['peak_mb']:,} of {left['mem_mb']:,} MB"
        return left | {"message": said}
    return records.read(Path(folder) / OUT_OF_MEMORY)


def memory_for(base_mb: int, folder: str | Path) -> int:
    """MB to give to the next attempt: the usual amount, or 1.5 times the limit that was too small.

    base_mb: the usual amount, MB.
    folder: the run's state directory.
    """
    record = shortage(folder)
    too_small = record.get("mem_mb") if record else None
    return max(base_mb, math.ceil(GROWTH * too_small)) if too_small else base_mb


def forget(folder: str | Path) -> None:
    """Remove the record of a shortage, once the run has succeeded.

    folder: the run's state directory.
    """
    (Path(folder) / OUT_OF_MEMORY).unlink(missing_ok=True)


def peak_mb() -> int:
    """The most memory that this process has held at one time, MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, kB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


class MemoryWatch:
    """Keeps `running.json` up to date inside a `with` block; a light thread writes each new highest use.

    folder: the run's state directory.
    mem_mb: the job's limit, MB; None for no limit.

    `before` holds the record of the last shortage, or None. If a killed process left a record that shows a
    shortage, it becomes `out_of_memory.json` when the block begins.
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
        """Write `out_of_memory.json`.

        message: what ran out, and what to do.
        on_host: whether it was the host's memory; a shortage on a GPU asks for no more host memory than
        before.
        """
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

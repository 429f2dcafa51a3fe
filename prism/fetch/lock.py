"""One process at a time works on a file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prism.fetch.progress import Say


@contextmanager
def alone(out: Path, say: Say) -> Iterator[None]:
    """Hold `<out>.lock` while the block runs, after waiting for whoever holds it.

    out: the file to work on.
    say: writes one line of the log.

    A process that dies lets go of its lock. A killed workflow may leave its download running, and the next
    one must not write into the same `.part`. On a file system without locks the work goes on without one, and
    one line says so.
    """
    path = Path(f"{out}.lock")
    handle = _acquire(path, out.name, say)
    try:
        yield
    finally:
        # Removed while it is held: whoever waited for it sees that it is gone and makes a new one.
        path.unlink(missing_ok=True)
        os.close(handle)


def _acquire(path: Path, name: str, say: Say) -> int:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 100, 0).decode(errors="replace").strip() or "unknown"
            say(f"{name}: another process ({holder}) is fetching it; waiting")
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as trouble:
            say(f"{name}: no file locks here ({trouble.strerror}); going on without one")
            return handle
        if _is_still(path, handle):
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"process {os.getpid()} on {os.uname().nodename}\n".encode(), 0)
            return handle
        os.close(handle)


def _is_still(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(handle))
    except FileNotFoundError:
        return False

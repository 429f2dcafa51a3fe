"""Keeps two trainings of the same run apart."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prism.jobs.attempts import TemporaryError

NAME = "lock"


@contextmanager
def locked(folder: str | Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold a run's state directory while the block runs.

    folder: the directory; it is made if missing, and removed at the end if nothing is left in it.
    say: writes one line of the log.
    Raises TemporaryError, naming the process, if another one holds the directory.

    The lock is the operating system's, so a killed process leaves none behind. On a file system without locks
    the run goes on without one, and says so.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    held = _hold(folder / NAME, say)
    try:
        yield
    finally:
        # removed while it is held: whoever waits for this file finds it gone and makes a new one
        (folder / NAME).unlink(missing_ok=True)
        os.close(held)
        with suppress(OSError):
            folder.rmdir()  # if nothing else is in it


def _hold(path: Path, say: Callable[[str], None]) -> int:
    while True:
        held = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(held, 1000).decode().strip() or "another process"
            os.close(held)
            raise TemporaryError(
                f"{path.parent}: this run is being trained by {holder}; wait for it, or stop it and re-run"
            ) from None
        except OSError as error:
            say(
                f"{path}: cannot be locked ({error.strerror}); make sure that no second process trains this run"
            )
            return held
        if _is(path, held):
            os.ftruncate(held, 0)
            os.write(held, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
            return held
        os.close(held)


def _is(path: Path, descriptor: int) -> bool:
    """Whether `path` still names the open file: its holder may have removed it in between."""
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    mine = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)

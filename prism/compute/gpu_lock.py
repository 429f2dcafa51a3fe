"""A GPU for one run at a time."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from prism.compute.device import candidates
from prism.jobs.limits import Limits, OutOfTimeError


@contextmanager
def reserved(
    wanted: str, say: Callable[[str], None], poll_seconds: float = 5.0, limits: Limits | None = None
) -> Iterator[torch.device]:
    """Yield a device that no other run of this workflow holds, after waiting for one if need be.

    A resource limit on a scheduler's command line replaces the profile's, so two trainings can be started on one GPU.
    The lock makes the second take another GPU, or wait; it is the operating system's, so a killed run leaves none
    behind. A CPU is never locked.

    wanted: auto, cpu, cuda or cuda:<number>.
    say: where a line about waiting goes.
    poll_seconds: from one look at the locks to the next, default 5.
    limits: of the job; None for no limits.
    Raises ValueError where there is no such device; OutOfTimeError when the job's time is up before one is free.
    """
    devices = candidates(wanted)
    if devices[0].type == "cpu":
        yield devices[0]
        return
    waiting = False
    while True:
        for device in devices:
            lock = _try_lock(device)
            if lock is not None:
                try:
                    yield device
                finally:
                    os.close(lock)
                return
        if not waiting:
            say(f"waiting: another run holds {', '.join(map(str, devices))}")
            waiting = True
        if limits and limits.reached():
            raise OutOfTimeError(f"the time limit came while another run held {', '.join(map(str, devices))}")
        time.sleep(poll_seconds)


def _try_lock(device: torch.device) -> int | None:
    """An open, locked file descriptor, or None where another process has the lock."""
    # by the card's own id: cuda:0 names different cards under different CUDA_VISIBLE_DEVICES
    card = getattr(torch.cuda.get_device_properties(device), "uuid", device.index)
    path = _lock_folder() / f"prism-gpu-{card}.lock"
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:  # made by another user in a sticky folder; a lock needs no right to write
        lock = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _lock_folder() -> Path:
    # one for the machine: TMPDIR may be another for every job
    shared = Path("/dev/shm")
    return shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())

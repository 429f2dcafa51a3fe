"""hictkpy, with the thread that it starts for its log kept from taking a core from the work.

That thread (of hictkpy 1.4.0) asks an empty queue for messages without rest, so every process that imports hictkpy
would use a whole core more. It cannot be stopped from Python; Linux can be told to run it with the lowest priority.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_TASKS = Path("/proc/self/task")  # Linux; elsewhere nothing is done
_LOWEST = 19


def _threads() -> set[int]:
    return {int(task.name) for task in _TASKS.iterdir()} if _TASKS.is_dir() else set()


_before = _threads()
import hictkpy  # noqa: E402

for _thread in _threads() - _before:
    with contextlib.suppress(OSError):  # ended meanwhile, or not allowed here
        os.setpriority(os.PRIO_PROCESS, _thread, _LOWEST)

__all__ = ["hictkpy"]

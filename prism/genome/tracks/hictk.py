"""hictkpy, with the lowest priority for the thread that it starts for its log.

That thread (of hictkpy 1.4.0) polls an empty queue without a pause, so every process that imports hictkpy
would use a whole core more. Python cannot stop it, but Linux can run it with the lowest priority.
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

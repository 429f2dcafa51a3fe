"""A training as a job of a workflow: one at a time, within its limits, with a record of what ended it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prism.jobs.attempts import GpuMemoryError, HostMemoryError, attempted
from prism.jobs.limits import Limits
from prism.jobs.lock import locked
from prism.jobs.memory_watch import MemoryWatch, forget


@contextmanager
def job(state: str | Path, limits: Limits, attempt: int, say: Callable[[str], None]) -> Iterator[None]:
    """Hold a run's state directory while its data are read and it is trained.

    state: the directory. attempt: from 1, of this job. Raises ValueError where another process trains the run, where
    an attempt before failed for good, and (HostMemoryError, GpuMemoryError) where memory ran out; the latter leaves
    `out_of_memory.json` in the directory until the run succeeds.
    """
    with locked(state, say), attempted(state, attempt), MemoryWatch(state, limits.mem_mb) as watch:
        if watch.before:
            say(f"memory ran out before: {watch.before['message']}")
        try:
            yield
        except (HostMemoryError, GpuMemoryError) as error:
            watch.ran_out(str(error), isinstance(error, HostMemoryError))
            raise
        except MemoryError as error:  # the dataset itself
            message = f"out of memory before training began: {error}; give the job more mem_mb"
            watch.ran_out(message, on_host=True)
            raise HostMemoryError(message) from error
        forget(state)

"""A training as a job of a workflow: one at a time, within its limits, with a record of how it ended."""

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
    """Hold a run's state directory while the block reads the run's data and trains it.

    state: the directory that keeps an unfinished run.
    limits: the job's minutes and memory.
    attempt: number of this attempt of the job, from 1.
    say: writes one line of the log.
    Raises ValueError if another process trains the run or an earlier attempt failed for good, HostMemoryError
    or GpuMemoryError if memory ran out.

    After a shortage `out_of_memory.json` stays in the directory until the run succeeds.
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

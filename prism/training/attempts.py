"""Retries of a run: which failures another attempt cannot mend.

Snakemake tries a failed job again whatever it failed of. An attempt that ended with an error of the user's to mend
(bad input, a loss that is not finite, a time limit too short for one step) leaves its message beside the state, and
the next attempts of the same job end with it at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prism.training import records

RECORD = "failed.json"
# EX_TEMPFAIL of sysexits.h: nothing is wrong, another attempt goes on
EXIT_TRY_AGAIN = 75


class TemporaryError(ValueError):
    """A failure that another attempt may not meet."""


class HostMemoryError(TemporaryError):
    """The host's memory was too small; the next attempt may be given more."""


class GpuMemoryError(ValueError):
    """A GPU's memory was too small, and stays so."""


@contextmanager
def attempted(folder: str | Path, attempt: int) -> Iterator[None]:
    """Do the work of attempt number `attempt` (from 1) of a job; folder: the run's state directory.

    Raises ValueError where an attempt before ended with an error that this one would meet again.
    """
    path = Path(folder) / RECORD
    before = records.read(path)
    if before and attempt > 1:
        raise TemporaryError(f"attempt {attempt} not begun, the one before ended with: {before['message']}")
    path.unlink(missing_ok=True)
    try:
        yield
    except TemporaryError:
        raise
    except ValueError as error:
        records.write(path, {"message": str(error)})
        raise

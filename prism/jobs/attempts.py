"""Retries of a run: which failures another attempt cannot mend.

Snakemake tries a failed job again whatever it failed of. An attempt that ended with an error of the user's to mend
(bad input, a loss that is not finite, a time limit too short for one step) leaves its message beside the state, and
the next attempts of the same job end with it at once.

An attempt also leaves where it began (the newest step saved by then): whether it got further, which the workflow asks
before it counts the attempt, is read from that and from the states. Nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prism.jobs import records

RECORD, BEGUN = "failed.json", "begun.json"
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
    records.write(Path(folder) / BEGUN, {"steps": _saved_steps(folder)})
    try:
        yield
    except TemporaryError:
        raise
    except ValueError as error:
        records.write(path, {"message": str(error)})
        raise
    (Path(folder) / BEGUN).unlink(missing_ok=True)


def got_further(folder: str | Path) -> bool:
    """Whether the last attempt saved a later step than it began with, and another may go on from there.

    folder: the run's state directory. False where the last attempt ended with an error that another would meet again.
    To be asked once an attempt: the record of where it began is removed, so that an attempt that did not begin (another
    process trains the run) counts as one that got no further.
    """
    path = Path(folder) / BEGUN
    begun = records.read(path)
    if begun is None or (Path(folder) / RECORD).exists():
        return False
    path.unlink(missing_ok=True)
    before = begun.get("steps", {})
    return any(step > before.get(run, 0) for run, step in _saved_steps(folder).items())


def _saved_steps(folder: str | Path) -> dict[str, int]:
    """The newest step saved under each run identity: the files of `prism.training.loop.state`."""
    newest: dict[str, int] = {}
    for path in Path(folder).glob("*/step-*.pt"):
        run, step = path.parent.name, int(path.stem.removeprefix("step-"))
        newest[run] = max(step, newest.get(run, 0))
    return newest

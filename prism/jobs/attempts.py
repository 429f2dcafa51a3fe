"""Retries of a run: which failures another attempt can overcome.

Snakemake repeats a failed job whatever the reason. If an attempt ends with an error that only the user can
correct (bad input, a loss that is not finite, a time limit too short for one step), it leaves the message
beside the state, and the next attempts of the same job end with it at once.

An attempt also records where it began (the newest step saved by then). From that and from the saved states
the workflow learns whether the attempt got further, before it counts it. Nothing heavy is imported here.
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
    """The host's memory was too small; the next attempt may get more."""


class GpuMemoryError(ValueError):
    """A GPU's memory was too small, and another attempt would not change that."""


@contextmanager
def attempted(folder: str | Path, attempt: int) -> Iterator[None]:
    """Do the work of one attempt of a job inside the block.

    folder: the run's state directory.
    attempt: number of this attempt, from 1.
    Raises ValueError if an earlier attempt ended with an error that this one would meet again.
    """
    path = Path(folder) / RECORD
    before = records.read(path)
    if before and attempt > 1:
        raise TemporaryError(f"attempt {attempt} not started; the one before ended with: {before['message']}")
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
    """Say whether the last attempt saved a later step than it began with, so that another may go on.

    folder: the run's state directory.

    False if the last attempt ended with an error that another would meet again. Ask once per attempt: the
    question removes the record of where the attempt began. So an attempt that did not begin (because another
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

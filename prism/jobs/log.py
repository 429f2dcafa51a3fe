"""Lines of a job's log, and how it comes to hold all attempts."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

HOME = "PRISM_HOME"  # of the environment: a rule's command sets it


def say(line: str) -> None:
    """Write one line of the log to stderr at once.

    line: its text.
    """
    print(line, file=sys.stderr, flush=True)


def begin(attempt: int) -> None:
    """Write the line that begins an attempt of a job in its log, which holds all attempts.

    attempt: its number, from 1; attempts before one that got further are not counted.
    """
    say(f"--- attempt {attempt} begins: {_now_and_here()} ---")


def log_of_a_rule() -> Path | None:
    """The file that stderr goes to, where a rule of the workflow has sent it there; None elsewhere."""
    if HOME not in os.environ:
        return None
    try:
        if hasattr(fcntl, "F_GETPATH"):  # macOS
            path = Path(os.fsdecode(fcntl.fcntl(2, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0")))
        else:
            path = Path("/proc/self/fd/2").readlink()
        is_log = path.is_file() and path.suffix == ".log"
    except OSError:
        return None
    return path if is_log else None


def go_on(log: Path) -> None:
    """Begin the log of an attempt with what the attempts before wrote: Snakemake removes a log before each attempt.

    log: the file that stderr goes to. A second link to it, `.<name>.kept` beside it, outlives the removal; nothing is
        kept where a file system has no hard links.
    """
    kept, part = _kept(log), log.with_name(f".{log.name}.part")
    if kept.exists() and not kept.samefile(log):
        sys.stderr.write(kept.read_text(errors="replace"))
        say(f"--- again: {_now_and_here()} ---")
    with suppress(OSError):
        part.unlink(missing_ok=True)
        os.link(log, part)
        part.replace(kept)
        part.unlink(missing_ok=True)  # of two names of one file, a rename removes neither


def ended(log: Path) -> None:
    """Remove the second link, once the job has succeeded.

    log: the file that stderr goes to.
    """
    _kept(log).unlink(missing_ok=True)


def _kept(log: Path) -> Path:
    return log.with_name(f".{log.name}.kept")


def _now_and_here() -> str:
    return f"{time.strftime('%Y-%m-%d %H:%M:%S %Z')}, process {os.getpid()} on {socket.gethostname()}"


class Countdown:
    """Says now and then how far a job is, and how long it will still take.

    total: pieces of work.
    unit: what they are, in the plural.
    say: writes one line of the log.
    seconds: from one line to the next, default 60.
    now: gives the seconds of a clock.
    """

    def __init__(
        self,
        total: int,
        unit: str,
        say: Callable[[str], None] = say,
        seconds: float = 60.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total, self.unit, self._say, self.seconds, self._now = total, unit, say, seconds, now
        self._started = self._last = now()

    def reached(self, done: int) -> None:
        """Write a line if the last one is long enough ago.

        done: pieces of work that are finished.
        """
        now = self._now()
        if now - self._last < self.seconds or not 0 < done < self.total:
            return
        self._last = now
        per_second = done / (now - self._started)
        left = clock((self.total - done) / per_second)
        self._say(f"{done:,} of {self.total:,} {self.unit}, {per_second:.3g} a second, {left} left")


def clock(seconds: float) -> str:
    """A duration in hours, minutes and seconds, such as '1:02:03'.

    seconds: the duration.
    """
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"

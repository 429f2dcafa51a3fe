"""What a job may use: minutes and memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

LEAST_MARGIN = 60.0  # seconds
MOST_OF_LIMIT = 0.1  # of a short limit, the least margin is no more than this part
LONGEST = 3.0  # times the longest stretch between two looks at the clock


def process_seconds() -> float:
    """Seconds since this process was started, which is before this module's first line ran."""
    stat, clock = Path("/proc/self/stat"), getattr(time, "CLOCK_BOOTTIME", None)
    if clock is None or not stat.exists():
        return time.monotonic() - _IMPORTED
    # the command's name, in brackets, may hold blanks; the start is the 20th field after it
    ticks = int(stat.read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(clock) - ticks / os.sysconf("SC_CLK_TCK")


_IMPORTED = time.monotonic()


class OutOfTimeError(Exception):
    """The job's time is up; its work is saved."""


@dataclass
class Limits:
    """What a job may use.

    minutes: wall-clock time of the process; None for no limit.
    mem_mb: its memory, MB; None for no limit.
    elapsed: gives the seconds that the process has run.
    longest: seconds of the longest stretch without a look at the clock so far; filled in by `note`.
    """

    minutes: float | None = None
    mem_mb: int | None = None
    elapsed: Callable[[], float] = process_seconds
    longest: float = field(default=0.0, init=False)  # seconds

    def note(self, seconds: float) -> None:
        """Remember the length of a stretch that cannot be interrupted, such as a step or writing the state.

        seconds: length of the stretch.
        """
        self.longest = max(self.longest, seconds)

    def margin(self) -> float:
        """Seconds before the limit at which to stop: three times the longest stretch, at least a minute.

        Of a limit below ten minutes, the least margin is a tenth.
        """
        least = min(LEAST_MARGIN, MOST_OF_LIMIT * 60.0 * self.minutes) if self.minutes else 0.0
        return max(least, LONGEST * self.longest)

    def reached(self) -> bool:
        """Whether it is time to stop."""
        return self.minutes is not None and self.elapsed() + self.margin() >= 60.0 * self.minutes

"""How far a transfer has come, in plain lines for a log file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

Say = Callable[[str], None]


def to_stderr(line: str) -> None:
    """Print one line to stderr at once.

    line: its text.
    """
    print(line, file=sys.stderr, flush=True)


def size_in_words(n: float) -> str:
    """A size with a decimal unit: '312 B', '1.2 MB', '9.03 GB'.

    n: bytes.
    """
    for unit, scale, digits in (("GB", 1e9, 2), ("MB", 1e6, 1), ("kB", 1e3, 0)):
        if n >= scale:
            return f"{n / scale:.{digits}f} {unit}"
    return f"{n:.0f} B"


def time_in_words(seconds: float) -> str:
    """A duration as '45 s', '3 min 20 s' or '2 h 05 min'.

    seconds: the duration.
    """
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


class Progress:
    """Logs how far a stream of bytes has come.

    name: of the file.
    total: bytes of the whole file, or None if unknown.
    start: bytes that were here already; they count in the share, not in the speed.
    say: writes one line of the log.
    every: least seconds between two lines; default 10.
    clock: gives the time in seconds; default `time.monotonic`.
    """

    def __init__(
        self,
        name: str,
        total: int | None,
        start: int,
        say: Say,
        every: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.name, self.total, self.start = name, total, start
        self.say, self.every, self.clock = say, every, clock
        self.began = self.said = clock()

    def at(self, position: int) -> None:
        """Take note of how many bytes are here, and log a line if it is time.

        position: bytes of the file that are here.
        """
        now = self.clock()
        if now - self.said < self.every:
            return
        self.said = now
        speed = (position - self.start) / max(now - self.began, 1e-9)
        line = f"{self.name}: {size_in_words(position)}"
        if self.total:
            line += f" of {size_in_words(self.total)} ({100 * position / self.total:.0f} %)"
        line += f", {speed / 1e6:.1f} MB/s"
        if self.total and speed > 0:
            line += f", {time_in_words((self.total - position) / speed)} left"
        self.say(line)

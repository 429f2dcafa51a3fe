"""How far a transfer is, in plain lines that read well in a log file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

Say = Callable[[str], None]


def to_stderr(line: str) -> None:
    """Print one line to stderr at once."""
    print(line, file=sys.stderr, flush=True)


def size_in_words(n: float) -> str:
    """`n` bytes with a decimal unit: '312 B', '1.2 MB', '9.03 GB'."""
    for unit, scale, digits in (("GB", 1e9, 2), ("MB", 1e6, 1), ("kB", 1e3, 0)):
        if n >= scale:
            return f"{n / scale:.{digits}f} {unit}"
    return f"{n:.0f} B"


def time_in_words(seconds: float) -> str:
    """`seconds` as '45 s', '3 min 20 s' or '2 h 05 min'."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


class Progress:
    """Says where a stream of bytes is, at most once every `every` seconds.

    name: of the file; total: bytes of the whole file or None; start: bytes that were here already
    (they count in the share, not in the speed).
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
        """Tell that `position` bytes of the file are here."""
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

"""Lines of a run's log."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """Write one line of the log to stderr at once.

    line: its text.
    """
    print(line, file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """A duration in hours, minutes and seconds, such as '1:02:03'.

    seconds: the duration.
    """
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"

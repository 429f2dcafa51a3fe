"""Lines of a run's log."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """One line of the log, at once."""
    print(line, file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """'1:02:03' hours, minutes, seconds."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"

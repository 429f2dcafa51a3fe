"""How long to wait for a server, and how often to come back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from prism.fetch.errors import BrokenError, RefusedError
from prism.fetch.progress import Say, time_in_words

Result = TypeVar("Result")


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server, and how often to try again.

    connect: seconds without an answer before an attempt fails; default 30.
    read: seconds without a byte before an attempt fails; default 60.
    attempts: failures in a row before giving up; default 9.
    pause: seconds before the second attempt, doubled each time; default 2.
    longest_pause: most seconds between two attempts; default 120.
    steady: bytes beyond the furthest point so far that an attempt must add for the count to start anew;
    default 8 MiB. So a 9 GB file arrives over a line that drops every few minutes.
    progress_every: seconds between lines of progress; default 10.
    """

    connect: float = 30.0
    read: float = 60.0
    attempts: int = 9
    pause: float = 2.0
    longest_pause: float = 120.0
    steady: int = 8 << 20
    progress_every: float = 10.0

    def persist(
        self, action: Callable[[], Result], name: str, say: Say, position: Callable[[], int] = lambda: 0
    ) -> Result:
        """Call an action again until it succeeds, and return its result.

        action: what to do; it raises BrokenError for a failure that may pass.
        name: of the file, for messages.
        say: writes one line of the log.
        position: gives the bytes of the file that are here, asked after each failure; default: always 0.
        Raises RefusedError after `attempts` failures in a row.
        """
        failures, furthest = 0, position()
        while True:
            try:
                return action()
            except BrokenError as trouble:
                failures = 1 if position() >= furthest + self.steady else failures + 1
                furthest = max(furthest, position())
                if failures >= self.attempts:
                    raise RefusedError(
                        f"{trouble}; gave up after {failures} attempts, re-run to go on"
                    ) from None
                wait = min(self.longest_pause, max(self.pause * 2 ** (failures - 1), trouble.wait))
                say(f"{name}: {trouble}; attempt {failures + 1} of {self.attempts} in {time_in_words(wait)}")
            time.sleep(wait)

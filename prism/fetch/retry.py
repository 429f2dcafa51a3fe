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
    """connect, read: seconds without an answer, without a byte, before an attempt counts as failed;
    attempts: in a row; pause: seconds before the second one, doubled each time up to longest_pause;
    steady: bytes that an attempt must add to the furthest point reached so far for the count to
    start anew (a 9 GB file over a line that drops every few minutes arrives); progress_every: seconds.
    """

    connect: float = 30.0
    read: float = 60.0
    attempts: int = 6
    pause: float = 2.0
    longest_pause: float = 120.0
    steady: int = 8 << 20
    progress_every: float = 10.0

    def persist(
        self, action: Callable[[], Result], name: str, say: Say, position: Callable[[], int] = lambda: 0
    ) -> Result:
        """Call `action` until it does not raise BrokenError; RefusedError after `attempts` failures
        in a row.

        position: bytes of the file that are here, asked after each failure.
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

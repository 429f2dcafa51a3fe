"""How far a training is: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time

import pytorch_lightning as pl

from prism.jobs.log import clock, say
from prism.training.loop.journal import line_of
from prism.training.loop.task import Task


class Progress(pl.Callback):
    """A line at every validation; between validations a line by the clock, or a bar on a terminal.

    seconds: from one line to the next, default 30.
    """

    def __init__(self, seconds: float = 30.0) -> None:
        self.terminal = sys.stderr.isatty()
        self.seconds = 0.2 if self.terminal else seconds

    def on_train_start(self, trainer: pl.Trainer, task: Task) -> None:
        self._started = self._last = time.monotonic()
        self._first_step = task.step

    def on_train_batch_end(self, trainer: pl.Trainer, task: Task, outputs, batch, batch_idx: int) -> None:
        now = time.monotonic()
        if now - self._last < self.seconds:
            return
        self._last = now
        done = task.step + 1  # the callback's hook comes before the task's own, which counts the step
        line = f"step {done}/{task.data.steps}, {self._pace(done, task.data.steps)}"
        if self.terminal:
            filled = 24 * done // task.data.steps
            print(
                f"\r[{'#' * filled}{'.' * (24 - filled)}] {line}\033[K", end="", file=sys.stderr, flush=True
            )
        else:
            say(line)

    def on_validation_end(self, trainer: pl.Trainer, task: Task) -> None:
        row = task.journal.rows[-1]
        if self.terminal:
            print("\r\033[K", end="", file=sys.stderr)
        pace = self._pace(task.step, task.data.steps)
        say(f"{line_of(row, task.data.steps, task.journal.best['step'])}; {pace}")

    def _pace(self, done: int, steps: int) -> str:
        seconds = time.monotonic() - self._started
        per_second = (done - self._first_step) / max(seconds, 1e-9)
        return f"{per_second:.3g} steps/s, {clock((steps - done) / max(per_second, 1e-9))} left"

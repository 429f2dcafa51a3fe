"""Writes the training state at every validation, and by the clock between validations."""

from __future__ import annotations

import time

import lightning.pytorch as pl
from lightning.pytorch.utilities.exceptions import SIGTERMException

from prism.training.state import RunState
from prism.training.task import Task


class KeepState(pl.Callback):
    """Saves `Task.state()` so that a kill costs at most `minutes` of training.

    Always between two steps, after the validation if one was due: a state never stands in mid-air.
    """

    def __init__(self, states: RunState, minutes: float) -> None:
        self.states, self.seconds = states, 60.0 * minutes
        self._last = time.monotonic()

    def on_validation_end(self, trainer: pl.Trainer, task: Task) -> None:
        self._save(task)

    def on_train_batch_start(self, trainer: pl.Trainer, task: Task, batch, batch_idx: int) -> None:
        # the callback's hook comes before the task's own: nothing of this step has happened yet
        if time.monotonic() - self._last >= self.seconds:
            self._save(task)

    def on_exception(self, trainer: pl.Trainer, task: Task, exception: BaseException) -> None:
        # Slurm's warning before it kills; Lightning raises this only between two steps
        if isinstance(exception, SIGTERMException):
            self._save(task)

    def _save(self, task: Task) -> None:
        self.states.save(task.state())
        self._last = time.monotonic()

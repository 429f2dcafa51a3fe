"""Writes the training state at every validation, and by the clock between validations."""

from __future__ import annotations

import time

import pytorch_lightning as pl
from pytorch_lightning.utilities.exceptions import SIGTERMException

from prism.jobs.limits import Limits, OutOfTimeError
from prism.training.loop.state import RunState
from prism.training.loop.task import Task


class KeepState(pl.Callback):
    """Saves `Task.state()` so that a kill costs at most `minutes` of training.

    Always between two steps, after the validation if one was due: a state never stands in mid-air. Stops the training
    (OutOfTimeError) when its time limit is near, with the state saved. saved_step: of the newest state.
    """

    def __init__(self, states: RunState, minutes: float, limits: Limits, saved_step: int) -> None:
        self.states, self.seconds, self.limits = states, 60.0 * minutes, limits
        self.saved_step = saved_step
        self._last = self._looked = time.monotonic()

    def on_validation_end(self, trainer: pl.Trainer, task: Task) -> None:
        self._save(task)

    def on_train_batch_start(self, trainer: pl.Trainer, task: Task, batch, batch_idx: int) -> None:
        # the callback's hook comes before the task's own: nothing of this step has happened yet
        now = time.monotonic()
        self.limits.note(now - self._looked)
        self._looked = now
        time_is_up = self.limits.reached()
        if time_is_up or now - self._last >= self.seconds:
            self._save(task)
        if time_is_up:
            raise OutOfTimeError

    def on_exception(self, trainer: pl.Trainer, task: Task, exception: BaseException) -> None:
        # Slurm's warning before it kills; Lightning raises this between two steps, or two batches of a validation
        if isinstance(exception, SIGTERMException) and not task.validating:
            self._save(task)

    def _save(self, task: Task) -> None:
        if task.step != self.saved_step:
            self.states.save(task.state())
            self.saved_step = task.step
        self._last = time.monotonic()

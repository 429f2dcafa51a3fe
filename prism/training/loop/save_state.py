"""Saves the training state at every validation and by the clock between validations; ends a training in time."""

from __future__ import annotations

import time

import pytorch_lightning as pl
from pytorch_lightning.utilities.exceptions import SIGTERMException

from prism.jobs.limits import Limits, OutOfTimeError
from prism.training.loop.state import RunState
from prism.training.loop.task import Task


class SaveState(pl.Callback):
    """Saves `Task.state()` so that a kill costs at most `minutes` of training.

    A state is always of the moment between two steps, after the validation if one was due. When the job's time limit is
    near, the state is saved and the training stops with OutOfTimeError. `saved_step` is the step of the newest state.

    states: where the states go.
    minutes: most training that a kill may cost.
    limits: of the job.
    first_step: the step that this training begins with.
    Raises ValueError where the time limit does not suffice for one step.
    """

    def __init__(self, states: RunState, minutes: float, limits: Limits, first_step: int) -> None:
        self.states, self.seconds, self.limits = states, 60.0 * minutes, limits
        self.first_step = self.saved_step = first_step
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
            self._stop(task)

    def on_exception(self, trainer: pl.Trainer, task: Task, exception: BaseException) -> None:
        # Slurm's warning before it kills; Lightning raises this between two steps, or two batches of a validation
        if isinstance(exception, SIGTERMException) and not task.validating:
            self._save(task)

    def _save(self, task: Task) -> None:
        if task.step != self.saved_step:
            self.states.save(task.state())
            self.saved_step = task.step
        self._last = time.monotonic()

    def _stop(self, task: Task) -> None:
        limits = self.limits
        if task.step == self.first_step:
            raise ValueError(
                f"the job's {limits.minutes:g} minutes do not suffice for one step: {limits.elapsed():.0f} s went by "
                f"before step {task.step + 1}, and {limits.margin():.0f} s are kept to end in; give it more runtime "
                "(minutes)"
            )
        raise OutOfTimeError(
            f"stopped before the limit of {limits.minutes:g} minutes at step {task.step} of {task.data.steps}, "
            f"{limits.margin():.0f} s to spare"
        )

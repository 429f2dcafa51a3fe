"""The history of a training as TensorBoard shows it."""

from __future__ import annotations

from pathlib import Path

import pytorch_lightning as pl

from prism.training.loop.event_file import EventFile
from prism.training.loop.task import Task


class Board(pl.Callback):
    """Every history row as scalars at its step.

    A resumed run starts the file again from the rows that its state holds, so no step stands there twice, and none that
    was lost with a kill.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = folder

    def on_train_start(self, trainer: pl.Trainer, task: Task) -> None:
        self._file = EventFile(self.folder)
        for row in task.journal.rows:
            self._add(row)

    def on_validation_end(self, trainer: pl.Trainer, task: Task) -> None:
        self._add(task.journal.rows[-1])

    def _add(self, row: dict[str, float]) -> None:
        self._file.add(int(row["step"]), {name: value for name, value in row.items() if name != "step"})

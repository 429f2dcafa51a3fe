"""Fitting by gradient descent, with Lightning."""

from __future__ import annotations

import logging
import warnings

import lightning.pytorch as pl
import torch
from lightning.pytorch.plugins.environments import LightningEnvironment
from lightning.pytorch.utilities.exceptions import SIGTERMException
from lightning.pytorch.utilities.warnings import PossibleUserWarning
from torch import nn

from prism.training.data import FoldData
from prism.training.fitted import Fitted
from prism.training.keeping import KeepState
from prism.training.log import say
from prism.training.progress import Progress
from prism.training.run import Run
from prism.training.state import RunState
from prism.training.task import Task

LIGHTNING_PRECISION = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
EXIT_AFTER_SIGTERM = 143


def fit_by_gradient(
    module: nn.Module, run: Run, device: torch.device, precision: str, states: RunState, state_minutes: float
) -> Fitted:
    """Train `module` on a run's fold, going on from its newest state if there is one."""
    _quieten_lightning()
    state = states.load()
    first_step = state["step"] if state else 0
    data = FoldData(run.windows, run.splits, run.settings, run.seed, first_step)
    task = Task(module, data)
    if state:
        task.resume(state)
    every = f"validating every {data.interval}, {data.batches_per_epoch} in an epoch"
    start = f"resumed at step {first_step} (state {run.identity})" if state else "from step 0"
    say(f"training: {start} of {data.steps}, {every}")
    if first_step < data.steps:
        callbacks = [KeepState(states, state_minutes), Progress()]
        _fit(_trainer(data.steps - first_step, device, precision, callbacks), task, data)
    best = task.journal.best
    return Fitted(best["state_dict"], best["step"], task.journal.rows)


def _trainer(steps: int, device: torch.device, precision: str, callbacks: list[pl.Callback]) -> pl.Trainer:
    on_gpu = device.type == "cuda"
    return pl.Trainer(
        accelerator="gpu" if on_gpu else "cpu",
        devices=[device.index] if on_gpu else 1,
        precision=LIGHTNING_PRECISION[precision],
        max_steps=steps,
        max_epochs=-1,
        callbacks=callbacks,
        # one process: Lightning would otherwise read Slurm's task count and wait for ranks that never come
        plugins=[LightningEnvironment()],
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        inference_mode=True,
    )


def _fit(trainer: pl.Trainer, task: Task, data: FoldData) -> None:
    try:
        trainer.fit(task, datamodule=data)
    except SIGTERMException:
        # by itself it would end the process as a success
        say(f"stopped by SIGTERM at step {task.step}; a re-run goes on from there")
        raise SystemExit(EXIT_AFTER_SIGTERM) from None
    if task.step != data.steps:
        raise RuntimeError(f"training ended at step {task.step} of {data.steps}")


def _quieten_lightning() -> None:
    """Keep Lightning's advice out of the log: worker processes would only slow data that lie in memory."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", category=PossibleUserWarning)
    warnings.filterwarnings("ignore", category=FutureWarning, module="lightning")

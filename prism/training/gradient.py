"""Fitting by gradient descent: Lightning runs the loop, and everything that it calls is put together here."""

from __future__ import annotations

import logging
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.environments import LightningEnvironment
from pytorch_lightning.utilities.exceptions import SIGTERMException
from pytorch_lightning.utilities.warnings import PossibleUserWarning
from torch import nn

from prism.jobs.log import say
from prism.training.cuda_graph.task import task_of
from prism.training.loop.data import FoldData
from prism.training.loop.journal import Fitted
from prism.training.loop.micro_batches import refuse_coupled
from prism.training.loop.progress import Progress
from prism.training.loop.save_state import SaveState
from prism.training.loop.state import RunState
from prism.training.loop.task import Task
from prism.training.loop.tensorboard import TensorBoard
from prism.training.run import Conditions, Run

LIGHTNING_PRECISION = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
EXIT_AFTER_SIGTERM = 143


def fit_by_gradient(
    module: nn.Module,
    run: Run,
    device: torch.device,
    precision: str,
    states: RunState,
    conditions: Conditions,
) -> Fitted:
    """Train a model on a run's fold, going on from the newest state if there is one.

    module: the model, with its weights of the start.
    run: what is trained on what.
    device: where it computes.
    precision: of matrix products: fp32, bf16 or fp16.
    states: the saved states of this run.
    conditions: what is saved when, and when the training has to stop.

    Returns the weights of the best validation MSE, and the history.
    Raises ValueError where the time does not suffice for one step, where micro_batch does not suit the model, and where
    a loss or a prediction is not finite; OutOfTimeError before the job's time limit and SystemExit
    (EXIT_AFTER_SIGTERM) after SIGTERM or Ctrl-C, each with the state saved.
    """
    refuse_coupled(module, run.settings.micro_batch, run.settings.batch_size)
    state = states.load()
    first_step = state["step"] if state else 0
    data = FoldData(run, first_step)
    task = task_of(module, data, device, precision, conditions.cuda_graphs)
    if state:
        task.resume(state)
    if line := batch_warning(run):
        say(line)
    start = f"resumed at step {first_step} (state {run.identity})" if state else "from step 0"
    every = f"validating every {data.interval}, {data.batches_per_epoch} in an epoch"
    say(f"training: {start} of {data.steps}, {every}")
    if first_step < data.steps:
        _take_steps(task, data, device, precision, states, conditions)
    best = task.journal.best
    return Fitted(best["state_dict"], best["step"], task.journal.rows)


def batch_warning(run: Run) -> str | None:
    """A line where a batch is larger than all training genes, which are then every step's; else None.

    run: what is trained on what.
    """
    genes, size = len(run.indices("train")), run.settings.batch_size
    if size <= genes:
        return None
    return f"warning: batch_size {size} is more than the {genes} training genes: each step sees all of them"


def _take_steps(
    task: Task,
    data: FoldData,
    device: torch.device,
    precision: str,
    states: RunState,
    conditions: Conditions,
) -> None:
    """All steps that are left. Lightning's loop, and in it first the callbacks' hooks, then those of the task:

    for stretch in data.train_dataloader():      # the steps up to the next validation
        for item in stretch:
            on_train_batch_start                 # SaveState: by the clock; Task: learning rate
            task.training_step, backward, task.configure_gradient_clipping, optimiser.step
            on_train_batch_end                   # Progress: a line; Task: journal, step + 1
        for item in data.val_dataloader():
            task.validation_step
        task.on_validation_epoch_end             # a row of the history, the best weights
        on_validation_end                        # SaveState, Progress, TensorBoard
    """
    save = SaveState(states, conditions.state_minutes, conditions.limits, task.step)
    callbacks: list[pl.Callback] = [save, Progress()]
    if conditions.tensorboard:
        callbacks.append(TensorBoard(conditions.tensorboard))
    _quieten_lightning()
    trainer = _trainer(data.steps - task.step, device, precision, callbacks)
    try:
        with _interrupt_as_sigterm():
            trainer.fit(task, datamodule=data)
    except SIGTERMException:
        # by itself it would end the process as a success
        say(f"stopped by SIGTERM at step {task.step}; a re-run goes on from step {save.saved_step}")
        raise SystemExit(EXIT_AFTER_SIGTERM) from None
    if task.step != data.steps:
        raise RuntimeError(f"training ended at step {task.step} of {data.steps}")


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


@contextmanager
def _interrupt_as_sigterm() -> Iterator[None]:
    """Let the first Ctrl-C end a training between two steps, as SIGTERM does; a second one ends it at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def terminate(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        signal.raise_signal(signal.SIGTERM)

    signal.signal(signal.SIGINT, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _quieten_lightning() -> None:
    """Keep Lightning's advice out of the log: worker processes would only slow down data that are in memory."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", category=PossibleUserWarning)
    warnings.filterwarnings("ignore", category=FutureWarning, module="pytorch_lightning")

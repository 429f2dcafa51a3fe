"""Fitting by gradient descent, with Lightning."""

from __future__ import annotations

import logging
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.environments import LightningEnvironment
from pytorch_lightning.utilities.exceptions import SIGTERMException
from pytorch_lightning.utilities.warnings import PossibleUserWarning
from torch import nn

from prism.jobs.attempts import EXIT_TRY_AGAIN
from prism.jobs.limits import Limits, OutOfTimeError
from prism.jobs.log import say
from prism.training.cuda_graph.task import task_of
from prism.training.loop.board import Board
from prism.training.loop.data import FoldData
from prism.training.loop.fitted import Fitted
from prism.training.loop.micro_batches import refuse_coupled
from prism.training.loop.progress import Progress
from prism.training.loop.save_state import KeepState
from prism.training.loop.state import RunState
from prism.training.loop.task import Task
from prism.training.run import Run

LIGHTNING_PRECISION = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
EXIT_AFTER_SIGTERM = 143


def fit_by_gradient(
    module: nn.Module,
    run: Run,
    device: torch.device,
    precision: str,
    states: RunState,
    state_minutes: float,
    limits: Limits | None = None,
    tensorboard: Path | None = None,
    cuda_graphs: bool = False,
) -> Fitted:
    """Train `module` on a run's fold, going on from its newest state if there is one.

    state_minutes: most training that a kill may cost. limits: of the job; when its time is up, the process ends
    with EXIT_TRY_AGAIN and the state saved. tensorboard: folder of event files, None for none. cuda_graphs: capture the
    step on a GPU, where that can be.
    Raises ValueError where the time does not suffice for one step, or micro_batch does not suit the model.
    """
    refuse_coupled(module, run.settings.micro_batch, run.settings.batch_size)
    limits = limits or Limits()
    _quieten_lightning()
    state = states.load()
    first_step = state["step"] if state else 0
    data = FoldData(run.windows, run.splits, run.settings, run.seed, first_step)
    task = task_of(module, data, device, precision, cuda_graphs)
    if state:
        task.resume(state)
    every = f"validating every {data.interval}, {data.batches_per_epoch} in an epoch"
    start = f"resumed at step {first_step} (state {run.identity})" if state else "from step 0"
    say(f"training: {start} of {data.steps}, {every}")
    if first_step < data.steps:
        keep = KeepState(states, state_minutes, limits, first_step)
        callbacks = [keep, Progress(), *([Board(tensorboard)] if tensorboard else [])]
        _fit(_trainer(data.steps - first_step, device, precision, callbacks), task, keep)
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


def _fit(trainer: pl.Trainer, task: Task, keep: KeepState) -> None:
    first_step, data = task.step, task.data
    try:
        with _interrupt_as_sigterm():
            trainer.fit(task, datamodule=data)
    except SIGTERMException:
        # by itself it would end the process as a success
        say(f"stopped by SIGTERM at step {task.step}; a re-run goes on from step {keep.saved_step}")
        raise SystemExit(EXIT_AFTER_SIGTERM) from None
    except OutOfTimeError:
        _end_in_time(task, first_step, keep.limits)
    if task.step != data.steps:
        raise RuntimeError(f"training ended at step {task.step} of {data.steps}")


def _end_in_time(task: Task, first_step: int, limits: Limits) -> NoReturn:
    if task.step == first_step:
        raise ValueError(
            f"the job's {limits.minutes:g} minutes do not suffice for one step: {limits.elapsed():.0f} s went by "
            f"before step {first_step + 1}, and {limits.margin():.0f} s are kept to end in; give it more runtime "
            "(minutes)"
        ) from None
    say(
        f"stopped before the limit of {limits.minutes:g} minutes at step {task.step} of {task.data.steps}, "
        f"{limits.margin():.0f} s to spare; a re-run goes on from there"
    )
    raise SystemExit(EXIT_TRY_AGAIN) from None


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
    """Keep Lightning's advice out of the log: worker processes would only slow data that lie in memory."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", category=PossibleUserWarning)
    warnings.filterwarnings("ignore", category=FutureWarning, module="pytorch_lightning")

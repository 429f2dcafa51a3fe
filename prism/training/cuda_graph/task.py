"""The training task whose steps are replayed."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from prism.genome.batch import Batch
from prism.jobs.log import say
from prism.ops.choice import triton_serves_gpus
from prism.training.cuda_graph.adamw import make_capturable, make_plain, plain
from prism.training.cuda_graph.step import Capture, CapturedStep, cuda_graph, obstacle
from prism.training.loop.data import FoldData, Item
from prism.training.loop.readback import Readback
from prism.training.loop.task import Task


class CapturedTask(Task):
    """A task that captures its step before the first one and replays it from then on.

    To Lightning it is a task like any other, whose `training_step` has done everything already: `backward` and
    `optimizer_step` have nothing left to do, and Lightning counts steps, and stops, as always. Where the step cannot be
    captured, and for a batch of another size, both do their usual work.

    module: a model of `prism.models`.
    data: the fold that it is trained on.
    precision: of matrix products: fp32 or bf16.
    capture: makes what repeats a step; a CUDA graph by default.
    """

    def __init__(
        self, module: nn.Module, data: FoldData, precision: str, capture: Capture = cuda_graph
    ) -> None:
        super().__init__(module, data)
        self.products, self.capture = precision, capture
        self.captured: CapturedStep | None = None
        self._refused = self._replays = False

    def configure_optimizers(self) -> torch.optim.Optimizer:
        optimiser = super().configure_optimizers()
        make_capturable(optimiser)
        return optimiser

    def on_train_batch_start(self, item: Item, batch_idx: int) -> None:
        super().on_train_batch_start(item, batch_idx)
        if self.captured is None and not self._refused:
            self._prepare(item.batch)
        self._replays = self.captured is not None and self.captured.fits(item.batch)

    def training_step(self, item: Item, batch_idx: int) -> Tensor:
        if not self._replays:
            return super().training_step(item, batch_idx)
        self._seen = self.captured.replay(item.batch)
        self.refuse_bad_loss()  # of the step before; the GPU is at work on this one meanwhile
        self._to_check = (self.step, item.indices, Readback(self.captured.values))
        return self._seen["train_loss"]

    def backward(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        if not self._replays:
            super().backward(loss, *args, **kwargs)

    def optimizer_step(self, epoch, batch_idx, optimizer, optimizer_closure=None) -> None:
        if self._replays:
            optimizer_closure()  # of Lightning; it calls training_step
        else:
            super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)

    def state(self) -> dict[str, Any]:
        state = super().state()
        return state | {"optimiser": plain(state["optimiser"])}

    def teardown(self, stage: str) -> None:
        self.captured = None  # and with it the graph's memory

    def _prepare(self, batch: Batch) -> None:
        optimiser = self.optimizers(use_pl_optimizer=False)
        largest = self.settings.gradient_clip or float("inf")
        captured = CapturedStep(self.loss_of, self.module, optimiser, batch, self.products, largest)
        try:
            captured.prepare(self.capture)
        except RuntimeError as error:
            self._refused = True
            make_plain(optimiser)
            self.set_learning_rate()
            _say_unused(" ".join(str(error).split())[:200])
        else:
            self.captured = captured
            say("step: one CUDA graph")


def task_of(
    module: nn.Module, data: FoldData, device: torch.device, precision: str, cuda_graphs: bool
) -> Task:
    """The task of a training: on a GPU with captured steps, where they are wanted and possible; else the log says why.

    module: a model of `prism.models`.
    data: the fold that it is trained on.
    device: where the model computes.
    precision: of matrix products: fp32, bf16 or fp16.
    cuda_graphs: whether captured steps are wanted.
    """
    if device.type != "cuda":
        return Task(module, data)
    why_not = obstacle(module, data.settings, precision) if cuda_graphs else "switched off"
    if not (why_not or triton_serves_gpus()):
        why_not = "without Triton's scan a step is too many operations"
    if why_not:
        _say_unused(why_not)
        return Task(module, data)
    return CapturedTask(module, data, precision)


def _say_unused(reason: str) -> None:
    say(f"CUDA graph: not used ({reason}); going on step by step")

"""The training task: one optimiser step after another, validations in between, and what a restart needs."""

from __future__ import annotations

import math
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn import functional

from prism.genome.batch import Batch
from prism.genome.dataset.joint import gene_names
from prism.inference.prediction import NotFiniteError
from prism.models.parameter_groups import parameter_groups
from prism.protocol.schedule import learning_rate_at
from prism.training.loop.data import FoldData, Item
from prism.training.loop.evaluate import close_validation
from prism.training.loop.journal import Journal
from prism.training.loop.micro_batches import accumulated
from prism.training.loop.readback import Readback
from prism.training.loop.state import random_state, restore_random_state


class Task(pl.LightningModule):
    """Trains a model on a fold. The methods follow the order in which Lightning calls them.

    Once: `configure_optimizers`, `on_train_start`.
    Each step: `on_train_batch_start` (learning rate), `training_step` (loss), the backward pass,
    `configure_gradient_clipping`, the optimiser's step, `on_train_batch_end` (journal).
    Each validation, between two steps: `on_validation_epoch_start`, `validation_step` for every batch,
    `on_validation_epoch_end` (history row, best weights).

    module: a model of `prism.models`.
    data: the fold that it is trained on.
    """

    def __init__(self, module: nn.Module, data: FoldData) -> None:
        super().__init__()
        self.module, self.data, self.settings = module, data, data.settings
        self.journal = Journal()
        self.step = 0  # optimiser steps done, over all restarts
        self.validating = False  # in the middle of a validation there is no state to save
        self._resumed: dict[str, Any] | None = None
        self._to_check: tuple[int, list[int], Tensor | Readback] | None = None
        self._seen: dict[str, Tensor] = {}
        self._predicted: list[Tensor] = []

    def configure_optimizers(self) -> torch.optim.Optimizer:
        groups = parameter_groups(self.module, self.settings.weight_decay)
        optimiser = torch.optim.AdamW(
            groups, lr=self.settings.learning_rate, betas=tuple(self.settings.betas)
        )
        if self._resumed:
            optimiser.load_state_dict(self._resumed["optimiser"])
        return optimiser

    def on_train_start(self) -> None:
        if self._resumed and self._resumed["precision"]:  # empty but for fp16's loss scale
            self.trainer.precision_plugin.load_state_dict(self._resumed["precision"])

    def on_train_batch_start(self, item: Item, batch_idx: int) -> None:
        if self._resumed:
            # as late as possible: whatever drew random numbers in setting up is undone
            restore_random_state(self._resumed["random"], self.device)
            self._resumed = None
        self.set_learning_rate()

    def set_learning_rate(self) -> None:
        """Give the optimiser the learning rate of the coming step."""
        rate = learning_rate_at(self.step, self.data.steps, self.settings)
        for group in self.optimizers().param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)  # a captured step reads it from there
            else:
                group["lr"] = rate

    def training_step(self, item: Item, batch_idx: int) -> Tensor:
        self.refuse_bad_loss()
        size = self.settings.micro_batch
        if size is None or size >= len(item.batch):
            loss, terms = self.loss_of(item.batch)
        else:
            scale = self._loss_scale.get_scale() if self._loss_scale else 1.0
            loss, terms = accumulated(self.loss_of, self.module, item.batch, size, scale)
        self._seen = {"train_loss": loss.detach()} | {f"loss_{k}": v.detach() for k, v in terms.items()}
        self._to_check = (self.step, item.indices, loss.detach().reshape(1))
        return loss

    def loss_of(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted loss of a batch, a mean over its genes, and its terms by name, unweighted.

        batch: with expression.
        """
        output = self.module(batch)
        loss = functional.smooth_l1_loss(output.expression.float(), batch.expression)
        terms = {"expression": loss} | output.losses
        for name, value in output.losses.items():
            loss = loss + self.module.loss_weights[name] * value
        return loss, terms

    def configure_gradient_clipping(
        self, optimizer, gradient_clip_val=None, gradient_clip_algorithm=None
    ) -> None:
        largest = self.settings.gradient_clip or float("inf")
        norm = nn.utils.clip_grad_norm_(self.module.parameters(), largest)
        self._seen["grad_norm"] = norm.detach()
        if self._to_check and self._loss_scale is None:
            # weights are lost with an infinite gradient, whatever the loss; a loss scale skips such steps
            step, indices, loss = self._to_check
            self._to_check = (step, indices, Readback(torch.cat([loss, norm.detach().reshape(1)])))

    def on_train_batch_end(self, outputs, item: Item, batch_idx: int) -> None:
        self.journal.add(self._seen)
        self.step += 1

    def refuse_bad_loss(self) -> None:
        """Check the last step's loss and gradient. Raises NotFiniteError, naming step and genes.

        They are looked at one step late: asking a GPU at once would leave it idle while the next step is prepared.
        """
        if self._to_check is None:
            return
        step, indices, values = self._to_check
        self._to_check = None
        values = values.tolist()
        if not all(map(math.isfinite, values)):
            what = "the gradient's norm" if math.isfinite(values[0]) else "the loss"
            value = values[-1] if math.isfinite(values[0]) else values[0]
            genes = ", ".join(gene_names(self.data.windows, indices))
            raise NotFiniteError(
                f"{what} of step {step} is {value}; genes of its batch: {genes}. Look at their "
                "signals and labels; if these are sound, lower learning_rate or use precision fp32"
            )

    def on_validation_epoch_start(self) -> None:
        self.refuse_bad_loss()
        self._predicted, self.validating = [], True

    def validation_step(self, item: Item, batch_idx: int) -> None:
        self._predicted.append(self.module(item.batch.without_expression()).expression.float())

    def on_validation_epoch_end(self) -> None:
        prediction = torch.cat(self._predicted).cpu().numpy()
        rate = learning_rate_at(self.step - 1, self.data.steps, self.settings)
        epoch = self.step / self.data.batches_per_epoch
        at = {"step": self.step, "epoch": epoch, "learning_rate": rate}
        close_validation(self.journal, self.module, self.data.run, prediction, at, self.device)
        self.validating = False

    def state(self) -> dict[str, Any]:
        """Everything that `resume` needs, in plain types and tensors."""
        self.refuse_bad_loss()
        # before the first step after a restart the generators still wait to be restored
        random = self._resumed["random"] if self._resumed else random_state(self.device)
        return {
            "step": self.step,
            "model": self.module.state_dict(),
            "optimiser": self.optimizers(use_pl_optimizer=False).state_dict(),
            "precision": self.trainer.precision_plugin.state_dict(),
            "journal": self.journal.state_dict(),
            "random": random,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state; to be called before the fit.

        state: what `state` returned, here or in a process before.
        """
        self.step = state["step"]
        self.module.load_state_dict(state["model"])
        self.journal.load_state_dict(state["journal"])
        self._resumed = state

    @property
    def _loss_scale(self):
        """fp16's loss scale; None in any other precision."""
        return getattr(self.trainer.precision_plugin, "scaler", None)

"""How a model is trained: the `training` part of an entry of config/models.yaml."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

SCHEDULES = ("cosine", "constant", "linear_then_constant")
PRECISIONS = ("fp32", "bf16", "fp16")

OPTIONAL = ("steps", "epochs", "micro_batch")
WHOLE = ("steps", "epochs", "batch_size", "micro_batch", "warmup_steps")
POSITIVE = ("steps", "epochs", "batch_size", "micro_batch", "learning_rate", "validations_per_epoch")
NOT_NEGATIVE = ("weight_decay", "warmup_steps", "warmup_from", "final_learning_rate", "gradient_clip")


@dataclass(frozen=True)
class TrainingSettings:
    """The published protocol (Seq2Exp, Prism) unless the entry says otherwise.

    steps: optimiser steps; or `epochs`, whole passes over the training genes, instead.
    micro_batch: the most genes that go through the model at once, the gradient being the batch's; None for all of it.
    gradient_clip: largest norm of the gradient; 0 for no clipping.
    precision: of matrix products on a GPU that has it; a CPU's is chosen apart. Everything else is float32 in any case.
    """

    steps: int | None = None
    epochs: int | None = None
    batch_size: int = 8
    micro_batch: int | None = None
    learning_rate: float = 5e-4
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 1e-6
    warmup_steps: int = 5000
    warmup_from: float = 1e-5
    final_learning_rate: float = 1e-4
    schedule: str = "cosine"
    gradient_clip: float = 1.0
    precision: str = "bf16"
    validations_per_epoch: float = 2

    @classmethod
    def from_entry(cls, training: dict) -> TrainingSettings:
        """Check how an entry is to be trained.

        training: the `training` dict of an entry of config/models.yaml; what it leaves out takes its default.
        Raises ValueError that names the key, its value and what is allowed.
        """
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(training) - set(known))
        if unknown:
            raise ValueError(f"training: unknown {', '.join(unknown)}; known are {', '.join(known)}")
        settings = cls(**training)
        settings._check_choices()
        settings._check_numbers()
        return settings._plain()

    def _check_choices(self) -> None:
        for name, allowed in (("schedule", SCHEDULES), ("precision", PRECISIONS)):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"training: {name} '{getattr(self, name)}' is not one of {', '.join(allowed)}"
                )

    def _check_numbers(self) -> None:
        for name in (*POSITIVE, *NOT_NEGATIVE):
            value = getattr(self, name)
            if value is None and name in OPTIONAL:
                continue
            if not _is_number(value):
                raise ValueError(f"training: {name} must be a number, not {value!r}")
            if name in POSITIVE and value <= 0:
                raise ValueError(f"training: {name} must be above zero, not {value!r}")
            if value < 0:
                raise ValueError(f"training: {name} must not be below zero, and is {value!r}")
            if name in WHOLE and value != int(value):
                raise ValueError(f"training: {name} must be a whole number, not {value!r}")
        betas = self.betas
        if not isinstance(betas, list | tuple) or len(betas) != 2 or not all(map(_is_share, betas)):
            raise ValueError(
                f"training: betas must be two numbers from 0 to below 1, such as [0.9, 0.95], not {betas!r}"
            )

    def _plain(self) -> TrainingSettings:
        """The same with counts as int (an entry may say 100.0), and no micro_batch that leaves a batch whole."""
        counts = {name: int(value) for name in WHOLE if (value := getattr(self, name)) is not None}
        if self.micro_batch is not None and self.micro_batch >= self.batch_size:
            counts["micro_batch"] = None
        return replace(self, betas=tuple(self.betas), **counts)

    def batches_per_epoch(self, n_genes: int) -> int:
        """Full batches in one pass over the genes; a rest smaller than a batch waits for another epoch.

        n_genes: number of training genes.
        """
        return max(1, n_genes // self.batch_size)

    def check_end(self) -> None:
        """Refuse, by ValueError, settings that do not have exactly one of steps and epochs."""
        if (self.steps is None) == (self.epochs is None):
            raise ValueError(
                f"training: give one of steps and epochs (steps={self.steps}, epochs={self.epochs})"
            )

    def total_steps(self, n_genes: int) -> int:
        """Optimiser steps of the whole training.

        n_genes: number of training genes.
        Raises ValueError unless exactly one of steps and epochs is set.
        """
        self.check_end()
        return self.steps or self.epochs * self.batches_per_epoch(n_genes)

    def validation_interval(self, n_genes: int) -> int:
        """Steps from one validation to the next.

        n_genes: number of training genes.
        """
        return max(1, math.ceil(self.batches_per_epoch(n_genes) / self.validations_per_epoch))

    @property
    def at_once(self) -> int:
        """Genes that go through the model at once in training."""
        return self.micro_batch or self.batch_size

    def genes_at_once(self, length: int) -> int:
        """Genes in a batch when no gradient is kept: about 130,000 positions, and at least as many as training has at
        once.

        length: of a window, bp.
        """
        return max(self.at_once, min(256, 131_072 // length))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value < 1

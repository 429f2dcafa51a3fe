"""The learning rate of every step, as a pure function."""

from __future__ import annotations

import math

from prism.protocol.settings import TrainingSettings


def learning_rate_at(step: int, total_steps: int, settings: TrainingSettings) -> float:
    """The learning rate of one update.

    Schedule 'cosine': linear from `warmup_from` to `learning_rate` over `warmup_steps`, then half a cosine to
    `final_learning_rate` at `total_steps` (Prism, Seq2Exp).
    Schedule 'linear_then_constant': linear from 0 to `learning_rate` over `warmup_steps`, then constant
    (Enformer).
    Schedule 'constant': `learning_rate` throughout (EPInformer).

    step: number of the update, counted from 0.
    total_steps: updates of the whole training.
    settings: schedule, learning rates and warm-up.
    """
    peak, warmup = settings.learning_rate, settings.warmup_steps
    if settings.schedule == "constant":
        return peak
    if settings.schedule == "linear_then_constant":
        return peak * min(1.0, step / warmup) if warmup else peak
    if step < warmup:
        return settings.warmup_from + (peak - settings.warmup_from) * step / warmup
    done = min(1.0, (step - warmup) / max(1, total_steps - warmup))
    final = settings.final_learning_rate
    return final + (peak - final) * 0.5 * (1.0 + math.cos(math.pi * done))


def warm_up_warning(total_steps: int, settings: TrainingSettings) -> str | None:
    """A line where the training ends before its warm-up does, else None.

    Not an error: a short trial of a published protocol is such a training, and may be meant.

    total_steps: updates of the whole training.
    settings: schedule, learning rates and warm-up.
    """
    if settings.schedule == "constant" or settings.warmup_steps < total_steps:
        return None
    highest = learning_rate_at(total_steps - 1, total_steps, settings)
    return (
        f"warning: warmup_steps {settings.warmup_steps:,} in a training of {total_steps:,} steps: the learning rate "
        f"ends at {highest:.3g}, below its peak {settings.learning_rate:.3g}; unless this is meant, set "
        "training.warmup_steps (published: a tenth of the steps)"
    )

"""What fitting a model leaves, whichever way it was fitted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Fitted:
    """The chosen weights and how they came about.

    state_dict: weights of the best validation MSE; step: when that was, None for a closed form.
    rows: history, one a validation. report: what a closed-form fit says of itself.
    """

    state_dict: dict[str, Tensor]
    step: int | None
    rows: list[dict[str, float]]
    report: dict[str, Any] = field(default_factory=dict)

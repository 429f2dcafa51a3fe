"""What every model returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True)
class Output:
    """The answer of a model to one `Batch`."""

    expression: Tensor  # (batch,) predicted log10(x + 1)
    losses: dict[str, Tensor] = field(
        default_factory=dict
    )  # extra training terms, unweighted; {} in eval mode
    details: dict[str, Tensor] = field(default_factory=dict)  # {} unless asked for

"""The typed batch that passes from the data to every model."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor


def _moved(value, device):
    if isinstance(value, Tensor):
        return value.to(device, non_blocking=True)
    return value.to(device) if value is not None else None


@dataclass(frozen=True)
class Elements:
    """Candidate enhancers of each gene, nearest first, the promoter not among them; read in the window's direction."""

    sequence: Tensor  # (batch, n, 2000, 4) one-hot, each element centred, zeros around it
    features: Tensor  # (batch, n, 3) distance in kb, log10(1 + contact), activity
    present: Tensor  # (batch, n) bool, False where padded

    def to(self, device: torch.device | str) -> Elements:
        """The same elements on another device.

        device: torch's, such as cpu or cuda:0.
        """
        return Elements(*(_moved(getattr(self, field.name), device) for field in fields(self)))


@dataclass(frozen=True)
class Batch:
    """Windows of a few genes, as every model receives them.

    The window of each gene is read on the + strand, with the TSS at position length / 2. Where the batch was made with
    orientation gene, those of genes on the - strand are turned (the bases reverse-complemented, every other array
    reversed) and the TSS of these stands at length / 2 - 1.
    """

    sequence: Tensor  # (batch, length, 4) float, one-hot A C G T; an unknown base is a row of zeros
    signals: Tensor  # (batch, length, n_signals) float; n_signals may be 0
    rna_features: Tensor  # (batch, n_features) float; width may be 0
    expression: Tensor | None = None  # (batch,) log10(x + 1)
    peaks: Tensor | None = None  # (batch, length) bool
    blacklist: Tensor | None = None  # (batch, length) bool
    elements: Elements | None = None

    def __len__(self) -> int:
        return self.sequence.shape[0]

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device.

        device: torch's, such as cpu or cuda:0.
        """
        return Batch(*(_moved(getattr(self, field.name), device) for field in fields(self)))

    def without_expression(self) -> Batch:
        """The same batch as a model sees it at inference."""
        return replace(self, expression=None)

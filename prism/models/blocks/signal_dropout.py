"""Whole signals of a gene left out of a training step."""

from __future__ import annotations

import torch
from torch import Tensor


def without_some_signals(signals: Tensor, probability: float) -> Tensor:
    """Signals some of which are 0 throughout the window: one draw for each gene and signal; the others as they are.

    Not scaled up as dropout of hidden states is: a signal that is there has the values that it has in prediction.
    Draws come from torch's global generator of the device, whose state a training saves.

    signals: (batch, length, n_signals), as is the result.
    probability: with which a signal is left out, from 0 to below 1.
    """
    if not probability:
        return signals
    stays = torch.rand(len(signals), 1, signals.shape[2], device=signals.device) >= probability
    return signals * stays

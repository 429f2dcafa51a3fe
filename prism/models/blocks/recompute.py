"""Layers that run again in the backward pass, so that only their inputs are kept."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


def checkpointed(layer: nn.Module, x: Tensor) -> Tensor:
    """layer(x), of which only x is kept for the gradients: the layer runs again in the backward pass.

    Needs `.backward()` (not `torch.autograd.grad`).

    layer: must draw no random numbers.
    x: its input, any shape.
    """
    if not (torch.is_grad_enabled() and x.requires_grad):
        return layer(x)
    # Reentrant, for the other kind sees nothing of what a `Recomputation` inside the layer packs.
    return checkpoint(layer, x, use_reentrant=True, preserve_rng_state=False)

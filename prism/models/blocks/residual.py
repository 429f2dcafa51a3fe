"""The stack of pre-norm residual layers around any mixer."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import torch
from torch import Tensor, nn

from prism.models.blocks.norm import RMSNorm
from prism.models.blocks.precision import at_least_float32
from prism.models.blocks.recompute import checkpointed
from prism.ops.recompute import Recomputation

MALLOC_REUSES = 32 * 2**20  # bytes; the largest threshold of glibc's malloc for mapping a block of its own
WIDEST = 4  # times d_model: the width that in_proj of a Mamba returns


class ResidualLayer(nn.Module):
    """x + mixer(norm(x)); the residual stream stays in at least float32.

    d_model: width of the stream.
    mixer: module of (batch, length, d_model) that returns the same shape.
    """

    def __init__(self, d_model: int, mixer: nn.Module) -> None:
        super().__init__()
        self.norm = RMSNorm(d_model)
        self.mixer = mixer

    def forward(self, x: Tensor) -> Tensor:
        """The input plus what the mixer makes of it, (batch, length, d_model).

        x: (batch, length, d_model).
        """
        with Recomputation() as recomputation:
            normed = self.norm(x)
            recomputation.add(normed, partial(self.norm, x.detach()))
            return x + self.mixer(normed)


class LayerStack(nn.Module):
    """Layers that add to a residual stream of at least float32, then a final norm.

    layers: each returns its input plus its own part.
    norm: the final one.
    checkpoint_layers: whether, in train mode, only the input of each layer is kept for the gradients and the
        layer runs again in the backward pass: the memory of one layer, for about a third more time; default
        False.
    """

    def __init__(self, layers: Iterable[nn.Module], norm: nn.Module, checkpoint_layers: bool = False) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.norm = norm
        self.checkpoint_layers = checkpoint_layers

    def forward(self, x: Tensor) -> Tensor:
        """Hidden states of embedded positions, (batch, length, d_model).

        x: (batch, length, d_model), the embedded positions.
        """
        x = at_least_float32(x)
        parts = [self._hidden(part) for part in x.split(sequences_at_a_time(x))]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _hidden(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = checkpointed(layer, x) if self.checkpoint_layers and self.training else layer(x)
        return self.norm(x)


class Backbone(LayerStack):
    """Residual layers around mixers, then a final RMSNorm.

    d_model: width of the residual stream.
    mixers: one for each layer, modules of (batch, length, d_model) that return the same shape.
    checkpoint_layers: as for `LayerStack`; default False.
    """

    def __init__(self, d_model: int, mixers: Iterable[nn.Module], checkpoint_layers: bool = False) -> None:
        layers = (ResidualLayer(d_model, mixer) for mixer in mixers)
        super().__init__(layers, RMSNorm(d_model), checkpoint_layers)


def sequences_at_a_time(x: Tensor) -> int:
    """How many sequences go through the layers together: on a GPU all.

    On a CPU as many as keep the widest array of a layer, 4 * d_model, below what malloc uses again. A larger
    one is handed back to the system, and faulted in anew, at every operation: a training step of Prism at
    batch 8, 24 sequences of 2 kb, took 5.0 s at once and 3.4 s in slices of 8 (2 cores).

    x: (batch, length, d_model).
    """
    if x.device.type != "cpu":
        return max(len(x), 1)
    _, length, d_model = x.shape
    return max(MALLOC_REUSES // (WIDEST * length * d_model * x.element_size()), 1)

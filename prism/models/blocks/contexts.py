"""Context weights that Prism's confounder encoder does not decide alone: the controls of the setting `context`.

Learned contexts can collapse to channel masks of nearly 0 and 1, the same for every gene. Each control takes one thing
away from them: `shuffled` which gene a context belongs to, `random` the signals altogether (masks of 0 and 1 with the
same mean, 1/2), `constant` the masking too (1/2 everywhere).
"""

from __future__ import annotations

import torch
from torch import Tensor

LEARNED, RANDOM, SHUFFLED, CONSTANT = "learned", "random", "shuffled", "constant"
FIXED_SEED = 0


def random_masks(shape: tuple[int, ...], like: Tensor, fixed: bool) -> Tensor:
    """Independent draws of 0 and 1, each with probability 1/2.

    shape: (batch, d, n).
    like: a tensor of the device and type wanted.
    fixed: whether the draw is always the same, by place in the batch: in eval mode, where two passes over the same
        genes are compared and nothing may move torch's generator. Otherwise it comes from torch's global generator
        of the device, whose state a training saves.
    """
    if fixed:
        draw = torch.rand(shape, generator=torch.Generator().manual_seed(FIXED_SEED)).to(like.device)
    else:
        draw = torch.rand(shape, device=like.device)
    return (draw < 0.5).to(like.dtype)


def of_another_gene(weights: Tensor) -> Tensor:
    """The weights of the gene before in the batch, whose order is random in training; of the last for the first.

    No gene keeps its own, but in a batch of one.

    weights: (batch, d, n), as is the result.
    """
    return weights.roll(1, dims=0)


def constant(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """1/2 everywhere.

    shape: (batch, d, n).
    like: a tensor of the device and type wanted.
    """
    return like.new_full(shape, 0.5)

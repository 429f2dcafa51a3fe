"""Parameters in two groups: with weight decay and without."""

from __future__ import annotations

from typing import Any

from torch import nn

from prism.models.blocks.norm import RMSNorm

NORMS_AND_EMBEDDINGS = (
    nn.modules.batchnorm._BatchNorm,
    nn.LayerNorm,
    nn.GroupNorm,
    nn.RMSNorm,
    nn.Embedding,
    RMSNorm,
)


def parameter_groups(module: nn.Module, weight_decay: float = 1e-6) -> list[dict[str, Any]]:
    """Two groups for a torch optimiser: decayed, and not decayed.

    Not decayed: biases, everything in BatchNorm, LayerNorm, RMSNorm and embeddings, and what a submodule
    names in its class attribute `no_weight_decay` (A_log and D of a Mamba; learned positions). Frozen
    parameters are in neither; a shared parameter is in one group once.

    module: the model.
    weight_decay: of the decayed group; default 1e-6.
    """
    decayed, spared, seen = [], [], set()
    for submodule in module.modules():
        named = getattr(submodule, "no_weight_decay", frozenset())
        spares_all = isinstance(submodule, NORMS_AND_EMBEDDINGS)
        for name, parameter in submodule.named_parameters(recurse=False):
            if not parameter.requires_grad or parameter in seen:
                continue
            seen.add(parameter)
            spared_here = spares_all or name == "bias" or name.endswith("_bias") or name in named
            (spared if spared_here else decayed).append(parameter)
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0.0}]

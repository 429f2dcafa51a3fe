"""State dicts with the authors' parameter names, loaded into our modules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

LIGHTNING_PREFIX = "model."
HEAD = "pToExpr."  # every architecture of the authors has this head

Rules = tuple[tuple[str, tuple[str, ...]], ...]


def tensors_of(checkpoint: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors of a state dict, or of a Lightning checkpoint that holds one beside optimiser and loop states.

    checkpoint: names -> arrays or tensors, or {"state_dict": such names, ...}. Lightning's prefix `model.` is
    taken off where every key has it, or the head's have; elsewhere it is part of a name (mamba's own).
    Raises ValueError that names what is no tensor.
    """
    wrapped = checkpoint.get("state_dict")
    found = wrapped if isinstance(wrapped, Mapping) else checkpoint
    state = {str(key): _tensor(str(key), value) for key, value in found.items()}
    if not state:
        raise ValueError("this state dict is empty; give the checkpoint of a trained model")
    whole = all(key.startswith(LIGHTNING_PREFIX) for key in state)
    if whole or any(key.startswith(LIGHTNING_PREFIX + HEAD) for key in state):
        return {key.removeprefix(LIGHTNING_PREFIX): value for key, value in state.items()}
    return state


def _tensor(key: str, value: Any) -> Tensor:
    try:
        return torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(
            f"{key} is no tensor but {type(value).__name__}: this is neither a state dict nor a Lightning checkpoint "
            "with one under `state_dict`; give one of them"
        ) from None


def authors_names(ours: str, rules: Rules) -> list[str]:
    """The authors' names of one of our parameters: two for a weight that the two directions share.

    ours: our name of the parameter.
    rules: (pattern, replacements) in order; each pattern that matches turns a name into one name per
        replacement.
    """
    names = [ours]
    for pattern, replacements in rules:
        names = [re.sub(pattern, new, name) for name in names for new in replacements]
    return list(dict.fromkeys(names))


def load_authors_state(module: nn.Module, state: Mapping[str, Tensor], rules: Rules) -> None:
    """Copy an authors' state dict into a module of ours.

    module: its own parameter names, changed by the rules, are the authors'.
    state: the authors' parameter names with their tensors.
    rules: as for `authors_names`.
    Raises one ValueError that names each missing key, unexpected key, tied weight whose two copies differ,
    and shape that does not fit.
    """
    targets = module.state_dict()
    names = {ours: authors_names(ours, rules) for ours in targets}
    present = {ours: [name for name in theirs if name in state] for ours, theirs in names.items()}
    missing = [theirs[0] for ours, theirs in names.items() if not present[ours]]
    expected = {name for theirs in names.values() for name in theirs}
    problems = {"missing": missing, "unexpected": [name for name in state if name not in expected]}
    problems["tied weights that differ"] = [
        " and ".join(found)
        for found in present.values()
        if any(not torch.equal(state[found[0]], state[name]) for name in found[1:])
    ]
    loaded = {ours: _squeezed(state[found[0]], targets[ours]) for ours, found in present.items() if found}
    if not missing:  # sizes are guessed where keys are missing: every shape would look wrong
        problems["wrong shape"] = [
            f"{present[ours][0]} {tuple(value.shape)}, expected {tuple(targets[ours].shape)}"
            for ours, value in loaded.items()
            if value.shape != targets[ours].shape
        ]
    if any(problems.values()):
        told = "; ".join(f"{what}: {', '.join(which)}" for what, which in problems.items() if which)
        raise ValueError(f"this state dict does not fit {type(module).__name__} with these settings: {told}")
    module.load_state_dict(loaded)


def _squeezed(value: Tensor, target: Tensor) -> Tensor:
    # The authors' convolutions have axes of 1 that ours do not: the middle of a depthwise Conv1d, the height of a
    # Conv2d along a sequence, the width of a 1x1 convolution that is a Linear layer here.
    same_but_for_ones = [n for n in value.shape if n != 1] == [n for n in target.shape if n != 1]
    return value.reshape(target.shape) if value.ndim > target.ndim and same_but_for_ones else value


def sizes(state: Mapping[str, Tensor], **where: tuple[str, int]) -> dict[str, int]:
    """Settings read from the shapes of a state dict; a setting whose tensor is missing is left out.

    state: parameter names with their tensors.
    **where: tensor and axis of each setting, such as `d_model=("input_layer.weight", 0)`.
    """
    return {setting: state[name].shape[axis] for setting, (name, axis) in where.items() if name in state}


def count_layers(state: Mapping[str, Tensor], prefix: str) -> dict[str, int]:
    """`n_layer` of a state dict; empty if it has no such layers.

    state: parameter names with their tensors.
    prefix: what the name of a layer's parameters begins with, up to the layer's number.
    """
    layers = {name.removeprefix(prefix).split(".")[0] for name in state if name.startswith(prefix)}
    return {"n_layer": len(layers)} if layers else {}

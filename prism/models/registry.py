"""Architectures by name: built from settings, or from a state dict of the authors."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from prism.models.architecture import Architecture
from prism.models.authors import load_authors_state, tensors_of

# name -> "module:class"; imported on use, so that one architecture's libraries are not asked of the others.
ARCHITECTURES = {
    "caduceus": "prism.models.caduceus:Caduceus",
    "caduceus_signals": "prism.models.caduceus_signals:CaduceusSignals",
    "enformer": "prism.models.enformer:Enformer",
    "epinformer": "prism.models.epinformer:EPInformer",
    "hyenadna": "prism.models.hyenadna:HyenaDNA",
    "mamba": "prism.models.mamba:Mamba",
    "prism": "prism.models.prism:Prism",
    "ridge": "prism.models.ridge:RidgeModel",
    "seq2exp_hard": "prism.models.seq2exp_hard:Seq2ExpHard",
    "seq2exp_soft": "prism.models.seq2exp_soft:Seq2ExpSoft",
}

# What the data decides, given to every model; an architecture takes those that it has a use for.
DATA_SETTINGS = ("length", "n_signals", "n_rna_features", "signals")


def architecture(name: str) -> type[Architecture]:
    """The class of an architecture; ValueError names the known ones."""
    if name not in ARCHITECTURES:
        raise ValueError(f"unknown architecture {name!r}; known: {', '.join(sorted(ARCHITECTURES))}")
    module, _, attribute = ARCHITECTURES[name].partition(":")
    return getattr(import_module(module), attribute)


def known_settings(name: str) -> dict[str, Any]:
    """Every setting that an architecture takes, with its default (those of `DATA_SETTINGS` included)."""
    parameters = inspect.signature(architecture(name).__init__).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def build(name: str, settings: Mapping[str, Any]) -> Architecture:
    """A fresh module in train mode, with random weights from torch's global generator.

    name: a key of `ARCHITECTURES`.
    settings: the architecture's own keys (its constructor's, all with the paper's values as defaults) and those of
        the data: `length` (bp), `n_signals`, `n_rna_features`, `signals` (names, optional).

    The module carries `architecture` (the name) and `settings` (as given), enough to build it again.
    Raises ValueError for an unknown name, an unknown key or a value out of range.
    """
    known = known_settings(name)
    unknown = sorted(set(settings) - set(known) - set(DATA_SETTINGS))
    if unknown:
        own = ", ".join(key for key in known if key not in DATA_SETTINGS)
        raise ValueError(
            f"{name}: unknown settings {', '.join(unknown)}; known: {own} "
            f"(and, from the data, {', '.join(DATA_SETTINGS)})"
        )
    module = architecture(name)(**{key: value for key, value in settings.items() if key in known})
    module.architecture = name
    module.settings = dict(settings)
    return module


def from_authors(name: str, state_dict: Mapping[str, Any], settings: Mapping[str, Any]) -> Architecture:
    """The module of a state dict that has the AUTHORS' parameter names, in eval mode, float32.

    state_dict: arrays or tensors, or a whole Lightning checkpoint: of that, `state_dict` is taken, its prefix
        `model.` taken off, and the rest ignored; weights tied between the two directions may come under both
        names, and are then checked to be equal.
    settings: a golden file's `meta` as it stands. Keys that are no setting of the architecture only describe
        the file and are ignored; sizes that are missing are read from the state dict; the rest (`center_len`)
        take their defaults.

    Raises ValueError, one for all, that names every missing key, unexpected key, tied pair that differs and
    wrong shape.
    """
    kind = architecture(name)
    if not kind.AUTHORS_NAMES:
        raise ValueError(
            f"{name} has no checkpoint of other authors; load its own with build(...).load_state_dict(...)"
        )
    state = tensors_of(state_dict)
    known = known_settings(name)
    given = {key: value for key, value in settings.items() if key in known}
    module = build(name, {**kind.authors_sizes(state), **given})
    load_authors_state(module, state, kind.AUTHORS_NAMES)
    return module.eval()


def recognise(state_dict: Mapping[str, Any]) -> list[str]:
    """Architectures whose authors' names and shapes a state dict (or Lightning checkpoint) has; often one, or none."""
    fitting = []
    for name in ARCHITECTURES:
        try:
            from_authors(name, state_dict, {})
        except (ValueError, ImportError):  # not this one, or its libraries are not here
            continue
        fitting.append(name)
    return fitting

"""Architectures by name: built from settings, or from a state dict of the authors."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from prism.models.architecture import Architecture
from prism.models.authors import load_authors_state, tensors_of
from prism.models.catalogue import DATA_SETTINGS, known_settings, names, traits
from prism.models.feature_scaling import FeatureScaling


def architecture(name: str) -> type[Architecture]:
    """The class of an architecture, imported on use: no architecture needs another's libraries.

    name: a name in `prism.models.catalogue`.
    Raises ValueError that names the known ones.
    """
    module, _, attribute = traits(name).home.partition(":")
    return getattr(import_module(module), attribute)


def build(name: str, settings: Mapping[str, Any]) -> Architecture:
    """A fresh module in train mode, with random weights from torch's global generator.

    name: of an entry of the catalogue.
    settings: the architecture's own keys, and those of the data: `length` (bp), `n_signals`, `n_rna_features`,
        `signals` (names, optional), `feature_scaling` ({"mean", "sd"} of the gene features, optional). What is left
        out takes the catalogue's default.

    The module carries `architecture` (the name) and `settings` (as given), enough to build it again.
    Raises ValueError for an unknown name, an unknown key or a value out of range.
    """
    known = known_settings(name)
    unknown = sorted(set(settings) - set(known) - set(DATA_SETTINGS))
    if unknown:
        raise ValueError(
            f"{name}: unknown settings {', '.join(unknown)}; known: {', '.join(traits(name).own_settings)} "
            f"(and, from the data, {', '.join(DATA_SETTINGS)})"
        )
    taken = {key: value for key, value in settings.items() if key in known}
    module = architecture(name)(**{**known, **taken})
    module.architecture = name
    module.settings = dict(settings)
    if (scaling := settings.get("feature_scaling")) is not None:
        module.scale_features(FeatureScaling(**scaling))
    return module


def from_authors(name: str, state_dict: Mapping[str, Any], settings: Mapping[str, Any]) -> Architecture:
    """The module of a state dict that has the AUTHORS' parameter names, in eval mode, float32.

    name: of the architecture, as in `prism.models.catalogue`.
    state_dict: arrays or tensors, or a whole Lightning checkpoint: of that, `state_dict` is taken without the
        prefix `model.`, and the rest ignored; weights tied between the two directions may come under both
        names, and are then checked to be equal.
    settings: a golden file's `meta`. Keys that are not settings of the architecture only describe the file
        and are ignored; sizes that are missing are read from the state dict; the rest (`center_len`) take
        their defaults.
    Raises one ValueError that names every missing key, unexpected key, tied pair that differs and wrong
    shape.
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
    """Architectures whose authors' names and shapes a state dict has; often one, or none.

    state_dict: parameter names with arrays or tensors, or a whole Lightning checkpoint.
    """
    fitting = []
    for name in sorted(names(lambda entry: entry.has_released)):
        try:
            from_authors(name, state_dict, {})
        except (ValueError, ImportError):  # not this one, or its libraries are not here
            continue
        fitting.append(name)
    return fitting

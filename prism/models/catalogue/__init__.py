"""The catalogue of architectures: all that is known of each before it is built, in one entry. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prism.models.catalogue.entries import ENTRIES, SEQ2EXP_PRIORS
from prism.models.catalogue.traits import Publication, Setting, Traits

__all__ = [
    "ARCHITECTURES",
    "DATA_SETTINGS",
    "SEQ2EXP_PRIORS",
    "Publication",
    "Setting",
    "Traits",
    "known_settings",
    "names",
    "traits",
]

ARCHITECTURES: dict[str, Traits] = {entry.name: entry for entry in ENTRIES}

# What the data decides, given to every model; an architecture takes those that it has a use for. `feature_scaling` is
# no architecture's own: `registry.build` gives it to any.
DATA_SETTINGS = ("length", "n_signals", "n_rna_features", "signals", "feature_scaling")


def traits(name: str) -> Traits:
    """The entry of an architecture.

    name: a key of `ARCHITECTURES`.
    Raises ValueError that names the known ones.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"unknown architecture {name!r}; known: {', '.join(sorted(ARCHITECTURES))}")
    return ARCHITECTURES[name]


def known_settings(name: str) -> dict[str, Any]:
    """Every setting that an architecture takes, with its default (those of `DATA_SETTINGS` included).

    name: a key of `ARCHITECTURES`.
    Raises ValueError that names the known ones.
    """
    return traits(name).known_settings


def names(having: Callable[[Traits], bool] | None = None) -> list[str]:
    """Names of the architectures, in the order of the catalogue.

    having: keeps those for which it is true; None: all.
    """
    return [name for name, entry in ARCHITECTURES.items() if having is None or having(entry)]

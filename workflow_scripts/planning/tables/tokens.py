"""Entries of `tokens`: dynamic tokens of a single-cell model, with their defaults filled in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from workflow_scripts.planning.requests import Training

SIMULATED_CELLS = "resources/simulated/cells"
RESIDUAL = "residual"
_FOUNDATION = {
    "width": 64,
    "layers": 2,
    "heads": 2,
    "context": 256,
    "steps": 1500,
    "cells_at_once": 16,
    "learning_rate": 0.002,
}
_DEFAULTS: dict[str, Any] = {
    "counts": None,
    "gene_ids": None,
    "cell_type": "cell_type",
    "donor": None,
    "totals": "recomputed",
    "genes": None,
    "dictionary": None,
    "dictionary_version": None,
    "minimum_overlap": 0.5,
    "foundation": {},
    "genotypes": None,
    "adapter": {},
    "output_tokens": "static",
    "fold": None,
    "layer": -2,
    "targets": None,
    "pairs": [],
    "held_out_steps": None,
    "n_cells": 32,
    "directions": None,
    "statistics": {},
    "seed": 1,
}
_PARTS = {
    "adapter": {
        "kind": "mlp",
        "hidden": None,
        "steps": 1000,
        "cells_at_once": 8,
        "learning_rate": 0.001,
        "train_foundation": False,
    },
    "statistics": {
        "metric": "average_precision",
        "contrast": "targets",
        "against": "random_direction",
        "detections": 5,
        "cells": 24,
        "donors": 5,
        "cells_per_donor": 3,
        "correction": "benjamini_hochberg",
        "draws": 2000,
    },
}
_FACTOR = {"cell_types": None, "profile": None, "targets": None, "indirect": None}
_PROFILE = {"top": 20, "random": 20}
# Random directions where the configuration names no number: with a small model, and at the size of Geneformer V1.
DIRECTIONS_SMALL, DIRECTIONS_LARGE = 200, 20


@dataclass(frozen=True)
class TokensEntry:
    """One entry.

    name: its key.
    settings: all keys of the schema, with their defaults.
    """

    name: str
    settings: dict[str, Any]

    @property
    def cells(self) -> list[str]:
        """The h5ad files."""
        given = self.settings["cells"]
        return [given] if isinstance(given, str) else list(given)

    @property
    def folder(self) -> str | None:
        """The folder of the single-cell model; None for a small one that is pretrained here."""
        given = self.settings["foundation"]
        return given if isinstance(given, str) else None

    @property
    def factors(self) -> dict[str, dict[str, Any]]:
        """The factors by their keys."""
        return self.settings["factors"]

    @property
    def run(self) -> str | None:
        """The run that encodes the DNA, if it is one."""
        return self.settings["encoder"].get("run")

    @property
    def cell_type(self) -> str | None:
        """The row whose genes, genome and signals are read; None where neither encoder nor run names one."""
        training = Training.named(self.run) if self.run else None
        return self.settings["encoder"].get("cell_type") or (training and training.cell_type)

    def canonical(self, *keys: str) -> str:
        """Settings as one text, the same for equal ones.

        keys: which; default: all.
        """
        kept = {key: self.settings[key] for key in keys} if keys else self.settings
        return json.dumps(kept, sort_keys=True)


def read_tokens(config: dict) -> dict[str, TokensEntry]:
    """The entries by name.

    config: the whole configuration, checked against its schema.
    """
    return {name: TokensEntry(name, _filled(given)) for name, given in (config.get("tokens") or {}).items()}


def _filled(given: dict) -> dict:
    filled = _DEFAULTS | given
    for key, defaults in _PARTS.items():
        filled[key] = defaults | (filled[key] or {})
    if not isinstance(filled["foundation"], str):
        filled["foundation"] = _FOUNDATION | filled["foundation"]
    if filled["directions"] is None:
        small = not isinstance(filled["foundation"], str)
        filled["directions"] = DIRECTIONS_SMALL if small else DIRECTIONS_LARGE
    if filled["held_out_steps"] is None:
        filled["held_out_steps"] = filled["adapter"]["steps"]
    filled["factors"] = {name: _factor(name, each) for name, each in given["factors"].items()}
    return filled


def _factor(name: str, given: dict) -> dict:
    filled = {"gene": name} | _FACTOR | given
    if filled["profile"] is not None:
        filled["profile"] = _PROFILE | filled["profile"]
    return filled

"""Entries of config/models.yaml for benchmarks that run where neither jsonschema nor Snakemake is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from prism.genome.genes.feature_groups import chosen_by
from prism.genome.reading import recorded

MODELS = Path(__file__).resolve().parent.parent / "config" / "models.yaml"


def entry_of(name: str) -> dict[str, Any]:
    """An entry with its protocol filled in, as a training is given it.

    name: of the entry.

    Raises ValueError, with the names that are there, for another one.
    """
    content = yaml.safe_load(MODELS.read_text())
    if name not in content["models"]:
        raise ValueError(f"{MODELS.name}: no entry {name!r}; there are: {', '.join(content['models'])}")
    raw = content["models"][name]
    protocol = content["protocols"].get(raw.get("protocol"), {})
    return {
        "architecture": raw["architecture"],
        "length": raw["length"],
        "signals": raw.get("signals"),
        "rna_features": chosen_by(raw),
        "settings": dict(raw.get("settings", {})),
        "training": {**protocol, **raw.get("training", {})},
        **recorded(raw),
    }

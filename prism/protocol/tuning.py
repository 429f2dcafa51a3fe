"""Tuning of an entry: its candidates, and the entry with the values of one of them. No torch.

`tune` of an entry of config/models.yaml names lists of values; every combination is a candidate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import product
from typing import Any

from prism.protocol.settings import TrainingSettings

MOST = 8  # candidates of an entry, the same for every architecture: who tries more finds better by chance
OF_TRAINING = tuple(field.name for field in fields(TrainingSettings))


def candidates(tune: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of the values: keys in the order of their names, the last one changing fastest.

    tune: lists of values by key; {} for none.

    Returns the values of each candidate by key; [] for an entry that is not tuned.
    """
    names = sorted(tune)
    return (
        [dict(zip(names, values, strict=True)) for values in product(*map(tune.get, names))] if tune else []
    )


def check_count(tune: Mapping[str, Sequence[Any]]) -> None:
    """Refuse more combinations than `MOST`.

    tune: lists of values by key.
    Raises ValueError with the number, how it comes about, and the fix.
    """
    count = math.prod(map(len, tune.values()))
    if count > MOST:
        lists = " x ".join(f"{len(tune[name])} of {name}" for name in sorted(tune))
        raise ValueError(
            f"tune: {count} candidates ({lists}) are more than {MOST}, which every entry has at most; shorten the lists"
        )


def with_values(entry: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as it is trained with the values of a candidate; it is then like one that names them itself.

    entry: of config/models.yaml, resolved; the `tune` of it is left out.
    values: by key, of `training` or else of `settings`.
    """
    training = {name: value for name, value in values.items() if name in OF_TRAINING}
    settings = {name: value for name, value in values.items() if name not in OF_TRAINING}
    changed = {
        "training": {**(entry.get("training") or {}), **training},
        "settings": {**(entry.get("settings") or {}), **settings},
    }
    return {key: value for key, value in entry.items() if key != "tune"} | changed


def in_words(tuned: Mapping[str, Any]) -> str:
    """What was chosen, out of how many values: "learning_rate 0.003 of 3, kmer 4 of 2".

    tuned: what a run's record says of its tuning; `values` and `tune`.
    """
    counts = {name: len(values) for name, values in tuned["tune"].items()}
    return ", ".join(f"{name} {shown(value)} of {counts[name]}" for name, value in tuned["values"].items())


def shown(value: Any) -> str:
    """A value as tables and figures show it.

    value: of a setting.
    """
    return f"{value:g}" if isinstance(value, float) else str(value)

"""A run's identity, and the canonical text of its settings."""

from __future__ import annotations

import numpy as np

from prism.runs.provenance import canonical, run_identity, split_hash
from tests.unit.training.tiny_training import ENTRY


def test_identity_moves_with_everything_that_moves_numbers(monkeypatch):
    splits = np.array(["train", "test", ""])
    split = split_hash(["a", "b", "c"], splits)
    base = run_identity(ENTRY, "data", split, 11, 2)
    assert base == run_identity(dict(reversed(ENTRY.items())), "data", split, "11", 2)
    assert split == split_hash(["a", "b"], splits[:2])
    others = [
        run_identity(ENTRY | {"length": 30}, "data", split, 11, 2),
        run_identity(ENTRY, "other", split, 11, 2),
        run_identity(ENTRY, "data", split_hash(["a", "b", "c"], splits[::-1]), 11, 2),
        run_identity(ENTRY, "data", split, 12, 2),
        run_identity(ENTRY, "data", split, 11, 22),
    ]
    monkeypatch.setattr("prism.runs.provenance.NUMBERS_VERSION", -1)
    others.append(run_identity(ENTRY, "data", split, 11, 2))
    assert len({base, *others}) == 7


def test_canonical_json():
    assert canonical({"b": [1, None], "a": 0.1}) == '{"a":0.1,"b":[1,null]}'

"""Fixtures of the parity tests."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.parity.golden_file import Golden


@pytest.fixture
def golden(shared):
    """A reader of golden files by name."""

    def read(name: str) -> Golden:
        with np.load(shared / "golden" / f"{name}.npz") as arrays:
            found = Golden(json.loads(str(arrays["meta"])))
            for key in arrays.files:
                kind, _, rest = key.partition("/")
                if rest:
                    getattr(found, kind)[rest] = arrays[key]
        return found

    return read

"""Fixtures of all unit tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.training import tiny_dataset


@pytest.fixture(scope="session")
def dataset(tmp_path_factory) -> tuple[Path, Path]:
    """The tiny dataset: its windows of 32 bp and its genes table, for tests that only read them."""
    return tiny_dataset.write(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def trial_record() -> dict:
    """What a trial leaves that was cut from 8 genes at once to 2."""
    return {
        "model": "prism_2k", "cell_type": "K562", "window": 2000, "window_wanted": 2000, "genes_at_once": 2,
        "genes_at_once_wanted": 8, "reduced": ["4 genes at once: no room", "2 genes at once: little room"],
    }  # fmt: skip

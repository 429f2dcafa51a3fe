"""Fixtures of all unit tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.training import tiny_dataset


@pytest.fixture(scope="session")
def dataset(tmp_path_factory) -> tuple[Path, Path]:
    """The tiny dataset: its windows of 32 bp and its genes table, for tests that only read them."""
    return tiny_dataset.write(tmp_path_factory.mktemp("tiny"))

"""Fixtures of the quality page's tests."""

from __future__ import annotations

import pytest

from tests.unit.quality.toy_dataset import Case, clean


@pytest.fixture
def case() -> Case:
    """A clean dataset, for a test to spoil."""
    return clean()

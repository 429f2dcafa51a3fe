"""Fixtures of the models' tests."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Every test begins with the same random weights."""
    torch.manual_seed(1)

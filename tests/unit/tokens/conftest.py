"""A small foundation model and a few cells."""

from __future__ import annotations

import numpy as np
import pytest

from prism.tokens.foundation import Foundation

SIZE, MASK = 40, 1


@pytest.fixture
def foundation() -> Foundation:
    """40 tokens (0 padding, 1 mask), 16 wide, 3 layers, in eval mode."""
    return Foundation.small(SIZE, context=12, width=16, n_layers=3, n_heads=2, seed=3).eval()


@pytest.fixture
def cells() -> list[np.ndarray]:
    """Three cells of 12, 5 and 8 genes."""
    random = np.random.default_rng(5)
    return [random.permutation(np.arange(2, SIZE))[:n].astype(np.int64) for n in (12, 5, 8)]


@pytest.fixture
def genes() -> np.ndarray:
    """The tokens of genes."""
    return np.arange(2, SIZE)

"""Balancing of the simulated contacts, by hand."""

from __future__ import annotations

import numpy as np

from prism.simulate.contacts import balance


def test_balance_by_hand():
    # Rows of [[3, 1, 0], [1, 3, 0], [0, 0, 0]] sum to 4, so w = 1/2; the empty bin has none.
    weights = balance(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([3, 1, 3]), 3)
    np.testing.assert_allclose(weights, [0.5, 0.5, np.nan], rtol=1e-6)

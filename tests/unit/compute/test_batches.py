"""Some genes, batch by batch."""

from __future__ import annotations

import numpy as np

from prism.compute.batches import chunks


def test_chunks():
    assert chunks(np.arange(5), 2) == [[0, 1], [2, 3], [4]]

"""Sums over the blocks of channels that the scan's tasks share out (compiled by numba)."""

from __future__ import annotations

import numpy as np

from prism.ops.lanes import LANES, load, store


def sum_blocks(first, stop, partial, total):
    """total[b, t] = sum of partial[b, :, :, t] over the blocks, for the tasks first to stop.

    A task is sample * (padded length / LANES) + segment.
    partial: (batch, blocks, n, length and more, a multiple of LANES); total: (batch, length, n).
    """
    segments, n = partial.shape[3] // LANES, partial.shape[2]
    rows = np.empty((n, LANES), partial.dtype)
    for task in range(first, stop):
        b, start = task // segments, task % segments * LANES
        for i in range(n):
            row = load(partial, (b, 0, i, start))
            for block in range(1, partial.shape[1]):
                row = row + load(partial, (b, block, i, start))
            store(rows, (i, 0), row)
        for k in range(min(LANES, total.shape[1] - start)):
            for i in range(n):
                total[b, start + k, i] = rows[i, k]

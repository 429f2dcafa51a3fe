"""Depthwise causal convolution + SiLU for SPAN positions of one sample at a time (compiled by numba).

Everything is causal: the caller flips time for a reverse convolution. x, y: (batch, length, d), d a multiple of LANES;
weight: (width, d), the last tap being the present position; bias: (d,). Forward, all channels of a position are done
together, since there is too little arithmetic to hide the cost of reading memory in any other order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from prism.ops.lanes import LANES, first_half, joined, load, prefetch, second_half, store, zeros_like
from prism.ops.scan_kernels import AHEAD, row_pair, sigmoid

SPAN = 64


@njit(inline="always")
def _before_silu(x, weight, bias, b, t, c):
    total = load(bias, (c,))
    width = weight.shape[0]
    for j in range(max(0, width - 1 - t), width):
        total = total + load(x, (b, t - width + 1 + j, c)) * load(weight, (j, c))
    return total


@njit(inline="always")
def _pair_before_silu(x, weight, bias, b, t, t2, c):
    """Both positions as one value: twice as many operations that do not wait for each other."""
    return joined(_before_silu(x, weight, bias, b, t, c), _before_silu(x, weight, bias, b, t2, c))


def conv_forward(first, stop, x, weight, bias, y):
    """Write y for the tasks first to stop: sample * ceil(length / SPAN) + segment."""
    kind = x.dtype.type
    length = x.shape[1]
    segments = (length + SPAN - 1) // SPAN
    for task in range(first, stop):
        b, start = task // segments, task % segments * SPAN
        stop = min(start + SPAN, length)
        for t in range(start, stop, 2):
            t2 = min(t + 1, stop - 1)  # an odd end is done twice
            for c in range(0, x.shape[2], LANES):
                total = _pair_before_silu(x, weight, bias, b, t, t2, c)
                out = total * sigmoid(total, kind)
                store(y, (b, t, c), first_half(out))
                store(y, (b, t2, c), second_half(out))


def conv_backward(first, stop, x, weight, bias, add, gy, gx, gweight, gbias):
    """Write gx from gy for the tasks first to stop, and the sums over each segment.

    gweight: (tasks, width, d); gbias: (tasks, d). `add`: what is already in gx stays, and this convolution's part is
    added.
    """
    segments = (x.shape[1] + SPAN - 1) // SPAN
    # gradients before SiLU, of a segment and of the positions after it that see its end
    inner = np.empty((SPAN + weight.shape[0] - 1, LANES), x.dtype)
    for task in range(first, stop):
        _segment_backward(
            task,
            task // segments,
            task % segments * SPAN,
            x,
            weight,
            bias,
            add,
            gy,
            gx,
            gweight,
            gbias,
            inner,
        )


@njit
def _segment_backward(task, b, start, x, weight, bias, add, gy, gx, gweight, gbias, inner):
    kind = x.dtype.type
    length, channels, width = x.shape[1], x.shape[2], weight.shape[0]
    stop = min(start + SPAN, length)
    for c in range(0, channels, LANES):
        total_bias = zeros_like(x)
        end = min(stop + width - 1, length)
        for t in range(start, end, 2):
            t2 = min(t + 1, end - 1)
            for ahead in range(AHEAD, AHEAD + 2):
                prefetch(x, (b, t + ahead, c))
                prefetch(gy, (b, t + ahead, c))
            total = _pair_before_silu(x, weight, bias, b, t, t2, c)
            share = sigmoid(total, kind)
            g = row_pair(gy, b, t, t2, c) * share * (kind(1) + total * (kind(1) - share))
            store(inner, (t - start, 0), first_half(g))
            store(inner, (t2 - start, 0), second_half(g))
            if t < stop:
                total_bias = total_bias + first_half(g)
            if t < t2 < stop:
                total_bias = total_bias + second_half(g)
        for t in range(end, stop + width - 1):
            store(inner, (t - start, 0), zeros_like(x))
        store(gbias, (task, c), total_bias)
        for j in range(width):
            tap = zeros_like(x)
            for t in range(max(start, width - 1 - j), stop):
                tap = tap + load(inner, (t - start, 0)) * load(x, (b, t - width + 1 + j, c))
            store(gweight, (task, j, c), tap)
        for t in range(start, stop):
            if add:
                prefetch(gx, (b, t + AHEAD, c))
            total = load(gx, (b, t, c)) if add else zeros_like(x)
            for j in range(width):
                total = total + load(inner, (t - start + width - 1 - j, 0)) * load(weight, (j, c))
            store(gx, (b, t, c), total)

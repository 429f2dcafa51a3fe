"""The selective scan for one (sample, LANES channels) at a time, forward (compiled by numba).

Everything is in scan order: the caller flips time for a reverse scan. Shapes, channels last:
u, z, y: (batch, length, d), d a multiple of LANES; B, C: (batch, length, n), n even; rates = A * log2(e), transposed:
(n, d); D, bias: (d,); states: (batch, chunks, n, d), the state before each chunk of CHUNK positions. The step before
bias and softplus is `low` @ `spread`, (batch, length, rank) by (rank, d), plus `delta`, (batch, length, d), where
delta has a length: a step of low rank is never an array of its own.
`add`: what is already in y (backward: in y and gz) stays, and this scan's part is added: two directions, one result.
The states inside a chunk exist only in scratch that fits in the nearest caches. What does not depend on the state is
done for two positions at a time: a softplus is a long chain of operations that wait for each other.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from prism.ops.lane_functions import exp2, log1p_unit
from prism.ops.lanes import (
    LANES,
    first_half,
    joined,
    load,
    maximum,
    minimum,
    prefetch,
    second_half,
    store,
    where_negative,
)

CHUNK = 64  # positions between saved states; a multiple of TILE

AHEAD = 8  # positions between asking for a row and using it
LOG2E = math.log2(math.e)
_LIMIT = 126.0  # powers of two beyond this are clamped: 1e-38 and 1e38


@njit(inline="always")
def power(x, kind):
    """2^x, clamped to what float32 can hold."""
    return exp2(minimum(maximum(x, kind(-_LIMIT)), kind(_LIMIT)))


@njit(inline="always")
def softplus_of(x, kind):
    """log(1 + e^x) and its derivative, without overflow for either sign."""
    size = where_negative(x, kind(0) - x, x)
    e = power(size * kind(-LOG2E), kind)
    derivative = where_negative(x, e, e * kind(0) + kind(1)) / (e + kind(1))
    return maximum(x, kind(0)) + log1p_unit(e), derivative


@njit(inline="always")
def sigmoid(x, kind):
    """1 / (1 + e^-x)."""
    return kind(1) / (power(x * kind(-LOG2E), kind) + kind(1))


@njit(inline="always")
def raw_step(b, t, c, delta, low, spread, bias):
    """What softplus turns into the step."""
    total = load(bias, (c,))
    if delta.shape[1]:
        total = total + load(delta, (b, t, c))
    for r in range(spread.shape[0]):
        total = total + load(spread, (r, c)) * low[b, t, r]
    return total


@njit
def raw_pair(b, t, t2, c, delta, low, spread, bias):
    """`raw_step` at the positions t and t2, as one value."""
    total = joined(load(bias, (c,)), load(bias, (c,)))
    if delta.shape[1]:
        total = total + row_pair(delta, b, t, t2, c)
    for r in range(spread.shape[0]):
        row = load(spread, (r, c))
        total = total + joined(row * low[b, t, r], row * low[b, t2, r])
    return total


@njit(inline="always")
def row_pair(array, b, t, t2, c):
    """What `array`, (batch, length, d), holds at the positions t and t2, as one value."""
    return joined(load(array, (b, t, c)), load(array, (b, t2, c)))


def scan_forward(
    first, stop, u, delta, low, spread, rates, B, C, D, z, bias, gated, softplus, add, y, states
):
    """Write y, and the states where `states` has chunks, for the tasks first to stop: sample * (d / LANES) + block."""
    kind = u.dtype.type
    length, n, blocks = u.shape[1], rates.shape[0], u.shape[2] // LANES
    # of one chunk: one function, with all loops in it, because each further one takes numba 0.15 s to compile
    step = np.empty((CHUNK, LANES), u.dtype)
    drive = np.empty((CHUNK, LANES), u.dtype)
    total = np.empty((CHUNK, LANES), u.dtype)
    for task in range(first, stop):
        b, c = task // blocks, task % blocks * LANES
        state = np.zeros((n, LANES), u.dtype)
        for start in range(0, length, CHUNK):
            span = min(CHUNK, length - start)
            for k in range(0, span, 2):
                t, t2 = start + k, start + min(k + 1, span - 1)  # an odd end is done twice
                prefetch(u, (b, t + AHEAD, c))
                prefetch(u, (b, t + AHEAD + 1, c))
                if delta.shape[1]:
                    prefetch(delta, (b, t + AHEAD, c))
                    prefetch(delta, (b, t + AHEAD + 1, c))
                x, s = row_pair(u, b, t, t2, c), raw_pair(b, t, t2, c, delta, low, spread, bias)
                if softplus:
                    s = softplus_of(s, kind)[0]
                store(step, (k, 0), s)
                store(drive, (k, 0), s * x)
                store(total, (k, 0), x * joined(load(D, (c,)), load(D, (c,))))
            for i in range(0, n, 2):
                h0, h1 = load(state, (i, 0)), load(state, (i + 1, 0))
                if states.shape[1]:
                    store(states, (b, start // CHUNK, i, c), h0)
                    store(states, (b, start // CHUNK, i + 1, c), h1)
                a0, a1 = load(rates, (i, c)), load(rates, (i + 1, c))
                for k in range(span):
                    s, v, t = load(step, (k, 0)), load(drive, (k, 0)), start + k
                    h0 = h0 * power(s * a0, kind) + v * B[b, t, i]
                    h1 = h1 * power(s * a1, kind) + v * B[b, t, i + 1]
                    store(total, (k, 0), load(total, (k, 0)) + h0 * C[b, t, i] + h1 * C[b, t, i + 1])
                store(state, (i, 0), h0)
                store(state, (i + 1, 0), h1)
            for k in range(0, span, 2):
                k2 = min(k + 1, span - 1)
                t, t2 = start + k, start + k2
                out = joined(load(total, (k, 0)), load(total, (k2, 0)))
                if gated:
                    prefetch(z, (b, t + AHEAD, c))
                    prefetch(z, (b, t + AHEAD + 1, c))
                    gate = row_pair(z, b, t, t2, c)
                    out = out * gate * sigmoid(gate, kind)
                if add:
                    out = out + row_pair(y, b, t, t2, c)
                store(y, (b, t, c), first_half(out))
                store(y, (b, t2, c), second_half(out))

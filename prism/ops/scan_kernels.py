"""The selective scan for one (sample, LANES channels) at a time, forward and backward (compiled by numba).

Everything is in scan order: the caller flips time for a reverse scan. Shapes, channels last:
u, z, y: (batch, length, d), d a multiple of LANES; B, C: (batch, length, n), n even; rates = A * log2(e), transposed:
(n, d); D, bias: (d,); states: (batch, chunks, n, d), the state before each chunk of CHUNK positions. The step before
bias and softplus is `low` @ `spread`, (batch, length, rank) by (rank, d), plus `delta`, (batch, length, d), where
delta has a length: a step of low rank is never an array of its own.
`add`: what is already in y (backward: in y and gz) stays, and this scan's part is added: two directions, one result.
The states inside a chunk exist only in scratch that fits in the nearest caches.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from prism.ops.lanes import (
    LANES,
    TILE,
    exp2,
    fold,
    load,
    log1p_unit,
    maximum,
    minimum,
    prefetch,
    row_sums,
    store,
    where_negative,
    zeros_like,
)

CHUNK = 64  # positions between saved states; a multiple of TILE

AHEAD = 8  # positions between asking for a row and using it
LOG2E = math.log2(math.e)
_LN2 = math.log(2.0)
_LIMIT = 126.0  # powers of two beyond this are clamped: 1e-38 and 1e38


@njit(inline="always")
def _power(x, kind):
    """2^x, clamped to what float32 can hold."""
    return exp2(minimum(maximum(x, kind(-_LIMIT)), kind(_LIMIT)))


@njit(inline="always")
def _softplus(x, kind):
    """log(1 + e^x) and its derivative, without overflow for either sign."""
    size = where_negative(x, kind(0) - x, x)
    e = _power(size * kind(-LOG2E), kind)
    derivative = where_negative(x, e, e * kind(0) + kind(1)) / (e + kind(1))
    return maximum(x, kind(0)) + log1p_unit(e), derivative


@njit(inline="always")
def sigmoid(x, kind):
    """1 / (1 + e^-x)."""
    return kind(1) / (_power(x * kind(-LOG2E), kind) + kind(1))


@njit(inline="always")
def _raw_step(b, t, c, delta, low, spread, bias):
    """What softplus turns into the step."""
    total = load(bias, (c,))
    if delta.shape[1]:
        total = total + load(delta, (b, t, c))
    for r in range(spread.shape[0]):
        total = total + load(spread, (r, c)) * low[b, t, r]
    return total


def scan_forward(task, u, delta, low, spread, rates, B, C, D, z, bias, gated, softplus, add, y, states):
    """Write y, and the states where `states` has chunks, for task `sample * (d / LANES) + block`."""
    kind = u.dtype.type
    length, n = u.shape[1], rates.shape[0]
    b, c = task // (u.shape[2] // LANES), task % (u.shape[2] // LANES) * LANES
    step = np.empty((CHUNK, LANES), u.dtype)
    drive = np.empty((CHUNK, LANES), u.dtype)
    total = np.empty((CHUNK, LANES), u.dtype)
    state = np.zeros((n, LANES), u.dtype)
    for start in range(0, length, CHUNK):
        span = min(CHUNK, length - start)
        for k in range(span):
            prefetch(u, (b, start + k + AHEAD, c))
            if delta.shape[1]:
                prefetch(delta, (b, start + k + AHEAD, c))
            x, s = load(u, (b, start + k, c)), _raw_step(b, start + k, c, delta, low, spread, bias)
            if softplus:
                s = _softplus(s, kind)[0]
            store(step, (k, 0), s)
            store(drive, (k, 0), s * x)
            store(total, (k, 0), x * load(D, (c,)))
        for i in range(0, n, 2):
            h0, h1 = load(state, (i, 0)), load(state, (i + 1, 0))
            if states.shape[1]:
                store(states, (b, start // CHUNK, i, c), h0)
                store(states, (b, start // CHUNK, i + 1, c), h1)
            a0, a1 = load(rates, (i, c)), load(rates, (i + 1, c))
            for k in range(span):
                s, v, t = load(step, (k, 0)), load(drive, (k, 0)), start + k
                h0 = h0 * _power(s * a0, kind) + v * B[b, t, i]
                h1 = h1 * _power(s * a1, kind) + v * B[b, t, i + 1]
                store(total, (k, 0), load(total, (k, 0)) + h0 * C[b, t, i] + h1 * C[b, t, i + 1])
            store(state, (i, 0), h0)
            store(state, (i + 1, 0), h1)
        for k in range(span):
            out = load(total, (k, 0))
            if gated:
                prefetch(z, (b, start + k + AHEAD, c))
                gate = load(z, (b, start + k, c))
                out = out * gate * sigmoid(gate, kind)
            if add:
                out = out + load(y, (b, start + k, c))
            store(y, (b, start + k, c), out)


# Rows of the scratch of one chunk, (7, CHUNK, LANES), in the backward pass
STEP, DRIVE, TOTAL, SLOPE, GOUT, GSTEP, GDRIVE = range(7)


def scan_backward(
    task,
    u,
    delta,
    low,
    spread,
    rates,
    B,
    C,
    D,
    z,
    bias,
    gated,
    softplus,
    add,
    states,
    gy,
    y,
    gu,
    gdelta,
    gz,
    gB,
    gC,
    grates,
    gD,
    gbias,
):
    """Write the gradients for task `sample * (d / LANES) + block`, from gy, that of y.

    gu, gdelta, gz: as u; y: what forward wrote, made again where y has a length. Partial sums, for the caller to add
    up: gB, gC: (batch, blocks, n, chunks * CHUNK) over the channels of a block, grates: (batch, n, d) and gD, gbias:
    (batch, d) over the positions of a sample.
    """
    length, n, blocks = u.shape[1], rates.shape[0], u.shape[2] // LANES
    b, block = task // blocks, task % blocks
    c = block * LANES
    chunk = np.empty((7, CHUNK, LANES), u.dtype)
    decay = np.empty((2, CHUNK, LANES), u.dtype)
    past = np.empty((2, CHUNK + 1, LANES), u.dtype)
    sums = np.zeros((4, CHUNK, TILE), u.dtype)
    carry = np.zeros((n, LANES), u.dtype)
    store(gD, (b, c), zeros_like(u))
    store(gbias, (b, c), zeros_like(u))
    for i in range(n):
        store(grates, (b, i, c), zeros_like(u))
    for start in range((length - 1) // CHUNK * CHUNK, -1, -CHUNK):
        span = min(CHUNK, length - start)
        _open_chunk(b, start, c, span, u, delta, low, spread, D, z, bias, gated, softplus, gy, chunk)
        for i in range(0, n, 2):
            _rebuild_states(b, start, c, span, i, rates, B, C, states, chunk, decay, past)
            _pull_back(b, start, c, span, i, rates, B, C, chunk, decay, past, carry, sums, grates)
            for k in range(0, span, TILE):
                store(gB, (b, block, i, start + k), row_sums(sums[0], k))
                store(gB, (b, block, i + 1, start + k), row_sums(sums[1], k))
                store(gC, (b, block, i, start + k), row_sums(sums[2], k))
                store(gC, (b, block, i + 1, start + k), row_sums(sums[3], k))
        _close_chunk(
            b, start, c, span, u, D, z, gated, softplus, add, chunk, gy, y, gu, gdelta, gz, gD, gbias
        )


@njit
def _open_chunk(b, start, c, span, u, delta, low, spread, D, z, bias, gated, softplus, gy, chunk):
    """What does not depend on the state: steps, the gradient before the gate, and sums that start at zero."""
    kind = u.dtype.type
    for k in range(span - 1, -1, -1):
        prefetch(u, (b, start + k - AHEAD, c))
        prefetch(gy, (b, start + k - AHEAD, c))
        if delta.shape[1]:
            prefetch(delta, (b, start + k - AHEAD, c))
        x, s = load(u, (b, start + k, c)), _raw_step(b, start + k, c, delta, low, spread, bias)
        if softplus:
            s, slope = _softplus(s, kind)
            store(chunk, (SLOPE, k, 0), slope)
        g = load(gy, (b, start + k, c))
        if gated:
            prefetch(z, (b, start + k - AHEAD, c))
            gate = load(z, (b, start + k, c))
            g = g * gate * sigmoid(gate, kind)
        store(chunk, (STEP, k, 0), s)
        store(chunk, (DRIVE, k, 0), s * x)
        store(chunk, (TOTAL, k, 0), x * load(D, (c,)))
        store(chunk, (GOUT, k, 0), g)
        store(chunk, (GSTEP, k, 0), zeros_like(u))
        store(chunk, (GDRIVE, k, 0), zeros_like(u))


@njit
def _rebuild_states(b, start, c, span, i, rates, B, C, states, chunk, decay, past):
    """States i and i + 1 inside the chunk, from the saved ones before it, and their part of the output."""
    kind = rates.dtype.type
    a0, a1 = load(rates, (i, c)), load(rates, (i + 1, c))
    h0, h1 = load(states, (b, start // CHUNK, i, c)), load(states, (b, start // CHUNK, i + 1, c))
    store(past, (0, 0, 0), h0)
    store(past, (1, 0, 0), h1)
    for k in range(span):
        s, v, t = load(chunk, (STEP, k, 0)), load(chunk, (DRIVE, k, 0)), start + k
        e0, e1 = _power(s * a0, kind), _power(s * a1, kind)
        h0 = h0 * e0 + v * B[b, t, i]
        h1 = h1 * e1 + v * B[b, t, i + 1]
        store(decay, (0, k, 0), e0)
        store(decay, (1, k, 0), e1)
        store(past, (0, k + 1, 0), h0)
        store(past, (1, k + 1, 0), h1)
        store(chunk, (TOTAL, k, 0), load(chunk, (TOTAL, k, 0)) + h0 * C[b, t, i] + h1 * C[b, t, i + 1])


@njit
def _pull_back(b, start, c, span, i, rates, B, C, chunk, decay, past, carry, sums, grates):
    """The gradients through states i and i + 1, from the end of the chunk to its start."""
    a0, a1 = load(rates, (i, c)), load(rates, (i + 1, c))
    f0, f1 = load(carry, (i, 0)), load(carry, (i + 1, 0))
    r0, r1 = load(grates, (b, i, c)), load(grates, (b, i + 1, c))
    for k in range(span - 1, -1, -1):
        s, v, g, t = (
            load(chunk, (STEP, k, 0)),
            load(chunk, (DRIVE, k, 0)),
            load(chunk, (GOUT, k, 0)),
            start + k,
        )
        store(sums, (2, k, 0), fold(g * load(past, (0, k + 1, 0))))
        store(sums, (3, k, 0), fold(g * load(past, (1, k + 1, 0))))
        f0 = g * C[b, t, i] + f0
        f1 = g * C[b, t, i + 1] + f1
        store(sums, (0, k, 0), fold(f0 * v))
        store(sums, (1, k, 0), fold(f1 * v))
        store(chunk, (GDRIVE, k, 0), load(chunk, (GDRIVE, k, 0)) + f0 * B[b, t, i] + f1 * B[b, t, i + 1])
        f0 = f0 * load(decay, (0, k, 0))
        f1 = f1 * load(decay, (1, k, 0))
        w0, w1 = f0 * load(past, (0, k, 0)), f1 * load(past, (1, k, 0))
        store(chunk, (GSTEP, k, 0), load(chunk, (GSTEP, k, 0)) + w0 * a0 + w1 * a1)
        r0 = r0 + w0 * s
        r1 = r1 + w1 * s
    store(carry, (i, 0), f0)
    store(carry, (i + 1, 0), f1)
    store(grates, (b, i, c), r0)
    store(grates, (b, i + 1, c), r1)


@njit
def _close_chunk(b, start, c, span, u, D, z, gated, softplus, add, chunk, gy, y, gu, gdelta, gz, gD, gbias):
    """The gradients of u, delta and z, and y, now that all states have added to what they are made of."""
    kind = u.dtype.type
    gd, gb = load(gD, (b, c)), load(gbias, (b, c))
    for k in range(span - 1, -1, -1):
        prefetch(gu, (b, start + k - AHEAD, c))
        prefetch(gdelta, (b, start + k - AHEAD, c))
        x, g, s = load(u, (b, start + k, c)), load(chunk, (GOUT, k, 0)), load(chunk, (STEP, k, 0))
        gv = load(chunk, (GDRIVE, k, 0))
        gs = gv * x + load(chunk, (GSTEP, k, 0)) * kind(_LN2)
        if softplus:
            gs = gs * load(chunk, (SLOPE, k, 0))
        store(gu, (b, start + k, c), g * load(D, (c,)) + gv * s)
        store(gdelta, (b, start + k, c), gs)
        gb = gb + gs
        gd = gd + g * x
        if gated:
            prefetch(gz, (b, start + k - AHEAD, c))
            gate, total = load(z, (b, start + k, c)), load(chunk, (TOTAL, k, 0))
            share = sigmoid(gate, kind)
            gg = load(gy, (b, start + k, c)) * total * share * (kind(1) + gate * (kind(1) - share))
            out = total * gate * share
            if add:
                gg = gg + load(gz, (b, start + k, c))
            store(gz, (b, start + k, c), gg)
            if y.shape[1]:
                if add:
                    out = out + load(y, (b, start + k, c))
                store(y, (b, start + k, c), out)
    store(gD, (b, c), gd)
    store(gbias, (b, c), gb)

"""The gradients of the selective scan for one (sample, LANES channels) at a time (compiled by numba).

Shapes and names as in `prism.ops.scan_kernels`. A chunk at a time, from the last to the first: its states are made
again from the saved one before it, then the gradients go through it from its end to its start.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from prism.ops.lane_functions import TILE, fold, row_sums
from prism.ops.lanes import LANES, load, prefetch, store, zeros_like
from prism.ops.scan_kernels import (
    AHEAD,
    CHUNK,
    power,
    raw_step,
    sigmoid,
    softplus_of,
)

_LN2 = math.log(2.0)

# Rows of each position of the scratch of one chunk, (CHUNK, 7, LANES): what is read together lies together
STEP, DRIVE, TOTAL, SLOPE, GOUT, GSTEP, GDRIVE = range(7)


def scan_backward(
    first,
    stop,
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
    """Write the gradients for the tasks first to stop, sample * (d / LANES) + block, from gy, that of y.

    gu, gdelta, gz: as u; y: what forward wrote, made again where y has a length. Partial sums, for the caller to add
    up: gB, gC: (batch, blocks, n, chunks * CHUNK) over the channels of a block, grates: (batch, n, d) and gD, gbias:
    (batch, d) over the positions of a sample.
    """
    length, n, blocks = u.shape[1], rates.shape[0], u.shape[2] // LANES
    chunk = np.empty((CHUNK, 7, LANES), u.dtype)
    decay = np.empty((CHUNK, 2, LANES), u.dtype)
    past = np.empty((CHUNK + 1, 2, LANES), u.dtype)
    sums = np.zeros((4, CHUNK, TILE), u.dtype)
    for task in range(first, stop):
        b, block = task // blocks, task % blocks
        c = block * LANES
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
        x, s = load(u, (b, start + k, c)), raw_step(b, start + k, c, delta, low, spread, bias)
        if softplus:
            s, slope = softplus_of(s, kind)
            store(chunk, (k, SLOPE, 0), slope)
        g = load(gy, (b, start + k, c))
        if gated:
            prefetch(z, (b, start + k - AHEAD, c))
            gate = load(z, (b, start + k, c))
            g = g * gate * sigmoid(gate, kind)
        store(chunk, (k, STEP, 0), s)
        store(chunk, (k, DRIVE, 0), s * x)
        store(chunk, (k, TOTAL, 0), x * load(D, (c,)))
        store(chunk, (k, GOUT, 0), g)
        store(chunk, (k, GSTEP, 0), zeros_like(u))
        store(chunk, (k, GDRIVE, 0), zeros_like(u))


@njit
def _rebuild_states(b, start, c, span, i, rates, B, C, states, chunk, decay, past):
    """States i and i + 1 inside the chunk, from the saved ones before it, and their part of the output."""
    kind = rates.dtype.type
    a0, a1 = load(rates, (i, c)), load(rates, (i + 1, c))
    h0, h1 = load(states, (b, start // CHUNK, i, c)), load(states, (b, start // CHUNK, i + 1, c))
    store(past, (0, 0, 0), h0)
    store(past, (0, 1, 0), h1)
    for k in range(span):
        s, v, t = load(chunk, (k, STEP, 0)), load(chunk, (k, DRIVE, 0)), start + k
        e0, e1 = power(s * a0, kind), power(s * a1, kind)
        h0 = h0 * e0 + v * B[b, t, i]
        h1 = h1 * e1 + v * B[b, t, i + 1]
        store(decay, (k, 0, 0), e0)
        store(decay, (k, 1, 0), e1)
        store(past, (k + 1, 0, 0), h0)
        store(past, (k + 1, 1, 0), h1)
        store(chunk, (k, TOTAL, 0), load(chunk, (k, TOTAL, 0)) + h0 * C[b, t, i] + h1 * C[b, t, i + 1])


@njit
def _pull_back(b, start, c, span, i, rates, B, C, chunk, decay, past, carry, sums, grates):
    """The gradients through states i and i + 1, from the end of the chunk to its start."""
    a0, a1 = load(rates, (i, c)), load(rates, (i + 1, c))
    f0, f1 = load(carry, (i, 0)), load(carry, (i + 1, 0))
    r0, r1 = load(grates, (b, i, c)), load(grates, (b, i + 1, c))
    for k in range(span - 1, -1, -1):
        s, v, g, t = (
            load(chunk, (k, STEP, 0)),
            load(chunk, (k, DRIVE, 0)),
            load(chunk, (k, GOUT, 0)),
            start + k,
        )
        store(sums, (2, k, 0), fold(g * load(past, (k + 1, 0, 0))))
        store(sums, (3, k, 0), fold(g * load(past, (k + 1, 1, 0))))
        f0 = g * C[b, t, i] + f0
        f1 = g * C[b, t, i + 1] + f1
        store(sums, (0, k, 0), fold(f0 * v))
        store(sums, (1, k, 0), fold(f1 * v))
        store(chunk, (k, GDRIVE, 0), load(chunk, (k, GDRIVE, 0)) + f0 * B[b, t, i] + f1 * B[b, t, i + 1])
        f0 = f0 * load(decay, (k, 0, 0))
        f1 = f1 * load(decay, (k, 1, 0))
        w0, w1 = f0 * load(past, (k, 0, 0)), f1 * load(past, (k, 1, 0))
        store(chunk, (k, GSTEP, 0), load(chunk, (k, GSTEP, 0)) + w0 * a0 + w1 * a1)
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
        x, g, s = load(u, (b, start + k, c)), load(chunk, (k, GOUT, 0)), load(chunk, (k, STEP, 0))
        gv = load(chunk, (k, GDRIVE, 0))
        gs = gv * x + load(chunk, (k, GSTEP, 0)) * kind(_LN2)
        if softplus:
            gs = gs * load(chunk, (k, SLOPE, 0))
        store(gu, (b, start + k, c), g * load(D, (c,)) + gv * s)
        store(gdelta, (b, start + k, c), gs)
        gb = gb + gs
        gd = gd + g * x
        if gated:
            prefetch(gz, (b, start + k - AHEAD, c))
            gate, total = load(z, (b, start + k, c)), load(chunk, (k, TOTAL, 0))
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

# ruff: noqa: RUF005  (Triton knows no unpacking in a tuple)
"""The gradients of a chunk of the selective scan on a GPU (compiled by Triton); conventions: triton_scan_kernels."""

from __future__ import annotations

import triton
import triton.language as tl

from prism.ops.triton_layout import row
from prism.ops.triton_scan_kernels import (
    LN2,
    bias_of,
    boundary,
    lanes,
    place,
    rates_of,
    sigmoid,
    step,
)


@triton.jit
def halved(p, q, ROWS: tl.constexpr, LANES: tl.constexpr):
    """Two tiles (ROWS, LANES) as one, (2 * ROWS, LANES / 2), their halves added: p in even rows, q in odd ones."""
    first = tl.sum(tl.reshape(p, [ROWS, 2, LANES // 2]), 1)
    second = tl.sum(tl.reshape(q, [ROWS, 2, LANES // 2]), 1)
    both = tl.where(tl.arange(0, 2)[None, :, None] == 0, first[:, None, :], second[:, None, :])
    return tl.reshape(both, [2 * ROWS, LANES // 2])


@triton.jit
def sums_over_lanes(rows, LEVELS: tl.constexpr, BLOCK: tl.constexpr):
    """The sum of each of 2^LEVELS rows (BLOCK,), with 2 shuffles between lanes for each row and not log2(BLOCK)."""
    tiles = rows
    for level in tl.static_range(LEVELS):
        merged = ()
        for j in tl.static_range(1 << (LEVELS - 1 - level)):
            other = tiles[j + (1 << (LEVELS - 1 - level))]
            merged = merged + (halved(tiles[j], other, 1 << level, BLOCK >> level),)
        tiles = merged
    return tl.sum(tiles[0], 1)


@triton.jit
def zeros(BLOCK: tl.constexpr, COUNT: tl.constexpr):
    """COUNT rows of zeros."""
    rows = ()
    for _ in tl.static_range(COUNT):
        rows = rows + (tl.zeros([BLOCK], tl.float32),)
    return rows


@triton.jit
def products(gs, states, CHUNK: tl.constexpr):
    """Each gradient times the state at its position; `states` has the one before the chunk first."""
    parts = ()
    for k in tl.static_range(CHUNK):
        parts = parts + (gs[k] * states[k + 1],)
    return parts


@triton.jit
def rows_of(first, second, third, fourth, b, start, length):
    """Where position `start` begins in four sequences; the fourth may be None."""
    last = row(third, b, start, length)
    if fourth is not None:
        last = row(fourth, b, start, length)
    return row(first, b, start, length), row(second, b, start, length), row(third, b, start, length), last


@triton.jit
def opened(u, delta, z, gy, rows, shift, lane, inside, left, CHUNK: tl.constexpr, SOFTPLUS: tl.constexpr):
    """What does not depend on states: the steps, what enters with them, and the gradients before the gate."""
    steps, drives, gs = (), (), ()
    for k in tl.static_range(CHUNK):
        there = inside & (k < left)
        dt, _ = step(lanes(rows[1] + k * delta[2], lane, there), shift, SOFTPLUS)
        dt = tl.where(there, dt, 0.0)  # past the end nothing decays and nothing enters
        g = lanes(rows[2] + k * gy[2], lane, there)
        if z is not None:
            gate = lanes(rows[3] + k * z[2], lane, there)
            g *= gate * sigmoid(gate)
        steps = steps + (dt,)
        drives = drives + (dt * lanes(rows[0] + k * u[2], lane, there),)
        gs = gs + (g,)
    return steps, drives, gs


@triton.jit
def rebuilt(h, rates, steps, drives, outs, B_column, C_column, CHUNK: tl.constexpr):
    """Decays, states (the one before the chunk first), and the outputs with this state's part added."""
    decays, states, sums = (), (h,), ()
    for k in tl.static_range(CHUNK):
        decay = tl.exp2(steps[k] * rates)
        h = decay * h + drives[k] * tl.load(B_column + k)
        decays = decays + (decay,)
        states = states + (h,)
        sums = sums + (outs[k] + h * tl.load(C_column + k),)
    return decays, states, sums


@triton.jit
def pulled_back(
    f, rates, steps, drives, gs, decays, states, to_drives, to_steps, B_column, C_column, CHUNK: tl.constexpr
):
    """From the gradient f of the last state to the first: what B and A get, and the sums for drives and steps."""
    gA = tl.zeros(f.shape, tl.float32)
    drive_sums, step_sums, B_parts = (), (), ()
    for k in tl.static_range(CHUNK - 1, -1, -1):
        f += gs[k] * tl.load(C_column + k)
        B_parts = (f * drives[k],) + B_parts
        drive_sums = (to_drives[k] + f * tl.load(B_column + k),) + drive_sums
        f *= decays[k]
        through = f * states[k]
        step_sums = (to_steps[k] + through * rates,) + step_sums
        gA += through * steps[k]
    return B_parts, gA, drive_sums, step_sums


@triton.jit
def closed(
    sequences,
    outputs,
    rows,
    gradients,
    sums,
    skip,
    shift,
    lane,
    inside,
    left,
    CHUNK: tl.constexpr,
    SOFTPLUS: tl.constexpr,
):
    """Write the gradients of u, delta and z, now that all states have added to `sums`; return those of D and the bias.

    sequences: u, delta, gy, z with their rows; outputs: gu, gdelta, gz with theirs in `gradients` (its third: none).
    """
    u, delta, gy, z = sequences
    gu, gdelta, gz = outputs
    steps, gs, outs, to_drives, to_steps = sums
    gD_sum, gbias_sum = tl.zeros(skip.shape, tl.float32), tl.zeros(skip.shape, tl.float32)
    for k in tl.static_range(CHUNK):
        there = inside & (k < left)
        x = lanes(rows[0] + k * u[2], lane, there)
        _, slope = step(lanes(rows[1] + k * delta[2], lane, there), shift, SOFTPLUS)
        to_delta = (to_drives[k] * x + to_steps[k] * LN2) * slope
        tl.store(gradients[0] + k * gu[2] + lane, gs[k] * skip + to_drives[k] * steps[k], mask=there)
        tl.store(gradients[1] + k * gdelta[2] + lane, to_delta, mask=there)
        gD_sum += gs[k] * x
        gbias_sum += to_delta
        if z is not None:
            gate, g = lanes(rows[3] + k * z[2], lane, there), lanes(rows[2] + k * gy[2], lane, there)
            share = sigmoid(gate)
            opening = share * (1.0 + gate * (1.0 - share))
            tl.store(gradients[3] + k * gz[2] + lane, g * (outs[k] + skip * x) * opening, mask=there)
    return gD_sum, gbias_sum


@triton.jit(do_not_specialize=["length", "chunks"])
def chunk_gradients(
    u,
    delta,
    A,
    columns,
    D,
    z,
    bias,
    gy,
    states,
    pulls,
    outputs,
    parts,
    length,
    d,
    chunks,
    N: tl.constexpr,
    BLOCK: tl.constexpr,
    CHUNK: tl.constexpr,
    LEVELS: tl.constexpr,
    SOFTPLUS: tl.constexpr,
):
    """Gradients, from gy, the state before the chunk and `pulls`, the gradient of the state after it.

    columns: B and C from `columns_of`, padded to whole chunks of CHUNK = 2^LEVELS. outputs: gu, gdelta, gz, sequences.
    What is a sum is written in parts: gcolumns as columns, for each block of channels, (2, blocks, batch, n, padded);
    gD, gbias for each chunk, (batch, chunks, d); that of A takes the place of `states`.
    """
    gcolumns, gD, gbias = parts
    b, c, block = place(d, chunks, BLOCK)
    lane = block * BLOCK + tl.arange(0, BLOCK)
    inside, left = lane < d, length - c * CHUNK
    skip, shift = lanes(D, lane, inside), bias_of(bias, lane, inside)
    rows = rows_of(u, delta, gy, z, b, c * CHUNK, length)
    steps, drives, gs = opened(u, delta, z, gy, rows, shift, lane, inside, left, CHUNK, SOFTPLUS)
    outs, to_drives, to_steps = zeros(BLOCK, CHUNK), zeros(BLOCK, CHUNK), zeros(BLOCK, CHUNK)
    padded, blocks = chunks * CHUNK, tl.cdiv(d, BLOCK)
    matrix = (tl.num_programs(0) // (chunks * blocks)).to(tl.int64) * N * padded
    for n in range(N):
        rates = rates_of(A, n, lane, inside)
        state = boundary(states, b, c, n, d, chunks, N)
        h, f = lanes(state, lane, inside), lanes(boundary(pulls, b, c, n, d, chunks, N), lane, inside)
        column = (b.to(tl.int64) * N + n) * padded + c * CHUNK
        B_column, C_column = columns + column, columns + matrix + column
        decays, past, outs = rebuilt(h, rates, steps, drives, outs, B_column, C_column, CHUNK)
        C_parts = products(gs, past, CHUNK)
        B_parts, gA, to_drives, to_steps = pulled_back(
            f, rates, steps, drives, gs, decays, past, to_drives, to_steps, B_column, C_column, CHUNK
        )
        tl.store(state + lane, gA, mask=inside)
        part = gcolumns + matrix * block + column + tl.arange(0, CHUNK)
        tl.store(part, sums_over_lanes(B_parts, LEVELS, BLOCK))
        tl.store(part + matrix * blocks, sums_over_lanes(C_parts, LEVELS, BLOCK))
    gradients = rows_of(outputs[0], outputs[1], gy, outputs[2], b, c * CHUNK, length)
    sums = (b.to(tl.int64) * chunks + c) * d + lane
    tuples = (steps, gs, outs, to_drives, to_steps)
    gD_sum, gbias_sum = closed(
        (u, delta, gy, z), outputs, rows, gradients, tuples, skip, shift, lane, inside, left, CHUNK, SOFTPLUS
    )
    tl.store(gD + sums, gD_sum, mask=inside)
    tl.store(gbias + sums, gbias_sum, mask=inside)

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
def tile(x, b, start, length, lane, k, there):
    """A chunk of a sequence in float32, (CHUNK, BLOCK), zeros where `there` is false."""
    return tl.load(row(x, b, start, length) + k * x[2] + lane, mask=there, other=0.0).to(tl.float32)


@triton.jit
def put(x, b, start, length, lane, k, there, values):
    """Write a chunk of a sequence."""
    tl.store(row(x, b, start, length) + k * x[2] + lane, values, mask=there)


@triton.jit
def unstacked(values, LEVELS: tl.constexpr, BLOCK: tl.constexpr):
    """The 2^LEVELS rows of a tile, each (BLOCK,): one memory instruction for all compiles faster than one a row."""
    tiles = (tl.trans(values),)
    for level in tl.static_range(LEVELS):
        even, odd = (), ()
        for j in tl.static_range(1 << level):
            first, second = tl.split(tl.reshape(tiles[j], [BLOCK, 1 << (LEVELS - 1 - level), 2]))
            even, odd = even + (first,), odd + (second,)
        tiles = even + odd
    rows = ()
    for k in tl.static_range(1 << LEVELS):
        rows = rows + (tl.reshape(tiles[k], [BLOCK]),)
    return rows


@triton.jit
def stacked(rows, LEVELS: tl.constexpr, BLOCK: tl.constexpr):
    """The tile whose rows these are: what `unstacked` takes apart."""
    tiles = ()
    for k in tl.static_range(1 << LEVELS):
        tiles = tiles + (tl.reshape(rows[k], [BLOCK, 1]),)
    for level in tl.static_range(LEVELS):
        merged = ()
        for j in tl.static_range(1 << (LEVELS - 1 - level)):
            both = tl.join(tiles[j], tiles[j + (1 << (LEVELS - 1 - level))])
            merged = merged + (tl.reshape(both, [BLOCK, 2 << level]),)
        tiles = merged
    return tl.trans(tiles[0])


@triton.jit
def opened(sequences, place, shift, SOFTPLUS: tl.constexpr, LEVELS: tl.constexpr, BLOCK: tl.constexpr):
    """What does not depend on states: the steps, what enters with them, and the gradients before the gate, in rows.

    sequences: u, delta, gy, z (or None).
    place: sample, first position, length, channels, positions of the chunk, and which of both are there.
    """
    u, delta, gy, z = sequences
    b, start, length, lane, k, there = place
    dt, _ = step(tile(delta, b, start, length, lane, k, there), shift, SOFTPLUS)
    dt = tl.where(there, dt, 0.0)  # past the end nothing decays and nothing enters
    g = tile(gy, b, start, length, lane, k, there)
    if z is not None:
        gate = tile(z, b, start, length, lane, k, there)
        g *= gate * sigmoid(gate)
    drives = dt * tile(u, b, start, length, lane, k, there)
    return (
        unstacked(dt, LEVELS, BLOCK),
        unstacked(drives, LEVELS, BLOCK),
        unstacked(g, LEVELS, BLOCK),
    )


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
    place,
    sums,
    skip,
    shift,
    SOFTPLUS: tl.constexpr,
    LEVELS: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Write the gradients of u, delta and z, now that all states have added to `sums`; return those of D and the bias.

    sequences, place: as for `opened`.
    outputs: gu, gdelta, gz (or None).
    sums: rows of what the states add to the outputs, to the drives and to the steps.
    """
    u, delta, gy, z = sequences
    gu, gdelta, gz = outputs
    b, start, length, lane, k, there = place
    out, to_drive = stacked(sums[0], LEVELS, BLOCK), stacked(sums[1], LEVELS, BLOCK)
    to_step = stacked(sums[2], LEVELS, BLOCK)
    x, g = tile(u, b, start, length, lane, k, there), tile(gy, b, start, length, lane, k, there)
    dt, slope = step(tile(delta, b, start, length, lane, k, there), shift, SOFTPLUS)
    if z is not None:
        gate = tile(z, b, start, length, lane, k, there)
        share = sigmoid(gate)
        opening = share * (1.0 + gate * (1.0 - share))
        put(gz, b, start, length, lane, k, there, g * (out + skip * x) * opening)
        g *= gate * share
    to_delta = tl.where(there, (to_drive * x + to_step * LN2) * slope, 0.0)
    put(gu, b, start, length, lane, k, there, g * skip + to_drive * dt)
    put(gdelta, b, start, length, lane, k, there, to_delta)
    return tl.sum(g * x, 0), tl.sum(to_delta, 0)


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
    inside, k = lane < d, tl.arange(0, CHUNK)[:, None]
    there = inside[None, :] & (k < length - c * CHUNK)
    here = (b, c * CHUNK, length, lane[None, :], k, there)
    sequences, shift = (u, delta, gy, z), bias_of(bias, lane, inside)[None, :]
    steps, drives, gs = opened(sequences, here, shift, SOFTPLUS, LEVELS, BLOCK)
    outs, to_drives, to_steps = zeros(BLOCK, CHUNK), zeros(BLOCK, CHUNK), zeros(BLOCK, CHUNK)
    padded, blocks = chunks * CHUNK, tl.cdiv(d, BLOCK)
    matrix = (tl.num_programs(0) // (chunks * blocks)).to(tl.int64) * N * padded
    state, pull = boundary(states, b, c, 0, d, chunks, N), boundary(pulls, b, c, 0, d, chunks, N)
    rates_next = rates_of(A, 0, lane, inside)
    h_next, f_next = lanes(state, lane, inside), lanes(pull, lane, inside)
    for n in range(N):
        # what a state begins with is asked for one state ahead
        rates, h, f, ahead = rates_next, h_next, f_next, inside & (n + 1 < N)
        rates_next = rates_of(A, n + 1, lane, ahead)
        h_next, f_next = lanes(state + d, lane, ahead), lanes(pull + d, lane, ahead)
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
        state, pull = state + d, pull + d
    skip, sums = lanes(D, lane, inside)[None, :], (outs, to_drives, to_steps)
    gD_sum, gbias_sum = closed(sequences, outputs, here, sums, skip, shift, SOFTPLUS, LEVELS, BLOCK)
    summed = (b.to(tl.int64) * chunks + c) * d + lane
    tl.store(gD + summed, gD_sum, mask=inside)
    tl.store(gbias + summed, gbias_sum, mask=inside)

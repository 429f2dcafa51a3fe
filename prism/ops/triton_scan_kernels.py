# ruff: noqa: RUF005  (Triton knows no unpacking in a tuple)
"""The selective scan on a GPU (compiled by Triton): chunks of positions in parallel, one lane for each channel.

A state is a linear function of the state before its chunk, so a scan is three steps: the end of every chunk as if it
began at zero (`chunk_ends`), the states at the boundaries from those ends, one chunk after another (`carry_over`), and
the outputs of every chunk from its own start (`chunk_outputs`). Gradients of states go the same way from the last chunk
to the first; then `triton_scan_gradients` forms the states of a chunk again, in registers, and pulls gradients back
through them. No two programs add to one place, so the numbers are the same every time.

A sequence is a triple (pointer, stride of a sample, stride of a position), or None; its last axis is contiguous, and a
negative stride of a position says that it is read from the end. The stride of a position is a constant of the compiled
kernel: addresses inside a chunk are then numbers in the instructions, not registers. A is (pointer, stride of a
channel, stride of a state). Positions `s` are in scan order. States at boundaries: (batch, chunks, n, d). All numbers
in between are float32; decays are powers of two, of rates A * log2(e).
"""

from __future__ import annotations

import math

import triton
import triton.language as tl

from prism.ops.triton_layout import row

LOG2E = tl.constexpr(math.log2(math.e))
LN2 = tl.constexpr(math.log(2.0))


@triton.jit
def softplus(v):
    """log(1 + e^v) and its derivative, without overflow and without losing small values."""
    e = tl.exp2(-tl.abs(v) * LOG2E)
    w = 1.0 + e
    inverse = 1.0 / w
    # log(w) misses what was rounded off in w: put it back to first order
    logarithm = tl.log(w) + (e - (w - 1.0)) * inverse
    return tl.maximum(v, 0.0) + logarithm, tl.where(v >= 0, inverse, e * inverse)


@triton.jit
def sigmoid(v):
    return 1.0 / (1.0 + tl.exp2(-v * LOG2E))


@triton.jit
def lanes(start, lane, inside):
    """The numbers of a block of channels in float32, zeros outside."""
    return tl.load(start + lane, mask=inside, other=0.0).to(tl.float32)


@triton.jit
def rates_of(A, n, lane, inside):
    return lanes(A[0] + n * A[2], lane * A[1], inside) * LOG2E


@triton.jit
def step(v, bias, SOFTPLUS: tl.constexpr):
    """The step and its derivative by delta, from delta and the bias of one position."""
    dt, slope = v + bias, tl.full(v.shape, 1.0, tl.float32)
    if SOFTPLUS:
        dt, slope = softplus(v + bias)
    return dt, slope


@triton.jit
def place(d, chunks, BLOCK: tl.constexpr):
    """Sample, chunk and block of channels of this program: neighbours read the same rows."""
    pid, blocks = tl.program_id(0), tl.cdiv(d, BLOCK)
    return pid // blocks // chunks, pid // blocks % chunks, pid % blocks


@triton.jit
def bias_of(bias, lane, inside):
    values = tl.zeros(lane.shape, tl.float32)
    if bias is not None:
        values = lanes(bias, lane, inside)
    return values


@triton.jit
def boundary(states, b, c, n, d, chunks, N: tl.constexpr):
    return states + ((b.to(tl.int64) * chunks + c) * N + n) * d


@triton.jit(do_not_specialize=["length", "chunks"])
def chunk_ends(
    u,
    delta,
    A,
    B,
    C,
    z,
    bias,
    gy,
    ends,
    pulls,
    totals,
    length,
    d,
    chunks,
    N: tl.constexpr,
    BLOCK: tl.constexpr,
    CHUNK: tl.constexpr,
    SOFTPLUS: tl.constexpr,
):
    """The state at the end of a chunk that starts at zero, and the sum of its steps.

    Where `gy` is given also the gradient of the state before the chunk, through this chunk's outputs alone, in `pulls`.
    """
    b, c, block = place(d, chunks, BLOCK)
    lane = block * BLOCK + tl.arange(0, BLOCK)
    inside = lane < d
    start = c * CHUNK
    shift = bias_of(bias, lane, inside)
    u_row, delta_row, B_row = row(u, b, start, length), row(delta, b, start, length), row(B, b, start, length)
    total = tl.zeros([BLOCK], tl.float32)
    rates, h, reach, pull = (), (), (), ()
    for n in tl.static_range(N):
        rates = rates + (rates_of(A, n, lane, inside),)
        h = h + (tl.zeros([BLOCK], tl.float32),)
        reach = reach + (tl.full([BLOCK], 1.0, tl.float32),)
        pull = pull + (tl.zeros([BLOCK], tl.float32),)
    if gy is not None:
        gy_row, C_row = row(gy, b, start, length), row(C, b, start, length)
        g_next = lanes(gy_row, lane, inside)
        if z is not None:
            z_row = row(z, b, start, length)
            gate_next = lanes(z_row, lane, inside)
    # the numbers of a position are asked for one position ahead: memory is slower than the arithmetic of a position
    left = tl.minimum(CHUNK, length - start)
    v_next, x_next = lanes(delta_row, lane, inside), lanes(u_row, lane, inside)
    for k in range(left):
        ahead, v, x = inside & (k + 1 < left), v_next, x_next
        v_next = lanes(delta_row + (k + 1) * delta[2], lane, ahead)
        x_next = lanes(u_row + (k + 1) * u[2], lane, ahead)
        dt, _ = step(v, shift, SOFTPLUS)
        drive = dt * x
        total += dt
        next_h, next_reach, next_pull = (), (), ()
        for n in tl.static_range(N):
            decay = tl.exp2(dt * rates[n])
            next_h = next_h + (decay * h[n] + drive * tl.load(B_row + k * B[2] + n).to(tl.float32),)
            next_reach = next_reach + (reach[n] * decay,)
        h = next_h
        if gy is not None:
            g = g_next
            g_next = lanes(gy_row + (k + 1) * gy[2], lane, ahead)
            if z is not None:
                gate = gate_next
                gate_next = lanes(z_row + (k + 1) * z[2], lane, ahead)
                g *= gate * sigmoid(gate)
            for n in tl.static_range(N):
                weight = tl.load(C_row + k * C[2] + n).to(tl.float32)
                next_pull = next_pull + (pull[n] + next_reach[n] * (g * weight),)
            reach, pull = next_reach, next_pull
    tl.store(totals + (b.to(tl.int64) * chunks + c) * d + lane, total, mask=inside)
    for n in tl.static_range(N):
        tl.store(boundary(ends, b, c, n, d, chunks, N) + lane, h[n], mask=inside)
        if gy is not None:
            tl.store(boundary(pulls, b, c, n, d, chunks, N) + lane, pull[n], mask=inside)


@triton.jit(do_not_specialize=["chunks"])
def carry_over(
    ends,
    totals,
    A,
    d,
    chunks,
    N: tl.constexpr,
    BLOCK: tl.constexpr,
    GROUP: tl.constexpr,
    BACKWARD: tl.constexpr,
):
    """In place: from the end that each chunk makes alone to what the chunks before it (or after it) hand over."""
    pid, blocks = tl.program_id(0), tl.cdiv(d, BLOCK)
    b, n = pid // blocks // N, pid // blocks % N
    lane = pid % blocks * BLOCK + tl.arange(0, BLOCK)
    inside = lane < d
    rates = rates_of(A, n, lane, inside)
    carried = tl.zeros([BLOCK], tl.float32)
    for group in range(tl.cdiv(chunks, GROUP)):
        # a group is asked for at once: its arithmetic takes much less time than the way to memory
        own, decays = (), ()
        for k in tl.static_range(GROUP):
            c = group * GROUP + k
            there = inside & (c < chunks)
            if BACKWARD:
                c = chunks - 1 - c
            own = own + (lanes(boundary(ends, b, c, n, d, chunks, N), lane, there),)
            total = lanes(totals + (b.to(tl.int64) * chunks + c) * d, lane, there)
            decays = decays + (tl.exp2(total * rates),)
        for k in tl.static_range(GROUP):
            c = group * GROUP + k
            there = inside & (c < chunks)
            if BACKWARD:
                c = chunks - 1 - c
            tl.store(boundary(ends, b, c, n, d, chunks, N) + lane, carried, mask=there)
            carried = own[k] + decays[k] * carried


@triton.jit(do_not_specialize=["length", "chunks"])
def chunk_outputs(
    u,
    delta,
    A,
    B,
    C,
    D,
    z,
    bias,
    states,
    y,
    length,
    d,
    chunks,
    N: tl.constexpr,
    BLOCK: tl.constexpr,
    CHUNK: tl.constexpr,
    SOFTPLUS: tl.constexpr,
):
    """y of a chunk, from the state before it; from zero where `states` is None."""
    b, c, block = place(d, chunks, BLOCK)
    lane = block * BLOCK + tl.arange(0, BLOCK)
    inside = lane < d
    start = c * CHUNK
    skip, shift = lanes(D, lane, inside), bias_of(bias, lane, inside)
    u_row, delta_row, y_row = row(u, b, start, length), row(delta, b, start, length), row(y, b, start, length)
    B_row, C_row = row(B, b, start, length), row(C, b, start, length)
    if z is not None:
        z_row = row(z, b, start, length)
        gate_next = lanes(z_row, lane, inside)
    rates, h = (), ()
    for n in tl.static_range(N):
        rates = rates + (rates_of(A, n, lane, inside),)
        if states is None:
            h = h + (tl.zeros([BLOCK], tl.float32),)
        else:
            h = h + (lanes(boundary(states, b, c, n, d, chunks, N), lane, inside),)
    left = tl.minimum(CHUNK, length - start)
    v_next, x_next = (
        lanes(delta_row, lane, inside),
        lanes(u_row, lane, inside),
    )  # one position ahead, as above
    for k in range(left):
        ahead, v, x = inside & (k + 1 < left), v_next, x_next
        v_next = lanes(delta_row + (k + 1) * delta[2], lane, ahead)
        x_next = lanes(u_row + (k + 1) * u[2], lane, ahead)
        dt, _ = step(v, shift, SOFTPLUS)
        drive, out = dt * x, skip * x
        next_h = ()
        for n in tl.static_range(N):
            entering = drive * tl.load(B_row + k * B[2] + n).to(tl.float32)
            state = tl.exp2(dt * rates[n]) * h[n] + entering
            out += state * tl.load(C_row + k * C[2] + n).to(tl.float32)
            next_h = next_h + (state,)
        h = next_h
        if z is not None:
            gate = gate_next
            gate_next = lanes(z_row + (k + 1) * z[2], lane, ahead)
            out *= gate * sigmoid(gate)
        tl.store(y_row + k * y[2] + lane, out, mask=inside)

# ruff: noqa: RUF005  (Triton knows no unpacking in a tuple)
"""Depthwise causal convolution + SiLU on a GPU (compiled by Triton): tiles of SPAN positions and BLOCK channels.

Conventions of triton_layout: sequences (pointer, stride of a sample, stride of a position), positions in scan order, so
that everything is causal; weight: (pointer, stride of a channel, stride of a tap). Sums are float32.
"""

from __future__ import annotations

import triton
import triton.language as tl

from prism.ops.triton_layout import row
from prism.ops.triton_scan_kernels import sigmoid


@triton.jit
def tile_place(length, d, SPAN: tl.constexpr, BLOCK: tl.constexpr):
    """Sample, first position and first channel of this program: neighbours read the same rows."""
    pid, blocks, spans = tl.program_id(0), tl.cdiv(d, BLOCK), tl.cdiv(length, SPAN)
    return pid // blocks // spans, pid // blocks % spans * SPAN, pid % blocks * BLOCK


@triton.jit
def tile(start, step: tl.constexpr, offset, lane, first, length, d):
    """Numbers of the positions first + offset, in float32, zeros outside; `start`: the row of position `first`."""
    position = first + offset
    there = (position >= 0) & (position < length) & (lane < d)
    return tl.load(start + offset * step + lane, mask=there, other=0.0).to(tl.float32)


@triton.jit
def tap(weight, j, lane, d):
    return tl.load(weight[0] + lane * weight[1] + j * weight[2], mask=lane < d, other=0.0).to(tl.float32)


@triton.jit
def tile_of_bias(bias, lane, d, SPAN: tl.constexpr):
    total = tl.zeros([SPAN, lane.shape[1]], tl.float32)
    if bias is not None:
        total += tl.load(bias + lane, mask=lane < d, other=0.0).to(tl.float32)
    return total


@triton.jit(do_not_specialize=["length"])
def conv_forward(x, weight, bias, y, length, d, WIDTH: tl.constexpr, SPAN: tl.constexpr, BLOCK: tl.constexpr):
    """y of a tile."""
    b, first, channel = tile_place(length, d, SPAN, BLOCK)
    own, lane = tl.arange(0, SPAN)[:, None], channel + tl.arange(0, BLOCK)[None, :]
    x_row = row(x, b, first, length)
    total = tile_of_bias(bias, lane, d, SPAN)
    for j in tl.static_range(WIDTH):
        total += tile(x_row, x[2], own + (j - WIDTH + 1), lane, first, length, d) * tap(weight, j, lane, d)
    there = (first + own < length) & (lane < d)
    tl.store(row(y, b, first, length) + own * y[2] + lane, total * sigmoid(total), mask=there)


@triton.jit(do_not_specialize=["length"])
def conv_backward(
    x,
    weight,
    bias,
    gy,
    gx,
    gweight,
    gbias,
    length,
    d,
    WIDTH: tl.constexpr,
    SPAN: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """gx of a tile, and the sums over its positions gweight: (tiles along length, WIDTH, d), gbias: (tiles, d)."""
    b, first, channel = tile_place(length, d, SPAN, BLOCK)
    own, lane = tl.arange(0, SPAN)[:, None], channel + tl.arange(0, BLOCK)[None, :]
    x_row, gy_row = row(x, b, first, length), row(gy, b, first, length)
    seen = ()
    for j in tl.static_range(2 * WIDTH - 1):
        seen = seen + (tile(x_row, x[2], own + (j - WIDTH + 1), lane, first, length, d),)
    gx_tile = tl.zeros([SPAN, BLOCK], tl.float32)
    place = tl.program_id(0).to(tl.int64) // tl.cdiv(d, BLOCK)
    # a position reaches the outputs of the `ahead` positions after it, whose own gradients are formed here again
    for ahead in tl.static_range(WIDTH):
        total = tile_of_bias(bias, lane, d, SPAN)
        for j in tl.static_range(WIDTH):
            total += seen[ahead + j] * tap(weight, j, lane, d)
        share = sigmoid(total)
        g = tile(gy_row, gy[2], own + ahead, lane, first, length, d) * share * (1.0 + total * (1.0 - share))
        gx_tile += g * tap(weight, WIDTH - 1 - ahead, lane, d)
        if ahead == 0:
            channels = channel + tl.arange(0, BLOCK)
            for j in tl.static_range(WIDTH):
                part = tl.sum(g * seen[j], 0)
                tl.store(gweight + (place * WIDTH + j) * d + channels, part, mask=channels < d)
            tl.store(gbias + place * d + channels, tl.sum(g, 0), mask=channels < d)
    there = (first + own < length) & (lane < d)
    tl.store(row(gx, b, first, length) + own * gx[2] + lane, gx_tile, mask=there)

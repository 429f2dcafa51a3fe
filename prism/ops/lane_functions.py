"""Functions of the vector type of `prism.ops.lanes`: powers and logarithms lane by lane, and sums over lanes."""

from __future__ import annotations

import math

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from prism.ops.lanes import CONTRACT, Lanes, constant, pointer, shuffled

TILE = 16  # positions whose sums over channels are taken together


def _exp2_polynomial(degree: int) -> list[float]:
    """Coefficients, lowest first, of 2^f on [-1/2, 1/2], with 2^0 = 1 exact.

    The decay of a slow state is 1 - 0.001 or so at each of thousands of positions: an error at f = 0 would add up. So
    (2^f - 1) / f is interpolated, at the Chebyshev nodes (nearly minimax).
    """

    def slope(f):
        return np.where(f == 0, math.log(2.0), np.expm1(f * math.log(2.0)) / np.where(f == 0, 1.0, f))

    series = np.polynomial.Chebyshev.interpolate(slope, degree - 1, domain=[-0.5, 0.5])
    return [1.0, *(float(c) for c in series.convert(kind=np.polynomial.Polynomial).coef)]


# bits of the type: (mantissa bits, exponent bias, polynomial); relative errors 2e-7 and 2e-15
_EXP2 = {32: (23, 127, _exp2_polynomial(5)), 64: (52, 1023, _exp2_polynomial(11))}


@intrinsic
def exp2(typingctx, x):
    """2 to the power x, lane by lane, for x within the exponents of normal numbers (the caller clamps)."""

    def emit(context, builder, sig, args):
        (power,) = args
        vector = power.type
        bits = sig.args[0].dtype.bitwidth
        mantissa, bias, coefficients = _EXP2[bits]
        # Adding 1.5 * 2^mantissa rounds to an integer and leaves it in the low bits; with the bias added too, a shift
        # makes those bits the exponent of 2^integer.
        magic = constant(vector, 1.5 * 2.0**mantissa + bias)
        shifted = builder.fadd(power, magic)
        fraction = builder.fsub(power, builder.fsub(shifted, magic))
        integers = ir.VectorType(ir.IntType(bits), vector.count)
        exponent = builder.shl(
            builder.bitcast(shifted, integers), ir.Constant(integers, [mantissa] * vector.count)
        )
        total = constant(vector, coefficients[-1])
        for coefficient in coefficients[-2::-1]:
            product = builder.fmul(total, fraction, flags=CONTRACT)
            total = builder.fadd(product, constant(vector, coefficient), flags=CONTRACT)
        return builder.fmul(total, builder.bitcast(exponent, vector), flags=CONTRACT)

    return x(x), emit


@intrinsic
def log1p_unit(typingctx, e):
    """log(1 + e), lane by lane, for 0 <= e <= 1: 2 atanh(s) with s = e / (2 + e) <= 1/3, as its power series."""

    def emit(context, builder, sig, args):
        vector = args[0].type
        s = builder.fdiv(args[0], builder.fadd(args[0], constant(vector, 2.0)))
        square = builder.fmul(s, s)
        terms = (
            8 if sig.args[0].dtype.bitwidth == 32 else 17
        )  # the first one left out is below 9^-terms / (2 terms + 1)
        total = constant(vector, 1.0 / (2 * terms - 1))
        for k in range(terms - 2, -1, -1):
            product = builder.fmul(total, square, flags=CONTRACT)
            total = builder.fadd(product, constant(vector, 1.0 / (2 * k + 1)), flags=CONTRACT)
        return builder.fmul(total, builder.fadd(s, s), flags=CONTRACT)

    return e(e), emit


@intrinsic
def fold(typingctx, value):
    """Sum the lanes that are a multiple of TILE apart: a value of TILE lanes with the same total."""
    folded = Lanes(value.dtype, TILE)

    def emit(context, builder, sig, args):
        (total,) = args
        while total.type.count > TILE:
            half = total.type.count // 2
            low = shuffled(builder, total, total, list(range(half)))
            high = shuffled(builder, total, total, list(range(half, 2 * half)))
            total = builder.fadd(low, high)
        return total

    return folded(value), emit


@intrinsic
def row_sums(typingctx, array, row):
    """The sums of each of TILE rows, from `row` on, of a two-dimensional array of width TILE, as one value.

    Pairs of rows are added neighbour to neighbour, until one vector holds all sums: 45 instructions for 16 sums.
    """
    summed = Lanes(array.dtype, TILE)
    levels = int(math.log2(TILE))

    def emit(context, builder, sig, args):
        index = types.UniTuple(types.intp, 2)
        vectors = []
        for k in range(TILE):
            position = builder.add(context.cast(builder, args[1], sig.args[1], types.intp), ir.IntType(64)(k))
            pair = context.make_tuple(builder, index, [position, ir.IntType(64)(0)])
            address = pointer(context, builder, sig.args[0], args[0], index, pair, TILE)
            vectors.append(builder.load(address, align=array.dtype.bitwidth // 8))
        even, odd = list(range(0, 2 * TILE, 2)), list(range(1, 2 * TILE, 2))
        for _ in range(levels):
            vectors = [
                builder.fadd(shuffled(builder, a, b, even), shuffled(builder, a, b, odd))
                for a, b in zip(vectors[::2], vectors[1::2], strict=True)
            ]
        return vectors[0]

    return summed(array, row), emit

"""A vector type for numba kernels: `LANES` neighbouring channels as one value.

Numba has no vector type, and its loops over channels are at the mercy of the auto-vectoriser (which stops at 256
bits on AVX-512 machines and cannot vectorise `exp` without a vendor library). Inside a kernel compiled with numba,
`load` reads LANES neighbours of the last axis of an array into one value; `+ - *` and `/` work between such values and
between a value and a scalar; `store` writes it back. LLVM turns each operation into as many machine vectors as it takes
(2 of AVX-512, 4 of AVX2, 8 of SSE or NEON), so the source is the same for every machine and for both precisions.
"""

from __future__ import annotations

import math
import operator

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, models, register_model

LANES = 32  # channels in one value: two AVX-512 registers of float32 hide the latency of the recurrence
TILE = 16  # positions whose sums over channels are taken together

_CONTRACT = ("contract",)  # a * b + c may become one fused multiply-add; nothing else may be reordered


class Lanes(types.Type):
    """The numba type of `count` numbers of one floating-point type."""

    def __init__(self, dtype: types.Float, count: int):
        self.dtype = dtype
        self.count = count
        super().__init__(name=f"Lanes({dtype}, {count})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, lanes):
        element = manager.lookup(lanes.dtype).get_value_type()
        super().__init__(manager, lanes, ir.VectorType(element, lanes.count))


def _constant(vector: ir.VectorType, value: float) -> ir.Constant:
    return ir.Constant(vector, [value] * vector.count)


def _spread(builder, scalar, vector: ir.VectorType):
    """Every lane of `vector` set to `scalar`."""
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.IntType(32)(0))
    return builder.shuffle_vector(
        first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), vector.count), None)
    )


def _arithmetic(function, emit: str) -> None:
    """Give the operator `function` a meaning for Lanes with Lanes and for Lanes with a scalar, either way round."""

    class Template(AbstractTemplate):
        def generic(self, args, keywords):
            lanes = [a for a in args if isinstance(a, Lanes)]
            if len(args) != 2 or not lanes or any(a is not lanes[0] and a != lanes[0] for a in lanes):
                return None
            return signature(lanes[0], *(a if isinstance(a, Lanes) else lanes[0].dtype for a in args))

    infer_global(function)(Template)

    def lower(context, builder, sig, args):
        vector = context.get_value_type(sig.return_type)
        spread = [
            value if isinstance(kind, Lanes) else _spread(builder, value, vector)
            for kind, value in zip(sig.args, args, strict=True)
        ]
        return getattr(builder, emit)(*spread, flags=_CONTRACT)

    for kinds in ((Lanes, Lanes), (Lanes, types.Float), (types.Float, Lanes)):
        lower_builtin(function, *kinds)(lower)


_arithmetic(operator.add, "fadd")
_arithmetic(operator.sub, "fsub")
_arithmetic(operator.mul, "fmul")
_arithmetic(operator.truediv, "fdiv")


def _pointer(context, builder, array_type, array, index_type, index, count: int):
    """The address of array[index], as a pointer to `count` elements; no bounds check, no wrap-around."""
    view = context.make_array(array_type)(context, builder, array)
    positions = cgutils.unpack_tuple(builder, index, len(index_type))
    positions = [
        context.cast(builder, position, kind, types.intp)
        for position, kind in zip(positions, index_type, strict=True)
    ]
    address = cgutils.get_item_pointer(context, builder, array_type, view, positions, wraparound=False)
    element = context.get_value_type(array_type.dtype)
    return builder.bitcast(address, ir.VectorType(element, count).as_pointer())


@intrinsic
def load(typingctx, array, index):
    """The LANES neighbours of `array` along its last axis from `index` (a tuple, one number for each axis) on."""
    lanes = Lanes(array.dtype, LANES)

    def emit(context, builder, sig, args):
        address = _pointer(context, builder, sig.args[0], args[0], sig.args[1], args[1], LANES)
        return builder.load(address, align=array.dtype.bitwidth // 8)

    return lanes(array, index), emit


@intrinsic
def store(typingctx, array, index, value):
    """Write `value` to the neighbours of `array` along its last axis from `index` on."""

    def emit(context, builder, sig, args):
        address = _pointer(context, builder, sig.args[0], args[0], sig.args[1], args[1], value.count)
        builder.store(args[2], address, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, index, value), emit


@intrinsic
def prefetch(typingctx, array, index):
    """Ask for what `load(array, index)` will read; rows of LANES channels are too far apart for the hardware to guess.

    The index may lie beyond the array.
    """

    def emit(context, builder, sig, args):
        address = _pointer(context, builder, sig.args[0], args[0], sig.args[1], args[1], 1)
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        address = builder.bitcast(address, byte)
        for offset in range(0, LANES * array.dtype.bitwidth // 8, 64):
            line = builder.gep(address, [ir.IntType(64)(offset)])
            builder.call(function, [line, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, index), emit


@intrinsic
def minimum(typingctx, value, bound):
    """min(value, bound) lane by lane; `bound` is a scalar, a NaN in `value` stays."""
    return value(value, value.dtype), _clamp(">")


@intrinsic
def maximum(typingctx, value, bound):
    """max(value, bound) lane by lane; `bound` is a scalar, a NaN in `value` stays."""
    return value(value, value.dtype), _clamp("<")


def _clamp(beyond: str):
    def emit(context, builder, sig, args):
        value, bound = args[0], _spread(builder, args[1], args[0].type)
        return builder.select(builder.fcmp_ordered(beyond, value, bound), bound, value)

    return emit


@intrinsic
def where_negative(typingctx, test, yes, no):
    """`yes` in the lanes where `test` < 0, `no` elsewhere."""

    def emit(context, builder, sig, args):
        negative = builder.fcmp_ordered("<", args[0], _constant(args[0].type, 0.0))
        return builder.select(negative, args[1], args[2])

    return test(test, yes, no), emit


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
        magic = _constant(vector, 1.5 * 2.0**mantissa + bias)
        shifted = builder.fadd(power, magic)
        fraction = builder.fsub(power, builder.fsub(shifted, magic))
        integers = ir.VectorType(ir.IntType(bits), vector.count)
        exponent = builder.shl(
            builder.bitcast(shifted, integers), ir.Constant(integers, [mantissa] * vector.count)
        )
        total = _constant(vector, coefficients[-1])
        for coefficient in coefficients[-2::-1]:
            product = builder.fmul(total, fraction, flags=_CONTRACT)
            total = builder.fadd(product, _constant(vector, coefficient), flags=_CONTRACT)
        return builder.fmul(total, builder.bitcast(exponent, vector), flags=_CONTRACT)

    return x(x), emit


@intrinsic
def log1p_unit(typingctx, e):
    """log(1 + e), lane by lane, for 0 <= e <= 1: 2 atanh(s) with s = e / (2 + e) <= 1/3, as its power series."""

    def emit(context, builder, sig, args):
        vector = args[0].type
        s = builder.fdiv(args[0], builder.fadd(args[0], _constant(vector, 2.0)))
        square = builder.fmul(s, s)
        terms = (
            8 if sig.args[0].dtype.bitwidth == 32 else 17
        )  # the first one left out is below 9^-terms / (2 terms + 1)
        total = _constant(vector, 1.0 / (2 * terms - 1))
        for k in range(terms - 2, -1, -1):
            product = builder.fmul(total, square, flags=_CONTRACT)
            total = builder.fadd(product, _constant(vector, 1.0 / (2 * k + 1)), flags=_CONTRACT)
        return builder.fmul(total, builder.fadd(s, s), flags=_CONTRACT)

    return e(e), emit


@intrinsic
def zeros_like(typingctx, array):
    """A value of LANES zeros of the array's type."""
    lanes = Lanes(array.dtype, LANES)
    return lanes(array), lambda context, builder, sig, args: context.get_constant_null(lanes)


def _shuffle(builder, a, b, mask: list[int]):
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), len(mask)), mask))


@intrinsic
def fold(typingctx, value):
    """Sum the lanes that are a multiple of TILE apart: a value of TILE lanes with the same total."""
    folded = Lanes(value.dtype, TILE)

    def emit(context, builder, sig, args):
        (total,) = args
        while total.type.count > TILE:
            half = total.type.count // 2
            low = _shuffle(builder, total, total, list(range(half)))
            high = _shuffle(builder, total, total, list(range(half, 2 * half)))
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
            address = _pointer(context, builder, sig.args[0], args[0], index, pair, TILE)
            vectors.append(builder.load(address, align=array.dtype.bitwidth // 8))
        even, odd = list(range(0, 2 * TILE, 2)), list(range(1, 2 * TILE, 2))
        for _ in range(levels):
            vectors = [
                builder.fadd(_shuffle(builder, a, b, even), _shuffle(builder, a, b, odd))
                for a, b in zip(vectors[::2], vectors[1::2], strict=True)
            ]
        return vectors[0]

    return summed(array, row), emit

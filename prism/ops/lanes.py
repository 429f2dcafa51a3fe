"""A vector type for numba kernels: `LANES` neighbouring channels as one value.

Numba has no vector type, and its loops over channels are at the mercy of the auto-vectoriser (which stops at 256
bits on AVX-512 machines and cannot vectorise `exp` without a vendor library). Inside a kernel compiled with numba,
`load` reads LANES neighbours of the last axis of an array into one value; `+ - *` and `/` work between such values and
between a value and a scalar; `store` writes it back. LLVM turns each operation into as many machine vectors as it takes
(2 of AVX-512, 4 of AVX2, 8 of SSE or NEON), so the source is the same for every machine and for both precisions.
"""

from __future__ import annotations

import operator

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, models, register_model

LANES = 32  # channels in one value: two AVX-512 registers of float32 hide the latency of the recurrence

CONTRACT = ("contract",)  # a * b + c may become one fused multiply-add; nothing else may be reordered


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


def constant(vector: ir.VectorType, value: float) -> ir.Constant:
    """Every lane of `vector` set to the number `value`."""
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
        return getattr(builder, emit)(*spread, flags=CONTRACT)

    for kinds in ((Lanes, Lanes), (Lanes, types.Float), (types.Float, Lanes)):
        lower_builtin(function, *kinds)(lower)


_arithmetic(operator.add, "fadd")
_arithmetic(operator.sub, "fsub")
_arithmetic(operator.mul, "fmul")
_arithmetic(operator.truediv, "fdiv")


def pointer(context, builder, array_type, array, index_type, index, count: int):
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
        address = pointer(context, builder, sig.args[0], args[0], sig.args[1], args[1], LANES)
        return builder.load(address, align=array.dtype.bitwidth // 8)

    return lanes(array, index), emit


@intrinsic
def store(typingctx, array, index, value):
    """Write `value` to the neighbours of `array` along its last axis from `index` on."""

    def emit(context, builder, sig, args):
        address = pointer(context, builder, sig.args[0], args[0], sig.args[1], args[1], value.count)
        builder.store(args[2], address, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, index, value), emit


@intrinsic
def prefetch(typingctx, array, index):
    """Ask for what `load(array, index)` will read; rows of LANES channels are too far apart for the hardware to guess.

    The index may lie beyond the array.
    """

    def emit(context, builder, sig, args):
        address = pointer(context, builder, sig.args[0], args[0], sig.args[1], args[1], 1)
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
        negative = builder.fcmp_ordered("<", args[0], constant(args[0].type, 0.0))
        return builder.select(negative, args[1], args[2])

    return test(test, yes, no), emit


@intrinsic
def joined(typingctx, a, b):
    """The lanes of `a`, then those of `b`, as one value: twice as many operations that do not wait for each other."""
    both = Lanes(a.dtype, a.count + b.count)

    def emit(context, builder, sig, args):
        return shuffled(builder, *args, list(range(both.count)))

    return both(a, b), emit


@intrinsic
def first_half(typingctx, value):
    """The first half of the lanes, as one value."""
    return _half(value, 0)


@intrinsic
def second_half(typingctx, value):
    """The second half of the lanes, as one value."""
    return _half(value, value.count // 2)


def _half(value: Lanes, start: int):
    half = Lanes(value.dtype, value.count // 2)

    def emit(context, builder, sig, args):
        return shuffled(builder, args[0], args[0], list(range(start, start + half.count)))

    return half(value), emit


def shuffled(builder, a, b, mask: list[int]):
    """The chosen lanes of `a` and `b`, counted through both."""
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), len(mask)), mask))


@intrinsic
def zeros_like(typingctx, array):
    """A value of LANES zeros of the array's type."""
    lanes = Lanes(array.dtype, LANES)
    return lanes(array), lambda context, builder, sig, args: context.get_constant_null(lanes)

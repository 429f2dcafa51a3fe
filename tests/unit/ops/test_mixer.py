"""All of a Mamba mixer after its in_proj: the fused operation against the float64 twin, and what it keeps."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prism.ops import Direction, gated_direction, mamba_inner, mamba_inner_reference

NAMES = ("xz", "out_weight", *(f"{name}{i}" for i in range(2) for name in Direction._fields[:-1]))
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}  # of the largest number in each tensor


def draw(batch=2, length=70, d=40, n=16, rank=3, width=4, d_out=8, ways=(False, True), seed=0):
    """xz, directions and out_weight: random, float64, with products of order one."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, dtype=torch.float64, generator=generator)

    directions = [
        Direction(
            conv_weight=normal(d, width) / width**0.5,
            conv_bias=normal(d) / 2,
            x_weight=normal(rank + 2 * n, d) / d**0.5,
            dt_weight=normal(d, rank) / rank**0.5,
            dt_bias=normal(d) - 2,
            A_log=torch.rand(d, n, dtype=torch.float64, generator=generator),
            D=normal(d),
            reverse=reverse,
        )
        for reverse in ways
    ]
    return normal(batch, length, 2 * d), directions, normal(d_out, d) / d**0.5


def values_and_gradients(function, inputs, dtype=torch.float64):
    """The result, and the gradient of a fixed weighting of it by every tensor, in the order of NAMES."""
    xz, directions, out_weight = inputs
    leaves = [xz, out_weight, *(x for way in directions for x in way.tensors)]
    leaves = [x.detach().to(dtype).clone().requires_grad_() for x in leaves]
    rest = iter(leaves[2:])
    directions = [Direction(*(next(rest) for _ in way.tensors), way.reverse) for way in directions]
    y = function(leaves[0], directions, leaves[1])
    weighting = torch.randn(y.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(9))
    y.backward(weighting.to(y.dtype))
    return [y.detach(), *(x.grad for x in leaves)]


def assert_agree(found, expected, tolerance):
    """Each tensor within `tolerance` of its largest number, or of what rounding leaves of sums of its length.

    The gradient of a parameter is a sum over positions of terms as large as the gradient of xz there. The terms may
    cancel, and what rounding left of them does not: plain PyTorch in float32 errs as much.
    """
    batch, length, _ = expected[0].shape
    term = expected[1].square().mean().sqrt().item()
    floor = max(0.05, term / 10) * math.sqrt(batch * length)
    assert len(found) == len(expected)
    for name, ours, theirs in zip(("y", *NAMES), found, expected, strict=False):
        assert ours.shape == theirs.shape, name
        error = (ours.double() - theirs).abs().max().item()
        assert error <= tolerance * max(theirs.abs().max().item(), floor), (name, error)


@settings(max_examples=30)
@given(
    batch=st.integers(1, 3),
    length=st.one_of(st.sampled_from([1, 2, 63, 64, 65, 128, 131]), st.integers(1, 140)),
    d=st.sampled_from([1, 3, 16, 31, 32, 33, 40, 64]),
    n=st.sampled_from([1, 2, 3, 7, 16]),
    rank=st.integers(1, 9),
    width=st.integers(1, 5),
    d_out=st.integers(1, 9),
    ways=st.sampled_from([(False,), (True,), (False, True), (True, False)]),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    seed=st.integers(0, 1000),
)
@example(2, 65, 1, 7, 2, 3, 4, (False,), torch.float32, 87)  # the gradient of conv_bias cancels
@example(2, 65, 1, 7, 2, 3, 5, (True,), torch.float32, 87)  # that of A_log does
def test_kernel_equals_float64_twin(batch, length, d, n, rank, width, d_out, ways, dtype, seed):
    inputs = draw(batch, length, d, n, rank, width, d_out, ways, seed)
    found = values_and_gradients(mamba_inner, inputs, dtype)
    assert_agree(found, values_and_gradients(mamba_inner_reference, inputs), TOLERANCE[dtype])


def test_gradients_at_the_widths_of_the_paper():
    inputs = draw(batch=1, length=150, d=256, n=16, rank=8, d_out=128)
    found = values_and_gradients(mamba_inner, inputs, torch.float32)
    for ours, theirs in zip(found, values_and_gradients(mamba_inner_reference, inputs), strict=True):
        difference = ours.double() - theirs
        assert difference.norm() <= 1e-5 * theirs.norm()
        assert difference.abs().max() <= 1e-5 * theirs.abs().max()


def test_the_twin_by_hand():
    # u = silu(log 3) = 3/4 log 3; low = 0, so that the step is softplus(log(e - 1)) = 1; B = 2u, C = u;
    # h = B u; y = (C h + 4 u) silu(log 3); two equal directions over one position are twice one.
    one = torch.ones(1, 1, dtype=torch.float64)
    way = Direction(
        conv_weight=one,
        conv_bias=torch.zeros(1, dtype=torch.float64),
        x_weight=torch.tensor([[0.0], [2.0], [1.0]], dtype=torch.float64),
        dt_weight=one,
        dt_bias=torch.tensor([math.log(math.e - 1)], dtype=torch.float64),
        A_log=one,
        D=torch.tensor([4.0], dtype=torch.float64),
    )
    xz = torch.full((1, 1, 2), math.log(3), dtype=torch.float64)
    u = 0.75 * math.log(3)
    expected = 2 * 5 * (2 * u**4 + 4 * u**2)
    for function in (mamba_inner, mamba_inner_reference):
        y = function(xz, [way, way._replace(reverse=True)], 5 * one)
        assert y.item() == pytest.approx(expected, rel=1e-12)


def test_the_doors_one_after_the_other_are_the_same():
    inputs = draw()

    def by_doors(xz, directions, out_weight):
        x, z = xz.chunk(2, dim=-1)
        return sum(gated_direction(x, z, way) for way in directions) @ out_weight.t()

    expected = values_and_gradients(mamba_inner_reference, inputs)
    assert_agree(values_and_gradients(by_doors, inputs), expected, 1e-12)


def test_environment_forces_the_twins(monkeypatch):
    inputs = draw()
    monkeypatch.setenv("PRISM_SCAN", "reference")
    found = values_and_gradients(mamba_inner, inputs)
    assert_agree(found, values_and_gradients(mamba_inner_reference, inputs), 1e-13)


def test_without_gradients_the_same_numbers():
    xz, directions, out_weight = draw()
    leaf = xz.clone().requires_grad_()
    expected = mamba_inner(leaf, directions, out_weight)
    assert expected.requires_grad
    with torch.inference_mode():
        assert torch.equal(mamba_inner(xz, directions, out_weight), expected)


def test_strided_input_and_an_empty_batch():
    xz, directions, out_weight = draw(batch=2, d=32)
    backwards = xz.transpose(0, 1).contiguous().transpose(0, 1)
    wide = torch.cat([xz, xz], dim=-1)[..., :64]
    expected = mamba_inner(xz, directions, out_weight)
    for same in (backwards, wide):
        torch.testing.assert_close(mamba_inner(same, directions, out_weight), expected, rtol=0, atol=1e-14)
    assert mamba_inner(xz[:0], directions, out_weight).shape == (0, 70, 8)


def test_same_bits_every_time_and_for_any_number_of_threads(with_threads):
    inputs = draw(3, 200, 96, 8)
    # products are the library's own business: only the kernels' numbers must not depend on threads
    runs = with_threads(lambda: values_and_gradients(mamba_inner, inputs, torch.float64), 1, 2, 3, 2)
    assert all(torch.equal(a, b) for a, b in zip(runs[1], runs[3], strict=True))
    for other in runs[1:]:
        assert_agree(other, runs[0], 1e-14)


def test_autocast_multiplies_in_bfloat16_and_scans_in_float32():
    inputs = draw(batch=1, length=300, d=32)
    expected = values_and_gradients(mamba_inner_reference, inputs)

    def rough(xz, directions, out_weight):
        with torch.autocast("cpu", torch.bfloat16):
            y = mamba_inner(xz.bfloat16(), directions, out_weight)
        assert y.dtype == torch.bfloat16
        return y

    found = values_and_gradients(rough, inputs, torch.float32)
    assert all(x.dtype == torch.float32 for x in found[1:])
    for name, ours, theirs in zip(("y", *NAMES), found, expected, strict=True):
        error = ((ours.double() - theirs).norm() / theirs.norm()).item()
        assert 1e-5 < error < 0.03, name  # some roundings to 8 bits, 0.4 % each


def test_kept_for_the_gradients_are_the_input_low_ranks_and_states_of_chunks():
    xz, directions, out_weight = draw(batch=2, length=640, d=64, n=16, rank=4)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x) or x, lambda x: x):
        mamba_inner(xz.requires_grad_(), directions, out_weight)
    parameters = {x.data_ptr() for way in directions for x in way.tensors} | {out_weight.data_ptr()}
    sizes = sorted(x.numel() for x in kept if x.data_ptr() not in parameters)
    low_rank, states = 2 * 640 * (4 + 2 * 16), 2 * 10 * 16 * 64
    assert sizes == sorted([xz.numel(), *2 * [low_rank], *2 * [states]])


PEAK = """
import re, torch
from pathlib import Path
from prism.models.blocks.caduceus import BiMamba

def resident(kind):
    return int(re.search(kind + r":\\s*(\\d+) kB", Path("/proc/self/status").read_text()).group(1)) * 1024

torch.set_num_threads(2)
block = BiMamba(64, 1)
block(torch.randn(1, 66, 64)).sum().backward()  # kernels compiled
x, before = torch.randn(4, LENGTH, 64), resident("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
block(x).sum().backward()
print((resident("VmHWM") - before) / (4 * 4 * LENGTH * 128))
"""


def peak_in_sequences(length, scan):
    """Peak of a forward and backward pass, in arrays of (batch, length, d_inner) float32; one with states is 16."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK.replace("LENGTH", str(length))],
        env={**os.environ, "PRISM_SCAN": scan},
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_no_state_for_each_position_exists():
    assert peak_in_sequences(2000, "") < 14
    assert peak_in_sequences(500, "reference") > 32  # what the measure says where they do


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"xz": torch.zeros(2, 7, 9)}, r"xz has shape \(2, 7, 9\), expected an even width"),
        ({"xz": torch.zeros(7, 10)}, r"xz has shape \(7, 10\), expected \(batch, length"),
        ({"xz": torch.zeros(2, 7, 10).double()}, r"out_weight is torch.float32, xz torch.float64"),
        ({"out_weight": torch.zeros(8, 4)}, r"out_weight has shape \(8, 4\), expected \(8, 5\)"),
        ({"directions": []}, "directions is empty"),
        ({"D": torch.zeros(4)}, r"D of direction 0 has shape \(4,\), expected \(5,\)"),
        ({"x_weight": torch.zeros(9, 5)}, r"x_weight of direction 0 has shape \(9, 5\), expected \(7, 5\)"),
        ({"A_log": torch.zeros(5)}, r"A_log of direction 0 has shape \(5,\), expected a matrix"),
        ({"dt_bias": torch.zeros(5).long()}, r"dt_bias of direction 0 is torch.int64"),
    ],
)
def test_bad_input_is_named(change, message):
    xz, directions, out_weight = draw(2, 7, 5, 2, 3)
    arguments = {"xz": xz.float(), "out_weight": out_weight.float()}
    way = Direction(*(x.float() for x in directions[0].tensors))
    way = way._replace(**{k: v for k, v in change.items() if k in Direction._fields})
    arguments |= {"directions": [way]} | {k: v for k, v in change.items() if k not in Direction._fields}
    with pytest.raises(ValueError, match=message):
        mamba_inner(**arguments)

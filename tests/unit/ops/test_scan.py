"""The selective scan: hand-worked numbers, and the kernel against the float64 twin."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prism.ops import selective_scan, selective_scan_reference

NAMES = ("u", "delta", "A", "B", "C", "D", "z", "delta_bias")
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}  # of the largest number in each tensor
SIZES = {
    "batch": st.integers(1, 3),
    "length": st.one_of(st.sampled_from([1, 2, 63, 64, 65, 128, 131]), st.integers(1, 140)),
    "d": st.sampled_from([1, 3, 16, 31, 32, 33, 40, 64]),
    "n": st.sampled_from([1, 2, 3, 4, 7, 16, 17]),
}


def draw(batch, length, d, n, seed=0, gated=True, biased=True, softplus=True):
    """Random float64 inputs by name; steps are positive where they are taken as they are."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, dtype=torch.float64, generator=generator)

    return {
        "u": normal(batch, length, d),
        "delta": normal(batch, length, d) if softplus else normal(batch, length, d).abs(),
        "A": -3 * torch.rand(d, n, dtype=torch.float64, generator=generator),
        "B": normal(batch, length, n),
        "C": normal(batch, length, n),
        "D": normal(d),
        "z": normal(batch, length, d) if gated else None,
        "delta_bias": normal(d) - 2 if biased else None,
    }


def values_and_gradients(function, inputs, dtype=torch.float64, **options):
    """y, and the gradient of a fixed weighting of y by every input, by name."""
    leaves = {k: v.clone().to(dtype).requires_grad_() for k, v in inputs.items() if v is not None}
    y = function(**leaves, **options)
    weighting = torch.randn(y.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(9)).to(
        dtype
    )
    y.backward(weighting)
    return {"y": y.detach(), **{k: v.grad for k, v in leaves.items()}}


def assert_agree(found, expected, tolerance):
    """Each tensor within `tolerance` of its largest number, or of what rounding leaves of sums of its length.

    Inputs, and so the terms of every sum over batch and positions, are of order one: a sum that cancels keeps the
    rounding of its terms (so does the twin in float32).
    """
    assert found.keys() == expected.keys()
    batch, length, _ = expected["y"].shape
    floor = 0.05 * math.sqrt(batch * length)
    for name, value in expected.items():
        assert found[name].shape == value.shape, name
        error = (found[name].double() - value).abs().max().item()
        assert error <= tolerance * max(value.abs().max().item(), floor), (name, error)


@pytest.fixture(params=[selective_scan, selective_scan_reference], ids=["kernel", "twin"])
def scan(request):
    return request.param


def tensor(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


@pytest.fixture
def two_steps():
    """Two positions, one channel, one state, decay 2^-dt: h_1 = 3, h_2 = 3/4 + 4."""
    return {
        "u": tensor(1, 2).view(1, 2, 1),
        "delta": tensor(1, 2).view(1, 2, 1),
        "A": tensor(-math.log(2)).view(1, 1),
        "B": tensor(3, 1).view(1, 2, 1),
        "C": tensor(2, 4).view(1, 2, 1),
        "D": tensor(0.5),
    }


def test_two_positions_worked_out_by_hand(scan, two_steps):
    y = scan(**two_steps, delta_softplus=False)
    torch.testing.assert_close(y.flatten(), tensor(6.5, 20.0))


def test_two_positions_from_the_end_worked_out_by_hand(scan, two_steps):
    y = scan(**two_steps, delta_softplus=False, reverse=True)
    torch.testing.assert_close(y.flatten(), tensor(10.5, 17.0))


def test_gradients_worked_out_by_hand(scan, two_steps):
    leaves = {k: v.requires_grad_() for k, v in two_steps.items()}
    scan(**leaves, delta_softplus=False).sum().backward()
    expected = {
        "u": [9.5, 8.5],
        "delta": [9.0, 8 - 3 * math.log(2)],
        "A": [6.0],
        "B": [3.0, 16.0],
        "C": [3.0, 4.75],
        "D": [3.0],
    }
    for name, numbers in expected.items():
        torch.testing.assert_close(leaves[name].grad.flatten(), tensor(*numbers), msg=name)


def test_step_gate_and_bias_worked_out_by_hand(scan):
    # softplus(log(e - 1)) = 1, and silu(log 3) = 3/4 log 3
    one = torch.ones(1, 1, 1, dtype=torch.float64)
    y = scan(
        u=2 * one,
        delta=one * math.log(math.e - 1) - 5,
        A=-one[0],
        B=3 * one,
        C=one,
        D=tensor(4),
        z=one * math.log(3),
        delta_bias=tensor(5),
    )
    assert y.item() == pytest.approx((6 + 8) * 0.75 * math.log(3), rel=1e-12)


@settings(max_examples=40)
@given(
    **SIZES,
    gated=st.booleans(),
    biased=st.booleans(),
    softplus=st.booleans(),
    reverse=st.booleans(),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    seed=st.integers(0, 1000),
)
@example(
    batch=2,
    length=17,
    d=1,
    n=1,
    gated=True,
    biased=True,
    softplus=True,
    reverse=False,
    dtype=torch.float32,
    seed=885,
)  # terms of 0.07 whose sum, for A, is 0.002
def test_kernel_equals_float64_twin(batch, length, d, n, gated, biased, softplus, reverse, dtype, seed):
    inputs = draw(batch, length, d, n, seed, gated, biased and softplus, softplus)
    options = {"delta_softplus": softplus, "reverse": reverse}
    found = values_and_gradients(selective_scan, inputs, dtype, **options)
    expected = values_and_gradients(selective_scan_reference, inputs, **options)
    assert_agree(found, expected, TOLERANCE[dtype])


@pytest.mark.parametrize("reverse", [False, True])
def test_reverse_is_flip_scan_flip(scan, reverse):
    inputs = draw(2, 70, 5, 3)
    flipped = {k: v.flip(1) if v.ndim == 3 else v for k, v in inputs.items()}
    found = scan(**inputs, reverse=reverse)
    torch.testing.assert_close(found, scan(**flipped, reverse=not reverse).flip(1))


@pytest.mark.parametrize("reverse", [False, True])
def test_gradcheck(reverse):
    leaves = [v.requires_grad_() for v in draw(2, 5, 3, 2).values()]
    assert torch.autograd.gradcheck(lambda *x: selective_scan(*x, reverse=reverse), leaves)


def test_strided_inputs(scan):
    inputs = draw(2, 70, 32, 4)
    expected = scan(**inputs)
    pair = torch.cat([inputs["u"], inputs["z"]], -1)
    products = torch.cat([torch.zeros(2, 70, 3, dtype=torch.float64), inputs["B"], inputs["C"]], -1)
    strided = {
        "u": pair[..., :32],
        "z": pair[..., 32:],
        "B": products[..., 3:7],
        "C": products[..., 7:],
        "delta": inputs["delta"].transpose(1, 2).contiguous().transpose(1, 2),
        "A": inputs["A"].t().contiguous().t(),
        "D": inputs["D"].repeat_interleave(2)[::2],
    }
    torch.testing.assert_close(scan(**{**inputs, **strided}), expected, rtol=1e-13, atol=1e-13)


def test_broadcast_gradient(scan):
    leaf = draw(1, 20, 4, 2)
    leaf["u"].requires_grad_()
    scan(**leaf).sum().backward()  # the gradient of a sum is one number with strides of zero
    summed, leaf["u"].grad = leaf["u"].grad, None
    y = scan(**leaf)
    y.backward(torch.ones_like(y))
    torch.testing.assert_close(summed, leaf["u"].grad, rtol=0, atol=0)


@pytest.mark.parametrize("wanted", NAMES)
def test_gradient_of_one_input_only(wanted):
    inputs = draw(2, 66, 8, 4)
    expected = values_and_gradients(selective_scan_reference, inputs)[wanted]
    leaves = {k: v.requires_grad_(k == wanted) for k, v in inputs.items()}
    y = selective_scan(**leaves)
    y.backward(torch.randn(y.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(9)))
    torch.testing.assert_close(leaves[wanted].grad, expected)
    assert all(leaves[k].grad is None for k in NAMES if k != wanted)


def test_same_bits_every_time_and_for_any_number_of_threads(with_threads):
    inputs = draw(3, 200, 96, 8)
    runs = with_threads(lambda: values_and_gradients(selective_scan, inputs, torch.float32), 1, 2, 3, 2)
    for other in runs[1:]:
        for name, value in runs[0].items():
            assert torch.equal(other[name], value), name


def test_slow_states_stay_accurate_over_thousands_of_positions():
    # A step of 0.001 and A = -1: h tends to 1, and an error e of every decay moves it by a thousand times e.
    length = 2500
    one = torch.ones(1, length, 1)
    y = selective_scan(one, one * 1e-3, -one[0, :1], one, one, torch.zeros(1), delta_softplus=False)
    step = float(one.new_tensor(1e-3))  # 0.001 as float32 has it
    decay = math.exp(-step)
    expected = [step * (1 - decay ** (t + 1)) / (1 - decay) for t in range(length)]  # a geometric series
    torch.testing.assert_close(y.flatten().double(), torch.tensor(expected).double(), rtol=3e-5, atol=0)


@pytest.mark.parametrize("delta", [-200.0, 40.0, 1e4])
def test_extreme_steps_stay_finite(delta):
    inputs = draw(1, 70, 4, 2)
    inputs["delta"] = torch.full_like(inputs["delta"], delta)
    found = values_and_gradients(selective_scan, inputs, torch.float32)
    expected = values_and_gradients(selective_scan_reference, inputs)
    assert all(value.isfinite().all() for value in found.values())
    torch.testing.assert_close(found["y"].double(), expected["y"], rtol=1e-4, atol=1e-4)


def test_nan_is_not_hidden():
    inputs = draw(1, 70, 4, 2)
    inputs["delta"][0, 30, 1] = math.nan
    y = selective_scan(**inputs)
    assert y[0, 30:, 1].isnan().all()
    assert y[0, :30].isfinite().all()
    assert y[..., [0, 2, 3]].isfinite().all()


def test_nothing_kept_for_backward_has_a_state_for_each_position():
    inputs = {k: v.float().requires_grad_() for k, v in draw(2, 640, 64, 16).items()}
    sizes = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: sizes.append(x.numel()) or x, lambda x: x):
        selective_scan(**inputs)
    assert (
        max(sizes) == 2 * 640 * 64
    )  # the largest are inputs; the states of chunks are a quarter of that here

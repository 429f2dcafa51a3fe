"""The causal convolution with SiLU: hand-worked numbers, and the kernel against the float64 twin."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prism.ops import causal_conv, causal_conv_reference


@pytest.fixture(params=[causal_conv, causal_conv_reference], ids=["kernel", "twin"])
def conv(request):
    return request.param


def draw(batch, length, d, width, seed=0, biased=True):
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, dtype=torch.float64, generator=generator)

    inputs = {"x": normal(batch, length, d), "weight": normal(d, width)}
    return {**inputs, "bias": normal(d)} if biased else inputs


def values_and_gradients(function, inputs, dtype, reverse):
    leaves = {k: v.clone().to(dtype).requires_grad_() for k, v in inputs.items()}
    y = function(**leaves, reverse=reverse)
    weighting = torch.randn(y.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(9)).to(
        dtype
    )
    y.backward(weighting)
    return {"y": y.detach(), **{k: v.grad for k, v in leaves.items()}}


@pytest.mark.parametrize(
    ("reverse", "share"),
    [(False, [-0.25, 0.75, 0.75]), (True, [-0.25, -0.25, 0.75])],
)
def test_three_positions_worked_out_by_hand(conv, reverse, share):
    # The taps add log 3 of the neighbour and take log 3 of the position itself; silu(+-log 3) = (3/4, -1/4) log 3
    x = torch.tensor([1.0, 0.0, -1.0], dtype=torch.float64).view(1, 3, 1)
    weight = torch.tensor([[math.log(3), -math.log(3)]], dtype=torch.float64)
    y = conv(x, weight, reverse=reverse).flatten()
    torch.testing.assert_close(y, torch.tensor(share, dtype=torch.float64) * math.log(3))


def test_bias_is_added_before_silu(conv):
    y = conv(torch.zeros(1, 2, 1), torch.ones(1, 4), torch.tensor([math.log(3)]))
    torch.testing.assert_close(y.flatten(), torch.full((2,), 0.75 * math.log(3)))


@settings(max_examples=40)
@given(
    batch=st.integers(1, 3),
    length=st.one_of(st.sampled_from([1, 2, 63, 64, 65, 66, 128, 131]), st.integers(1, 140)),
    d=st.sampled_from([1, 3, 16, 31, 32, 33, 40, 64]),
    width=st.sampled_from([1, 2, 3, 4, 7, 64, 65]),
    biased=st.booleans(),
    reverse=st.booleans(),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    seed=st.integers(0, 1000),
)
@example(3, 37, 1, 64, True, True, torch.float32, 707)  # the gradient of the bias cancels
def test_kernel_equals_float64_twin(batch, length, d, width, biased, reverse, dtype, seed):
    inputs = draw(batch, length, d, width, seed, biased)
    found = values_and_gradients(causal_conv, inputs, dtype, reverse)
    expected = values_and_gradients(causal_conv_reference, inputs, torch.float64, reverse)
    tolerance = {torch.float32: 1e-5, torch.float64: 1e-12}[dtype]
    floor = 0.1 * math.sqrt(batch * length)  # sums over positions of terms of order one, which may cancel
    for name, value in expected.items():
        error = (found[name].double() - value).abs().max().item()
        assert error <= tolerance * max(value.abs().max().item(), floor), (name, error)


@pytest.mark.parametrize("reverse", [False, True])
def test_gradcheck(reverse):
    leaves = [v.requires_grad_() for v in draw(2, 5, 3, 4).values()]
    assert torch.autograd.gradcheck(lambda *x: causal_conv(*x, reverse=reverse), leaves)


def test_strided_input(conv):
    inputs = draw(2, 70, 64, 4)
    half = {"x": inputs["x"][..., 32:], "weight": inputs["weight"][32:], "bias": inputs["bias"][32:]}
    torch.testing.assert_close(conv(**half), conv(**inputs)[..., 32:], rtol=1e-13, atol=1e-13)


def test_only_the_weight_needs_a_gradient():
    inputs = draw(2, 70, 8, 4)
    inputs["weight"].requires_grad_()
    y = causal_conv(**inputs)
    y.backward(torch.ones_like(y))
    expected = inputs["weight"].grad.clone()
    inputs["weight"].grad = None
    causal_conv_reference(**inputs).sum().backward()
    torch.testing.assert_close(expected, inputs["weight"].grad)
    assert inputs["x"].grad is None


def test_same_bits_for_any_number_of_threads(with_threads):
    inputs = draw(3, 200, 96, 4)
    runs = with_threads(
        lambda: values_and_gradients(causal_conv, inputs, torch.float32, reverse=True), 1, 2, 2
    )
    for other in runs[1:]:
        assert all(torch.equal(other[name], value) for name, value in runs[0].items())


def test_autocast_and_half_precision():
    inputs = {k: v.float() for k, v in draw(1, 50, 4, 4).items()}
    plain = causal_conv(**inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(causal_conv(**inputs), plain)
    y = causal_conv(inputs["x"].bfloat16(), inputs["weight"], inputs["bias"])
    assert y.dtype == torch.bfloat16
    expected = causal_conv(inputs["x"].bfloat16().float(), inputs["weight"], inputs["bias"])
    torch.testing.assert_close(y, expected.bfloat16())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": torch.zeros(7, 4)}, r"x has shape \(7, 4\), expected \(batch, length"),
        ({"weight": torch.zeros(3, 4)}, r"weight has shape \(3, 4\), expected \(d=5, width"),
        ({"weight": torch.zeros(5, 1, 4)}, r"weight has shape \(5, 1, 4\), expected \(d=5, width"),
        ({"bias": torch.zeros(4)}, r"bias has shape \(4,\), expected \(5,\)"),
        ({"bias": torch.zeros(5).double()}, r"bias is torch.float64, x torch.float32"),
    ],
)
def test_bad_input_is_named(change, message):
    inputs = {"x": torch.zeros(2, 7, 5), "weight": torch.zeros(5, 4), "bias": torch.zeros(5)}
    with pytest.raises(ValueError, match=message):
        causal_conv(**{**inputs, **change})

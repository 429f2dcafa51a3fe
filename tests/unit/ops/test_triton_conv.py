"""The causal convolution's Triton kernels against the float64 twin: by the interpreter, or on a GPU."""

from __future__ import annotations

import pytest
import torch

from prism.ops import causal_conv, causal_conv_reference
from prism.ops.triton_conv import BLOCK, SPAN
from tests.unit.ops.triton_twin import HAS_GPU, assert_equals_twin, normal, values_and_gradients

pytestmark = pytest.mark.usefixtures("through_triton")


def draw(batch, length, d, width, biased=True, half=torch.float32):
    """Random inputs by name; x of type `half`."""
    return {
        "x": normal(batch, length, d, seed=1).to(half),
        "weight": normal(d, width, seed=2).float(),
        "bias": normal(d, seed=3).float() if biased else None,
    }


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    "size",
    [
        (1, 1, 1, 1),
        (2, 1, 3, 4),  # shorter than the taps
        (2, 3, BLOCK + 1, 4),
        (1, SPAN, BLOCK, 3),
        (2, SPAN + 1, 5, 2),
        (3, 2 * SPAN + 7, BLOCK + 8, 4),
        (1, SPAN + 2, 3, 7),
    ],
)
def test_values_and_gradients_equal_the_float64_twin(size, reverse, place):
    assert_equals_twin(causal_conv, causal_conv_reference, draw(*size), place, reverse=reverse)


@pytest.mark.parametrize(
    ("biased", "half"), [(False, torch.float32), (True, torch.bfloat16), (False, torch.float16)]
)
def test_without_bias_and_in_half_precision(biased, half, place):
    inputs = draw(2, 40, 5, 4, biased, half)
    assert_equals_twin(causal_conv, causal_conv_reference, inputs, place, reverse=True)


def test_strided_inputs(place):
    inputs = {k: v.to(place) for k, v in draw(2, 20, 4, 4).items()}
    strided = {
        "x": torch.cat([inputs["x"], inputs["x"]], -1)[..., 4:],
        "weight": inputs["weight"].t().contiguous().t(),
        "bias": inputs["bias"].repeat_interleave(3)[::3],
    }
    expected = values_and_gradients(causal_conv, inputs)
    found = values_and_gradients(causal_conv, strided)
    turned = {**inputs, "x": inputs["x"].transpose(1, 2).contiguous().transpose(1, 2)}
    for other in (found, values_and_gradients(causal_conv, turned)):
        for name, value in expected.items():
            torch.testing.assert_close(other[name], value, rtol=0, atol=0, msg=name)


def test_an_empty_batch(place):
    inputs = {k: v.to(place) for k, v in draw(0, 7, 4, 3).items()}
    found = values_and_gradients(causal_conv, inputs)
    assert found["y"].shape == (0, 7, 4)
    assert torch.equal(found["weight"], torch.zeros(4, 3))


@pytest.mark.gpu
@pytest.mark.slow
@pytest.mark.skipif(not HAS_GPU, reason="no GPU")
@pytest.mark.parametrize("reverse", [False, True])
def test_large_sizes_on_a_gpu(reverse):
    inputs = draw(24, 2000, 256, 4)
    assert_equals_twin(causal_conv, causal_conv_reference, inputs, "cuda", reverse=reverse)

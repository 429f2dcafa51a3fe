"""The selective scan's Triton kernels against the float64 twin: by the interpreter, or on a GPU where there is one."""

from __future__ import annotations

import math

import pytest
import torch

from prism.models.blocks.caduceus import BiMamba
from prism.ops import selective_scan, selective_scan_reference
from prism.ops.triton_scan import CHUNK, GRADIENT_CHUNK, GROUP, selective_scan_triton
from tests.unit.ops.triton_twin import HAS_GPU, assert_equals_twin, normal, values_and_gradients

pytestmark = pytest.mark.usefixtures("through_triton")
SEQUENCES = ("u", "delta", "B", "C", "z")


def draw(batch, length, d, n, gated=True, biased=True, softplus=True, half=None):
    """Random inputs by name, float32; sequences of type `half` where that is given. Steps are positive."""
    inputs = {
        "u": normal(batch, length, d, seed=1),
        "delta": normal(batch, length, d, seed=2) if softplus else normal(batch, length, d, seed=2).abs() / 4,
        "A": -3 * torch.rand(d, n, dtype=torch.float64, generator=torch.Generator().manual_seed(3)),
        "B": normal(batch, length, n, seed=4),
        "C": normal(batch, length, n, seed=5),
        "D": normal(d, seed=6),
        "z": normal(batch, length, d, seed=7) if gated else None,
        "delta_bias": normal(d, seed=8) - 2 if biased and softplus else None,
    }
    types = {name: half if half and name in SEQUENCES else torch.float32 for name in inputs}
    return {name: None if x is None else x.to(types[name]) for name, x in inputs.items()}


CASES = {
    "one position": {"size": (2, 1, 3, 2)},
    "odd": {"size": (2, 7, 33, 3), "reverse": True},
    "n 16": {"size": (1, 5, 40, 16)},
    "a whole chunk": {"size": (1, CHUNK, 5, 1), "reverse": True},
    "past one chunk": {"size": (2, CHUNK + 1, 3, 2)},
    "past a group of chunks": {"size": (1, GRADIENT_CHUNK * GROUP + 3, 2, 2), "reverse": True},
    "no gate": {"size": (1, 21, 5, 2), "gated": False},
    "no bias": {"size": (1, 21, 5, 2), "biased": False, "reverse": True},
    "neither": {"size": (1, 66, 5, 2), "biased": False, "gated": False},
    "no softplus": {"size": (1, 66, 5, 2), "softplus": False},
    "bfloat16": {"size": (2, 67, 4, 2), "half": torch.bfloat16},
    "float16": {"size": (2, 18, 34, 2), "half": torch.float16, "reverse": True},
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_values_and_gradients_equal_the_float64_twin(case, place):
    case = dict(case)
    options = {"reverse": case.pop("reverse", False), "delta_softplus": case.get("softplus", True)}
    inputs = draw(*case.pop("size"), **case)
    assert_equals_twin(selective_scan, selective_scan_reference, inputs, place, **options)


@pytest.mark.gpu
@pytest.mark.slow
@pytest.mark.skipif(not HAS_GPU, reason="no GPU")
@pytest.mark.parametrize("size", [(3, 2000, 256, 16), (1, 200_000, 128, 16), (24, 333, 200, 17)])
@pytest.mark.parametrize("half", [None, torch.bfloat16])
@pytest.mark.parametrize("reverse", [False, True])
def test_large_sizes_on_a_gpu(size, half, reverse):
    inputs = draw(*size, half=half)
    inputs["delta"] /= 4
    on_gpu = {k: v.cuda() for k, v in inputs.items()}
    found = values_and_gradients(selective_scan, on_gpu, reverse=reverse)
    flipped = {k: v.flip(1) if v.ndim == 3 else v for k, v in on_gpu.items()}
    again = selective_scan(**flipped, reverse=not reverse).flip(1).cpu()
    torch.testing.assert_close(found["y"], again, rtol=0, atol=0)
    head = {k: v[:, :500] if v.ndim == 3 else v for k, v in (flipped if reverse else on_gpu).items()}
    exact = selective_scan_reference(**{k: v.double() for k, v in head.items()}).cpu()
    y = (found["y"].flip(1) if reverse else found["y"])[:, :500].double()
    torch.testing.assert_close(y, exact, rtol=2**-8 if half else 1e-4, atol=1e-4)
    assert all(value.isfinite().all() for value in found.values())


def test_strided_inputs(place):
    inputs = {k: v.to(place) for k, v in draw(2, 20, 4, 3).items()}
    pair = torch.cat([inputs["u"], inputs["z"]], -1)
    products = torch.cat([torch.zeros(2, 20, 3, device=place), inputs["B"], inputs["C"]], -1)
    strided = {
        "u": pair[..., :4],
        "z": pair[..., 4:],
        "B": products[..., 3:6],
        "C": products[..., 6:],
        "delta": inputs["delta"].transpose(1, 2).contiguous().transpose(1, 2),
        "A": inputs["A"].t().contiguous().t(),
        "D": inputs["D"].repeat_interleave(2)[::2],
    }
    expected = values_and_gradients(selective_scan, inputs)
    found = values_and_gradients(selective_scan, {**inputs, **strided})
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=0, msg=name)


def test_broadcast_gradient(place):
    leaf = {k: v.to(place) for k, v in draw(1, 18, 4, 2).items()}
    leaf["u"].requires_grad_()
    selective_scan(**leaf).sum().backward()  # the gradient of a sum is one number with strides of zero
    summed, leaf["u"].grad = leaf["u"].grad, None
    y = selective_scan(**leaf)
    y.backward(torch.ones_like(y))
    assert torch.equal(summed, leaf["u"].grad)


@pytest.mark.parametrize("delta", [-200.0, -20.0, 40.0, 1e4])
def test_extreme_steps(delta, place):
    inputs = draw(1, 3, 2, 2)
    inputs["delta"] = torch.full_like(inputs["delta"], delta)
    inputs["D"] *= 0  # so that the answer is as small as the step, and as exact
    y = selective_scan(**{k: v.to(place) for k, v in inputs.items()}).cpu()
    exact = selective_scan_reference(**{k: v.double() for k, v in inputs.items()})
    torch.testing.assert_close(y.double(), exact, rtol=1e-5, atol=1e-37)


def test_nan_is_not_hidden(place):
    inputs = {k: v.to(place) for k, v in draw(1, 20, 4, 2).items()}
    inputs["delta"][0, 5, 1] = math.nan
    y = selective_scan(**inputs)
    assert y[0, 5:, 1].isnan().all()
    assert y[0, :5].isfinite().all()
    assert y[..., [0, 2, 3]].isfinite().all()


def test_same_bits_every_time(place):
    inputs = {k: v.to(place) for k, v in draw(2, 18, 3, 2).items()}
    first, second = (values_and_gradients(selective_scan, inputs) for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_nothing_is_kept_for_backward_but_the_inputs(place):
    inputs = {k: v.to(place).requires_grad_() for k, v in draw(1, 70, 3, 2).items()}
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x.data_ptr()), lambda x: x):
        selective_scan(**inputs)
    assert sorted(kept) == sorted(x.data_ptr() for x in inputs.values())


def test_an_empty_batch(place):
    inputs = {k: v.to(place) for k, v in draw(0, 7, 4, 3).items()}
    found = values_and_gradients(selective_scan, inputs)
    assert found["y"].shape == (0, 7, 4)
    assert torch.equal(found["A"], torch.zeros(4, 3))


def test_the_door_leads_to_the_kernels(monkeypatch):
    """So the tests above can fail: what they call is the kernel, and a wrong constant in it shows."""
    from prism.ops import triton_scan

    place = "cuda" if HAS_GPU else "cpu"
    inputs = {k: v.to(place) for k, v in draw(1, 9, 3, 2).items()}
    right = selective_scan(**inputs)
    order = ("u", "delta", "A", "B", "C", "D", "z", "delta_bias")
    assert torch.equal(right, selective_scan_triton(*(inputs[k] for k in order), True, False))
    monkeypatch.setattr(triton_scan, "CHUNK", 4)  # more chunks, the same numbers
    torch.testing.assert_close(selective_scan(**inputs), right)
    monkeypatch.setattr(triton_scan._Launch, "hand_on", lambda *_, **__: None)  # states stay where they end
    assert not torch.allclose(selective_scan(**inputs), right)


def test_a_whole_mixer_by_the_kernels(place, monkeypatch):
    torch.manual_seed(0)
    mixer, x = BiMamba(4, 1).to(place), normal(1, 18, 4).float().to(place)
    gradients = []
    for choice in ("triton", "reference"):
        monkeypatch.setenv("PRISM_SCAN", choice)
        y = mixer(x)
        gradients.append([y, *torch.autograd.grad(y.square().sum(), list(mixer.parameters()))])
    for found, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_float64_stays_with_the_twin():
    inputs = {k: v.double() for k, v in draw(1, 5, 3, 2).items()}
    assert torch.equal(selective_scan(**inputs), selective_scan_reference(**inputs))

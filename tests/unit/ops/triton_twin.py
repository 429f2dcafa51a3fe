"""Triton's kernels beside their twins in float64: values, gradients and tolerances."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

pytest.importorskip("triton", reason="no Triton for this system")

HAS_GPU = torch.cuda.is_available()
# Of the largest number in each tensor: what float32 sums leave, and the rounding of the answer to a half precision
# (the interpreter cuts bfloat16 off, toward zero, where a GPU rounds it).
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 2**-8 if HAS_GPU else 2**-7, torch.float16: 2**-11}


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def values_and_gradients(
    function, inputs: dict[str, Tensor | None], weighting: torch.dtype = torch.float32, **options
) -> dict[str, Tensor]:
    """y, and the gradient of a fixed weighting (of that type) of y by every input, by name, on the CPU."""
    leaves = {k: v.detach().requires_grad_() for k, v in inputs.items() if v is not None}
    y = function(**leaves, **options)
    y.backward(normal(*y.shape, seed=9).to(weighting).to(y))
    return {"y": y.detach().cpu(), **{k: v.grad.cpu() for k, v in leaves.items()}}


def assert_equals_twin(kernel, twin, inputs: dict[str, Tensor | None], place: str, **options) -> None:
    """Values and gradients of `kernel`, of the inputs' types, against those of `twin` in float64.

    Each tensor within its type's tolerance of its largest number, or of what rounding leaves of a sum of as many terms
    of order one as there are positions.
    """
    on_place = {k: None if v is None else v.to(place) for k, v in inputs.items()}
    exact = {k: None if v is None else v.double() for k, v in inputs.items()}
    dtypes = {name: v.dtype for name, v in inputs.items() if v is not None}
    dtypes["y"] = next(iter(dtypes.values()))
    found = values_and_gradients(kernel, on_place, dtypes["y"], **options)
    expected = values_and_gradients(twin, exact, dtypes["y"], **options)
    batch, length, _ = expected["y"].shape
    floor = 0.05 * math.sqrt(batch * length)
    assert {k: v.dtype for k, v in found.items()} == dtypes
    for name, value in expected.items():
        assert found[name].shape == value.shape, name
        error = (found[name].double() - value).abs().max().item()
        assert error <= TOLERANCE[dtypes[name]] * max(value.abs().max().item(), floor), (name, error)

"""Architectures on a GPU against themselves in float64 on a CPU: the plain twin, and the Triton kernels in float32."""

from __future__ import annotations

import copy
from dataclasses import fields, replace

import pytest
import torch

from prism import models
from prism.genome.batch import Batch
from tests.unit.models.tiny_models import random_batch, random_mask

LENGTH = 96
FAST = {"stem": {"kind": "conv", "size": 4}, "pool_bins": 4}
MODELS = {
    "caduceus": ("caduceus", {}),
    "caduceus_signals": ("caduceus_signals", {}),
    "caduceus_signals, fast": ("caduceus_signals", FAST),
    "hyenadna": ("hyenadna", {}),
    "mamba": ("mamba", {}),
    "mamba, fast": ("mamba", FAST),
    "prism": ("prism", {}),
    "prism, fast": ("prism", FAST),
    "prism, 4 bins": ("prism", {"pool_bins": 4}),
    "seq2exp_soft": ("seq2exp_soft", {}),
}
SMALL = {"d_model": 16, "n_layer": 2, "center_len": 32, "length": LENGTH, "n_signals": 3, "n_rna_features": 9}
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")]


def a_batch(dtype: torch.dtype) -> Batch:
    batch = replace(random_batch(3, LENGTH, 3, 9), blacklist=random_mask(3, LENGTH, 0.1))
    cast = {each.name: getattr(batch, each.name) for each in fields(batch)}
    return Batch(
        **{name: x.to(dtype) if x is not None and x.is_floating_point() else x for name, x in cast.items()}
    )


def numbers(module: torch.nn.Module, device: str, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Prediction in eval mode and every gradient of its sum, on the CPU as float64."""
    module = copy.deepcopy(module).to(device, dtype).eval()
    answer = module(a_batch(dtype).to(device)).expression
    answer.sum().backward()
    found = {"prediction": answer.detach()}
    found |= {name: each.grad for name, each in module.named_parameters() if each.grad is not None}
    return {name: value.double().cpu() for name, value in found.items()}


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 1e-4)])
@pytest.mark.parametrize("name", MODELS)
def test_a_gpu_gives_the_numbers_of_the_float64_twin(name, dtype, tolerance, monkeypatch):
    torch.manual_seed(1)
    architecture, settings = MODELS[name]
    module = models.build(architecture, SMALL | settings)
    monkeypatch.setenv("PRISM_SCAN", "reference")
    exact = numbers(module, "cpu", torch.float64)
    monkeypatch.delenv("PRISM_SCAN")
    found = numbers(module, "cuda", dtype)
    assert set(found) == set(exact)
    for key, value in exact.items():
        difference = (found[key] - value).norm().item()
        assert difference <= tolerance * max(value.norm().item(), 1e-3), key

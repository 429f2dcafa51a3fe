"""HyenaDNA: the operator, its filter, the layers around it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from prism import models
from prism.genome.batch import Batch
from prism.models.hyenadna import HyenaFilter, HyenaOperator, long_convolution
from tests.unit.models.tiny_models import count, random_batch, with_and_without_checkpoints

SMALL = {"length": 40, "d_model": 16, "n_layer": 2, "center_len": 8, "n_rna_features": 3}


def a_batch(n=2, length=40, n_rna_features=3) -> Batch:
    return random_batch(n, length, 0, n_rna_features)


def test_parameter_count_at_the_papers_sizes():
    sizes = {"length": 2000, "n_signals": 0, "n_rna_features": 9}
    assert count(models.build("hyenadna", sizes)) == 903_681
    # what depends on the length is computed, not learned
    assert count(models.build("hyenadna", {**sizes, "length": 5000})) == 903_681


def test_long_convolution_is_the_convolution():
    x, kernel = torch.randn(2, 3, 20), torch.randn(3, 20)
    expected = [[np.convolve(row, taps)[:20] for row, taps in zip(rows, kernel, strict=True)] for rows in x]
    np.testing.assert_allclose(long_convolution(x, kernel), np.array(expected), atol=1e-5)
    assert long_convolution(x.bfloat16(), kernel).dtype == torch.float32
    assert long_convolution(x.double(), kernel.double()).dtype == torch.float64


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_operator_is_causal(dtype):
    operator = HyenaOperator(8, l_max=42).to(dtype)
    u = torch.randn(2, 40, 8, dtype=dtype)
    changed = u.clone()
    changed[:, 25] += 1
    difference = (operator(u) - operator(changed)).abs().amax(dim=(0, 2))
    rounding = 1e-6 if dtype == torch.float32 else 1e-14  # an FFT spreads it over all positions
    assert difference[:25].max() < rounding
    assert difference[25:].min() > 100 * rounding


def test_the_operator_by_hand():
    """With a kernel of zeros the operator is pointwise but for the short filter of 3."""
    operator = HyenaOperator(2, l_max=10)
    torch.nn.init.zeros_(operator.filter.layers[-1].weight)
    u = torch.randn(1, 8, 2)
    padded = F.pad(operator.in_proj(u), (0, 0, 2, 0))
    taps = operator.short_filter.weight[:, 0]  # the last is the present position
    short = sum(padded[:, k : k + 8] * taps[:, k] for k in range(3)) + operator.short_filter.bias
    x0, x1, v = short[..., :2], short[..., 2:4], short[..., 4:]
    torch.testing.assert_close(operator(u), operator.out_proj(x0 * operator.filter.bias * x1 * v))


def test_the_filter_by_hand():
    """Position s of l_max = 5, the middle one of three channels."""
    kernel = HyenaFilter(3, l_max=5)
    s, t = 2, 2 / 4
    w = 2 * math.pi * s / 5
    features = [t, math.cos(1e-4 * w), math.cos(w), -math.sin(1e-4 * w), -math.sin(w)]
    x = torch.tensor(features)
    for layer in kernel.layers[:3]:
        x = torch.sin(10 * (layer.weight @ x + layer.bias))
    rate = (math.log(100) / 0.3 + math.log(100) / 1.5) / 2
    expected = (kernel.layers[3].weight @ x)[1] * math.exp(-t * rate)
    torch.testing.assert_close(kernel(4)[1, s], expected)
    assert kernel(4).shape == (3, 4)


def test_the_scale_of_the_filter_is_that_of_the_window_it_was_built_for():
    short, long = HyenaFilter(4, l_max=12), HyenaFilter(4, l_max=102)
    for name, parameter in short.named_parameters():
        long.get_parameter(name).data.copy_(parameter)
    assert not torch.allclose(short(10), long(10), atol=1e-3)
    torch.testing.assert_close(short(10)[:, :6], short(6))


def test_a_window_longer_than_the_operator_is_refused():
    with pytest.raises(ValueError, match="window of 50 bp is longer than this Hyena operator's l_max of 42"):
        models.build("hyenadna", SMALL)(a_batch(length=50))


def test_dropout_is_on_the_embedding_only():
    model = models.build("hyenadna", SMALL)
    assert [(name, m.p) for name, m in model.named_modules() if isinstance(m, torch.nn.Dropout)] == [
        ("dropout", 0.1)
    ]
    batch = a_batch()
    assert not torch.equal(model(batch).expression, model(batch).expression)
    model.eval()
    assert torch.equal(model(batch).expression, model(batch).expression)
    still = models.build("hyenadna", {**SMALL, "embed_dropout": 0.0})
    assert torch.equal(still(batch).expression, still(batch).expression)
    for bad in (1.0, -0.1, True):
        with pytest.raises(ValueError, match=f"embed_dropout={bad} must be a number from 0"):
            models.build("hyenadna", {**SMALL, "embed_dropout": bad})


def test_start_of_the_weights():
    model = models.build("hyenadna", {**SMALL, "d_model": 64, "n_layer": 8})
    layer = model.backbone.layers[3]
    for module, std in ((layer.widen, 0.02), (layer.mixer.in_proj, 0.02), (layer.narrow, 0.005)):
        assert module.weight.std().item() == pytest.approx(std, rel=0.05)
    assert layer.mixer.out_proj.weight.std().item() == pytest.approx(0.005, rel=0.05)
    assert torch.equal(layer.mixer.filter.frequency, torch.full((64,), 10.0))
    assert not any(
        m.bias.any() for m in model.modules() if isinstance(m, torch.nn.Linear) and m.bias is not None
    )


@pytest.mark.parametrize("n_rna_features", [0, 9])
def test_expression_is_one_number_a_gene_whatever_the_rna_features(n_rna_features):
    model = models.build("hyenadna", {**SMALL, "n_rna_features": n_rna_features}).eval()
    answer = model(a_batch(n_rna_features=n_rna_features), with_details=True)
    assert answer.expression.shape == (2,)
    assert (answer.losses, answer.details) == ({}, {})


def test_gradients_reach_every_parameter_and_checkpointing_changes_none():
    plain = with_and_without_checkpoints("hyenadna", {**SMALL, "embed_dropout": 0.0}, a_batch())
    assert [name for name, p in plain.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_autocast_lowers_the_products_and_nothing_else():
    model = models.build("hyenadna", {**SMALL, "embed_dropout": 0.0})
    exact = model(a_batch()).expression
    seen = {}
    layer = model.backbone.layers[0]
    layer.mixer.in_proj.register_forward_hook(lambda m, i, out: seen.update(product=out.dtype))
    layer.mixer.filter.register_forward_hook(lambda m, i, out: seen.update(filter=out.dtype))
    layer.register_forward_hook(lambda m, i, out: seen.update(residual=out.dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answer = model(a_batch()).expression
    assert seen == {"product": torch.bfloat16, "filter": torch.float32, "residual": torch.float32}
    torch.testing.assert_close(answer, exact, rtol=0.05, atol=0.02)


def test_double_is_a_twin_of_single():
    model = models.build("hyenadna", SMALL).eval()
    single = model(a_batch()).expression
    double = model.double()(a_batch()).expression
    assert double.dtype == torch.float64
    torch.testing.assert_close(single.double(), double, rtol=1e-4, atol=1e-6)

"""Spread of context weights, by hand, and what is said of a collapse."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from prism import models
from prism.inference.contexts import collapse_warning, context_spread, spread_of
from tests.unit.models.tiny_models import random_batch

SMALL = {"length": 64, "d_model": 8, "n_layer": 1, "n_context": 2, "cnn_dim": 4, "center_len": 32}


def test_spread_by_hand():
    # two genes, two channels, two contexts: columns (3, 4) and (4, 3), then (1, 0) and (0, 1)
    weights = torch.tensor([[[3.0, 4.0], [4.0, 3.0]], [[1.0, 0.0], [0.0, 1.0]]])
    found = spread_of(weights)
    assert found["genes"] == 2
    # over genes: half the differences 2, 4, 4, 2
    assert found["sd_over_genes"] == pytest.approx((1 + 2 + 2 + 1) / 4)
    # over channels: half the differences 1, 1, then 1, 1
    assert found["sd_over_channels"] == pytest.approx(0.5)
    assert found["mean_cosine"] == pytest.approx((24 / 25 + 0) / 2)


def test_one_context_has_no_cosine():
    assert spread_of(torch.rand(3, 4, 1))["mean_cosine"] is None


def spread_in(context: str, genes: int = 5, saturated: bool = False) -> dict:
    torch.manual_seed(1)
    model = models.build("prism", SMALL | {"context": context})
    if saturated:
        model.confounder.projection.weight.data.zero_()
        model.confounder.projection.bias.data[::2] = 9.0  # sigmoid: almost 1, and for the others a half
    whole = random_batch(genes, 64, n_signals=3, n_rna_features=9)
    windows = SimpleNamespace(batch=lambda rows: random_batch(genes, 64, 3, 9))
    found = context_spread(model, windows, range(genes), torch.device("cpu"), genes)
    assert model.training
    weights = model.eval().context_weights(whole.signals)
    assert found["sd_over_channels"] == pytest.approx(
        weights.std(dim=1, correction=0).mean().item(), rel=1e-5
    )
    return found


def test_a_mask_that_is_the_same_for_every_gene_is_a_collapse():
    found = spread_in("learned", saturated=True)
    assert found["sd_over_genes"] == pytest.approx(0, abs=1e-9)
    assert found["collapsed"]
    told = collapse_warning(found)
    assert told.startswith(
        "warning: the learned contexts are the same for every gene: over 5 genes their weights have"
    )
    assert "normalise_contexts: true" in told


def test_what_is_no_collapse():
    assert not spread_in("constant")["collapsed"]  # by construction
    assert not spread_in("learned", genes=1, saturated=True)["collapsed"]  # one gene has no spread
    assert collapse_warning(spread_in("random")) is None

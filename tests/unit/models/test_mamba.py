"""Mamba: tokens, one reading direction, settings."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from prism import models, ops
from prism.genome.batch import Batch
from prism.models.blocks.tokens import NucleotideEmbedding, token_ids
from prism.models.parameter_groups import parameter_groups
from tests.unit.models.tiny_models import random_batch, with_and_without_checkpoints

SMALL = {"d_model": 16, "n_layer": 2, "center_len": 8, "n_rna_features": 3}


def a_batch(n=2, length=40) -> Batch:
    return random_batch(n, length, n_signals=0, n_rna_features=3)


def test_tokens_of_the_bases():
    codes = torch.tensor([[0, 1, 2, 3, 4]])  # A C G T and unknown
    assert token_ids(F.one_hot(codes, 5)[..., :4].float()).tolist() == [[7, 8, 9, 10, 11]]


def test_an_embedding_of_twelve_small_vectors_without_weight_decay():
    embed = NucleotideEmbedding(4000)
    assert embed.weight.shape == (12, 4000)
    assert embed.weight.std().item() == pytest.approx(0.02, rel=0.02)
    (decayed, spared) = parameter_groups(embed)
    assert (decayed["params"], len(spared["params"])) == ([], 1)


def test_it_reads_from_left_to_right_only():
    model = models.build("mamba", SMALL).eval()
    batch = a_batch()
    sequence = batch.sequence.clone()
    sequence[:, 25] = 1 - sequence[:, 25]
    hidden = model.backbone(model.embed(batch.sequence))
    changed = model.backbone(model.embed(sequence))
    difference = (hidden - changed).abs().amax(dim=(0, 2))
    assert difference[:25].max() == 0
    assert difference[25:].min() > 0
    # the pooled positions are 16 to 23: what comes after does not count, what comes before does
    expression = model(batch).expression
    assert torch.equal(model(replace(batch, sequence=sequence)).expression, expression)
    sequence = batch.sequence.clone()
    sequence[:, 10] = 1 - sequence[:, 10]
    assert not torch.equal(model(replace(batch, sequence=sequence)).expression, expression)


def test_one_scan_a_layer(monkeypatch):
    calls = []
    scan = ops.selective_scan
    monkeypatch.setattr(ops, "selective_scan", lambda *a, **k: calls.append(k["reverse"]) or scan(*a, **k))
    monkeypatch.setenv("PRISM_SCAN", "reference")
    models.build("mamba", SMALL)(a_batch())
    assert calls == [False, False]


def test_gradients_reach_every_parameter_and_only_the_tokens_seen():
    model = models.build("mamba", SMALL)
    model(a_batch()).expression.sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []
    assert model.embed.weight.grad.any(dim=1).tolist() == [False] * 7 + [True] * 5


@pytest.mark.parametrize("name", ["mamba", "caduceus", "caduceus_signals"])
def test_layers_are_checkpointed_on_request(name):
    settings = SMALL | ({"n_signals": 0} if name == "caduceus_signals" else {})
    with_and_without_checkpoints(name, settings, a_batch())
    with pytest.raises(ValueError, match="checkpoint_layers='yes' must be true or false"):
        models.build(name, {**settings, "checkpoint_layers": "yes"})

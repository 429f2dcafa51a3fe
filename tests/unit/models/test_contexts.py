"""The setting `context` of Prism: learned weights and the controls that replace them."""

from __future__ import annotations

import pytest
import torch

from prism import models
from prism.models.catalogue import traits
from tests.unit.models.tiny_models import random_batch

SMALL = {"length": 64, "d_model": 64, "n_layer": 1, "n_context": 2, "cnn_dim": 4, "center_len": 32}
KINDS = ("learned", "random", "shuffled", "constant")


def built(seed=3, **own):
    torch.manual_seed(seed)
    return models.build("prism", SMALL | own)


def a_batch(n=4):
    return random_batch(n, 64, n_signals=3, n_rna_features=9)


def test_the_kinds_are_those_of_the_catalogue():
    assert traits("prism").choices("context") == KINDS
    with pytest.raises(ValueError, match="context='none' must be learned or random or shuffled or constant"):
        built(context="none")


def test_all_kinds_share_every_weight_of_the_start():
    start = {kind: built(context=kind).state_dict() for kind in KINDS}
    start["none"] = built(n_context=0).state_dict()
    learned = start.pop("learned")
    assert any(key.startswith("confounder.") for key in learned)
    assert set(start["shuffled"]) == set(learned)
    without = {key for key in learned if not key.startswith("confounder.")}
    for kind in ("random", "constant", "none"):
        assert set(start[kind]) == without
    for kind, state in start.items():
        assert all(torch.equal(state[key], learned[key]) for key in state), kind


def test_random_masks_are_draws_of_0_and_1_anew_for_gene_channel_context_and_step():
    model = built(context="random").train()
    first, second = (model.context_weights(a_batch(64).signals) for _ in range(2))
    assert first.shape == (64, 64, 2)
    assert set(first.unique().tolist()) == {0.0, 1.0}
    # 8,192 fair draws: a standard deviation of the mean is 0.0055; equal in half of the places where independent
    for share in (first.mean(), (first == second).float().mean(), (first[..., 0] == first[..., 1]).float().mean(),
                  (first[0] == first[1:]).float().mean()):  # fmt: skip
        assert share.item() == pytest.approx(0.5, abs=0.03)


def test_in_eval_mode_random_masks_are_the_same_and_move_no_generator():
    model, batch = built(context="random").eval(), a_batch()
    before = torch.get_rng_state()
    first, second = (model(batch, with_details=True).details for _ in range(2))
    assert torch.equal(first["context_weights"], second["context_weights"])
    assert torch.equal(first["intervention_prediction"], second["intervention_prediction"])
    assert torch.equal(torch.get_rng_state(), before)
    assert first["context_weights"].std(dim=0).mean() > 0.3


def test_shuffled_contexts_are_those_of_the_gene_before():
    learned, shuffled = (built(context=kind).eval() for kind in ("learned", "shuffled"))
    own, others = (model.context_weights(a_batch().signals) for model in (learned, shuffled))
    assert not torch.allclose(own[0], own[1])
    for gene, before in enumerate((3, 0, 1, 2)):
        assert torch.equal(others[gene], own[before])


def test_constant_contexts_are_a_half():
    assert torch.equal(
        built(context="constant").context_weights(a_batch().signals), torch.full((4, 64, 2), 0.5)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_only_learned_contexts_are_pushed_apart(kind):
    model = built(context=kind, alpha=0.5, beta=2).train()
    losses = model(a_batch()).losses
    wanted = {"intervention": 0.5} | ({"diversity": 2.0} if kind in ("learned", "shuffled") else {})
    assert model.loss_weights == wanted
    assert set(losses) == set(wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_reach_every_parameter(kind):
    model = built(context=kind).train()
    output = model(a_batch())
    (output.expression.sum() + sum(output.losses.values())).backward()
    # a bias before a BatchNorm has no effect
    idle = [key for key, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert [key for key in idle if not key.startswith("confounder.convs")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_observed_branch_does_not_depend_on_the_contexts(kind):
    learned, other = built().eval(), built(context=kind).eval()
    assert torch.equal(other(a_batch()).expression, learned(a_batch()).expression)

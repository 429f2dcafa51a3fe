"""The setting `context` of Prism: learned weights and the controls that replace them."""

from __future__ import annotations

import pytest
import torch

from prism import models
from prism.models.blocks.signal_dropout import without_some_signals
from prism.models.catalogue import traits
from tests.unit.models.tiny_models import random_batch

SMALL = {"length": 64, "d_model": 64, "n_layer": 1, "n_context": 2, "cnn_dim": 4, "center_len": 32}
KINDS = ("learned", "random", "shuffled", "constant")


def built(seed=3, **own):
    torch.manual_seed(seed)
    return models.build("prism", SMALL | own)


def a_batch(n=4):
    return random_batch(n, 64, n_signals=3, n_rna_features=9)


ADDED = {"normalise_contexts": True, "adjust_promoter": True, "signal_dropout": 0.25}


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


def test_additions_leave_the_weights_of_the_start_as_they_are():
    plain, added = built().state_dict(), built(**ADDED).state_dict()
    assert all(torch.equal(added[key], plain[key]) for key in plain)
    more = set(added) - set(plain)
    assert {key.rsplit(".", 1)[0] for key in more} == {"confounder.promoter", "confounder.over_genes"}


def test_normalised_contexts_differ_between_genes_by_hand():
    model = built(normalise_contexts=True).train()
    torch.nn.init.zeros_(model.confounder.projection.weight)
    model.confounder.projection.weight.data[:, 0] = 1e-2  # all weights almost the same, for every gene
    weights = model.context_weights(a_batch(8).signals)
    logits = torch.logit(weights.double())
    torch.testing.assert_close(logits.mean(dim=0), torch.zeros(64, 2).double(), atol=1e-5, rtol=0)
    assert (
        logits.std(dim=0, correction=0) > 0.5
    ).all()  # 1 but for the 1e-5 that BatchNorm adds to the variance
    alone = model.context_weights(a_batch(1).signals)  # no spread of its own: that of the steps before
    assert torch.isfinite(alone).all()


def test_in_prediction_normalised_contexts_do_not_depend_on_batch_mates():
    model = built(normalise_contexts=True)
    model.train()(a_batch(8))
    model.eval()
    whole, first = model.context_weights(a_batch(8).signals), model.context_weights(a_batch(8).signals[:1])
    torch.testing.assert_close(whole[:1], first)


@pytest.mark.parametrize("kind", KINDS)
def test_the_intervened_branches_see_the_promoter_activity_times_its_weight(kind):
    model, batch = built(context=kind, adjust_promoter=True).eval(), a_batch()
    seen = []
    model.head.register_forward_hook(lambda module, inputs, output: seen.append(inputs[1]))
    details = model(batch, with_details=True).details
    assert details["context_weights"].shape == (4, 64, 2)
    observed, intervened = seen
    assert torch.equal(observed, batch.rna_features)
    assert torch.equal(intervened[:, :8], batch.rna_features[:, :8])
    weight = intervened[:, 8] / batch.rna_features[:, 8]
    if kind == "constant":
        torch.testing.assert_close(weight, torch.full((4,), 0.5))
    elif kind == "random":  # the mean of two draws of 0 and 1
        assert set((2 * weight).round(decimals=4).tolist()) <= {0.0, 1.0, 2.0}
    else:
        encoder = model.confounder
        drawn = []
        encoder.promoter.register_forward_hook(lambda module, inputs, output: drawn.append(output))
        encoder(batch.signals)
        own = torch.sigmoid(drawn[0]).mean(dim=1)
        torch.testing.assert_close(weight, own if kind == "learned" else own[[3, 0, 1, 2]])


def test_gradients_reach_the_promoters_weight():
    model = built(adjust_promoter=True).train()
    model(a_batch()).losses["intervention"].backward()
    assert model.confounder.promoter.weight.grad.any()


@pytest.mark.parametrize("n", [0, 8])
def test_a_promoter_that_is_not_there_is_refused(n):
    with pytest.raises(
        ValueError, match=f"needs promoter activity among the gene features, and there are {n} without"
    ):
        built(n_rna_features=n, adjust_promoter=True)
    built(n_rna_features=1, adjust_promoter=True)


def test_signals_are_left_out_whole_and_the_others_stay():
    signals = 1 + torch.rand(2000, 5, 3)
    left = without_some_signals(signals, 0.25)
    there = left[:, 0] > 0
    assert torch.equal(left, signals * there[:, None])
    # 6,000 draws: a standard deviation of 0.0056; two signals of a gene are left out together in a sixteenth
    assert there.float().mean().item() == pytest.approx(0.75, abs=0.03)
    assert (~there[:, 0] & ~there[:, 1]).float().mean().item() == pytest.approx(1 / 16, abs=0.03)
    assert without_some_signals(signals, 0.0) is signals


@pytest.mark.parametrize("name", ["prism", "caduceus_signals"])
def test_prediction_sees_every_signal(name):
    sizes = {key: SMALL[key] for key in ("length", "d_model", "n_layer", "center_len")}
    torch.manual_seed(3)
    plain = models.build(name, sizes)
    torch.manual_seed(3)
    dropping = models.build(name, sizes | {"signal_dropout": 0.5})
    batch = a_batch()
    assert torch.equal(plain.eval()(batch).expression, dropping.eval()(batch).expression)
    first, second = (dropping.train()(batch).expression for _ in range(2))
    assert not torch.allclose(first, second)
    assert torch.equal(batch.signals, a_batch().signals)
    with pytest.raises(ValueError, match="signal_dropout=1 must be below 1"):
        models.build(name, sizes | {"signal_dropout": 1})

"""Seq2Exp: the mask, what reads it, and which gradients reach it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from prism import models
from prism.genome.batch import Batch
from prism.models.parameter_groups import parameter_groups
from tests.unit.models.tiny_models import random_batch, random_mask

LENGTH, CENTRE = 96, slice(40, 56)
SMALL = {"length": LENGTH, "d_model": 16, "n_layer": 2, "center_len": 16}
both = pytest.mark.parametrize("name", ["seq2exp_soft", "seq2exp_hard"])


def a_batch(n=3, length=LENGTH, n_signals=3, n_rna_features=9, seed=0) -> Batch:
    batch = random_batch(n, length, n_signals, n_rna_features, seed)
    return replace(batch, signals=2 * batch.signals, blacklist=random_mask(n, length, 0.1, seed))


def a_model(name, **settings):
    """A model whose mask is neither empty nor full, and whose learned positions are not zero."""
    model = models.build(name, {**SMALL, **settings})
    torch.nn.init.normal_(model.mask.logits.weight, std=0.5)
    if name == "seq2exp_hard":
        torch.nn.init.normal_(model.pos_emb, std=0.1)
    return model


def rows(batch: Batch, chosen: list[int]) -> Batch:
    return Batch(
        *(getattr(batch, key)[chosen] for key in ("sequence", "signals", "rna_features", "expression")),
        blacklist=batch.blacklist[chosen],
    )


def named_gradients(model) -> dict[str, torch.Tensor]:
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None and p.grad.any()}


@pytest.mark.parametrize(
    ("name", "length", "expected"),
    [
        ("seq2exp_soft", 2000, 1_114_243),
        ("seq2exp_hard", 2000, 574_979 + 128 * 2000),
        ("seq2exp_hard", 64, 574_979 + 128 * 64),
    ],
)
def test_parameter_counts_at_the_papers_sizes(name, length, expected):
    model = models.build(name, {"length": length, "n_signals": 3, "n_rna_features": 9})
    assert sum(p.numel() for p in model.parameters()) == expected
    assert sum(b.numel() for b in model.buffers()) == 6
    trained = [p for group in parameter_groups(model) for p in group["params"]]
    assert sum(p.numel() for p in trained) == expected


def test_learned_positions_start_at_zero_and_are_spared_by_weight_decay():
    model = models.build("seq2exp_hard", SMALL)
    assert model.pos_emb.shape == (1, LENGTH, 16)
    assert not model.pos_emb.any()
    _, spared = parameter_groups(model)
    assert any(p is model.pos_emb for p in spared["params"])


@both
def test_eval_mode_is_deterministic_and_gives_the_prediction_alone(name):
    model = a_model(name).eval()
    first, second = model(a_batch()), model(a_batch(), with_details=True)
    assert torch.equal(first.expression, second.expression)
    assert first.expression.shape == (3,)
    assert (first.losses, first.details, second.losses) == ({}, {}, {})
    shapes = {key: tuple(value.shape) for key, value in second.details.items()}
    positions = (3, LENGTH)
    assert shapes == {"mask": positions, "kl_loss": (), "z_alpha": positions, "z_beta": positions}


@both
def test_training_draws_anew_from_the_seed_and_adds_the_kl(name):
    model = a_model(name).train()
    assert model.loss_weights == {"kl": 0.01}

    def drawn(seed):
        torch.manual_seed(seed)
        return model(a_batch(), with_details=True)

    one, again, other = drawn(5), drawn(5), drawn(6)
    assert torch.equal(one.details["mask"], again.details["mask"])
    assert not torch.equal(one.details["mask"], other.details["mask"])
    assert set(one.losses) == {"kl"}
    assert torch.equal(one.losses["kl"], one.details["kl_loss"])
    assert torch.equal(one.losses["kl"], other.losses["kl"])  # of the distribution, not of the draw


@both
def test_blacklist_is_zero_and_the_centre_is_one_which_wins(name):
    batch = a_batch()
    blacklist = batch.blacklist.clone()
    blacklist[:, 30:50] = True  # ten of them in the centre
    for model in (a_model(name).eval(), a_model(name).train()):
        plain = model(replace(batch, blacklist=None), with_details=True).details["mask"]
        mask = model(replace(batch, blacklist=blacklist), with_details=True).details["mask"]
        outside = blacklist.clone()
        outside[:, CENTRE] = False
        assert outside.sum() > 30
        assert not mask[outside].any()
        assert torch.equal(mask[:, CENTRE], torch.ones(3, 16))
        assert torch.equal(plain[:, CENTRE], torch.ones(3, 16))
        assert plain[outside].any()
        if name == "seq2exp_hard":
            assert set(mask.unique().tolist()) == {0.0, 1.0}


@both
def test_no_blacklist_is_an_empty_one(name):
    model = a_model(name).eval()
    batch = a_batch()
    without = model(replace(batch, blacklist=None)).expression
    empty = model(replace(batch, blacklist=torch.zeros_like(batch.blacklist))).expression
    assert torch.equal(without, empty)
    assert not torch.equal(model(batch).expression, empty)


def test_the_soft_mask_scales_the_encoders_input():
    model = a_model("seq2exp_soft").eval()
    batch = a_batch()
    inputs = {}
    model.encoder.register_forward_hook(lambda module, args, output: inputs.update(encoder=args[0]))
    model.generator.register_forward_hook(lambda module, args, output: inputs.update(generator=args[0]))
    details = model(batch, with_details=True).details
    expected = details["z_alpha"] / (details["z_alpha"] + details["z_beta"])
    expected = torch.where(batch.blacklist, 0.0, expected)
    expected[:, CENTRE] = 1
    torch.testing.assert_close(details["mask"], expected)
    from_sequence = model.embed_sequence(batch.sequence)
    assert torch.equal(inputs["generator"], from_sequence)
    both_embedded = from_sequence + model.embed_signals(batch.signals)
    torch.testing.assert_close(inputs["encoder"], both_embedded * expected[..., None])


def test_the_hard_model_reads_the_kept_positions_alone_and_pools_the_promoters():
    model = a_model("seq2exp_hard").eval()
    batch = a_batch()
    answer = model(batch, with_details=True)
    kept = answer.details["mask"] == 1
    details = answer.details
    mean = details["z_alpha"] / (details["z_alpha"] + details["z_beta"])
    assert len(kept.sum(dim=1).unique()) > 1
    embedded = model.embed_sequence(batch.sequence) + model.pos_emb + model.embed_signals(batch.signals)
    for gene in range(3):
        expected = (mean[gene] >= 0.5) & ~batch.blacklist[gene]
        expected[CENTRE] = True
        assert torch.equal(kept[gene], expected)
        places = expected.nonzero().squeeze(1)
        hidden = model.backbone(embedded[gene, places][None])[0]
        pooled = hidden[(places >= 40) & (places < 56)].mean(dim=0)
        prediction = model.head(pooled[None], batch.rna_features[gene : gene + 1])
        torch.testing.assert_close(answer.expression[gene : gene + 1], prediction)


def test_what_the_hard_mask_drops_does_not_reach_the_encoder():
    model = a_model("seq2exp_hard").eval()
    batch = a_batch()
    model.mask.logits.weight.data.zero_()  # the mask depends on signals and blacklist alone
    dropped = model(batch, with_details=True).details["mask"] == 0
    assert dropped.any()
    other = a_batch(seed=7).sequence
    changed = replace(batch, sequence=torch.where(dropped[..., None], other, batch.sequence))
    assert not torch.equal(changed.sequence, batch.sequence)
    assert torch.equal(model(changed).expression, model(batch).expression)


@both
def test_a_gene_does_not_depend_on_its_batch_mates(name):
    model = a_model(name).eval()
    batch = a_batch(4)
    crowded = replace(batch, signals=batch.signals * torch.tensor([1.0, 0.0, 30.0, 1.0])[:, None, None])
    answer = model(crowded, with_details=True)
    if name == "seq2exp_hard":
        counts = answer.details["mask"].sum(dim=1)
        assert counts[1] < counts[0] < counts[2]
    for chosen in ([0], [2, 1], [3, 0, 1]):
        torch.testing.assert_close(model(rows(crowded, chosen)).expression, answer.expression[chosen])


def test_genes_that_keep_equally_many_positions_go_together():
    model = a_model("seq2exp_hard").eval()
    batch = rows(a_batch(), [0, 2, 0, 0])
    seen = []
    model.backbone.register_forward_hook(lambda module, args, output: seen.append(len(output)))
    answer = model(batch, with_details=True)
    assert sorted(seen) == [1, 3, 4]  # the generator with all, then three equal genes and the other one
    assert len({answer.expression[gene].item() for gene in (0, 2, 3)}) == 1
    assert answer.expression[1] != answer.expression[0]


@both
def test_the_prediction_gives_the_hard_mask_no_gradient_and_the_soft_one_does(name):
    model = a_model(name).train()
    batch = a_batch()
    F.smooth_l1_loss(model(batch).expression, batch.expression).backward()
    reached = named_gradients(model)
    assert ("mask.logits.weight" in reached) == (name == "seq2exp_soft")
    assert ("mask.logits.bias" in reached) == (name == "seq2exp_soft")
    assert {"head.last.weight", "embed_signals.weight", "embed_sequence.weight"} <= set(reached)


@both
def test_the_kl_gives_the_mask_a_gradient_and_the_head_none(name):
    model = a_model(name).train()
    model(a_batch()).losses["kl"].backward()
    reached = set(named_gradients(model))
    assert {"mask.logits.weight", "mask.logits.bias", "embed_sequence.weight"} <= reached
    assert not {key for key in reached if key.startswith(("head.", "encoder."))}
    # the soft generator reads the sequence alone
    assert ("embed_signals.weight" in reached) == (name == "seq2exp_hard")


def test_the_hard_mask_of_training_has_the_gradient_of_the_draw():
    model = a_model("seq2exp_hard").train()
    model(a_batch(), with_details=True).details["mask"].sum().backward()
    assert "mask.logits.weight" in named_gradients(model)


@both
def test_layers_run_again_give_the_same_gradients(name):
    def gradients(checkpoint_layers):
        torch.manual_seed(4)
        model = a_model(name, checkpoint_layers=checkpoint_layers).train()
        answer = model(a_batch())
        (answer.expression.sum() + answer.losses["kl"]).backward()
        return named_gradients(model)

    kept, again = gradients(False), gradients(True)
    assert kept.keys() == again.keys()
    for key, gradient in kept.items():
        torch.testing.assert_close(again[key], gradient, msg=key)


@both
def test_in_half_precision_mask_and_losses_stay_float32(name):
    model = a_model(name).train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answer = model(a_batch(), with_details=True)
    assert answer.expression.dtype == answer.losses["kl"].dtype == torch.float32
    assert {value.dtype for value in answer.details.values()} == {torch.float32}
    (answer.expression.sum() + answer.losses["kl"]).backward()
    assert {p.grad.dtype for p in model.parameters() if p.grad is not None} == {torch.float32}


@both
def test_double_is_a_twin_of_single(name):
    model = a_model(name).eval()
    single = model(a_batch()).expression
    double = model.double()(a_batch()).expression
    assert double.dtype == torch.float64
    torch.testing.assert_close(single.double(), double, rtol=1e-4, atol=1e-6)


@both
@pytest.mark.parametrize("n_rna_features", [0, 9])
def test_with_and_without_rna_features(name, n_rna_features):
    model = a_model(name, n_rna_features=n_rna_features)
    answer = model(a_batch(n_rna_features=n_rna_features))
    assert model.head.first.in_features == 16 + n_rna_features
    answer.expression.sum().backward()


def test_another_length_than_the_learned_positions_is_refused():
    with pytest.raises(ValueError, match="window of 64 bp, and seq2exp_hard was built for 96 bp"):
        a_model("seq2exp_hard")(a_batch(length=64))
    assert a_model("seq2exp_soft")(a_batch(length=64)).expression.shape == (3,)


@both
def test_a_negative_signal_is_refused_by_name(name):
    model = a_model(name, signals=["H3K27ac", "DNase", "contacts"])
    batch = a_batch()
    batch.signals[1, 5, 1] = -0.25
    with pytest.raises(ValueError, match=r"signal DNase has a value of -0\.25"):
        model(batch)

"""Prism: the branches, the losses, what inference pays for."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from prism import models
from prism.genome.batch import Batch
from prism.models.blocks.confounder import ConfounderEncoder, diversity
from tests.unit.models.tiny_models import count, random_batch

SMALL = {"length": 64, "d_model": 16, "n_layer": 1, "n_context": 2, "cnn_dim": 4, "center_len": 32}


def a_batch(n=3, length=64, n_signals=3) -> Batch:
    return random_batch(n, length, n_signals, n_rna_features=9)


def backbone_rows(model) -> list[int]:
    """Sequences that went through the backbone, one entry a call, filled as the model runs."""
    rows = []
    model.backbone.register_forward_hook(lambda module, inputs, output: rows.append(len(inputs[0])))
    return rows


@pytest.mark.parametrize(
    ("n_context", "total", "encoder"), [(1, None, 6_736), (2, 585_681, 10_960), (4, None, 19_408)]
)
def test_parameter_counts_at_the_papers_sizes(n_context, total, encoder):
    model = models.build(
        "prism", {"length": 2000, "n_signals": 3, "n_rna_features": 9, "n_context": n_context}
    )
    assert count(model.confounder) == encoder
    assert count(model) == 574_721 + encoder
    assert total in (None, count(model))


def test_without_interventions_there_is_no_encoder_and_no_loss():
    model = models.build("prism", {"length": 2000, "n_context": 0})
    assert count(model) == 574_721
    assert not hasattr(model, "confounder")
    assert model.loss_weights == {}
    small = models.build("prism", {**SMALL, "n_context": 0})
    answer = small.train()(a_batch(), with_details=True)
    assert (answer.losses, answer.details) == ({}, {})


def test_without_interventions_it_is_the_function_of_caduceus_signals():
    prism = models.build("prism", {**SMALL, "n_context": 0}).eval()
    signals = models.build(
        "caduceus_signals", {k: SMALL[k] for k in ("length", "d_model", "n_layer", "center_len")}
    ).eval()
    state = prism.state_dict()
    torch.nn.init.normal_(state["embed_sequence.bias"])
    torch.nn.init.normal_(state["embed_signals.bias"])
    mapped = {key: value for key, value in state.items() if not key.startswith("embed_")}
    mapped["embed.weight"] = torch.cat([state["embed_sequence.weight"], state["embed_signals.weight"]], dim=1)
    mapped["embed.bias"] = state["embed_sequence.bias"] + state["embed_signals.bias"]
    signals.load_state_dict(mapped)
    torch.testing.assert_close(prism(a_batch()).expression, signals(a_batch()).expression)


def test_inference_pays_for_the_observed_branch_only():
    model = models.build("prism", SMALL).eval()
    rows = backbone_rows(model)
    encoded = []
    model.confounder.register_forward_hook(lambda *_: encoded.append(1))
    answer = model(a_batch(3))
    assert (rows, encoded) == ([3], [])
    assert (answer.losses, answer.details) == ({}, {})


def test_training_and_details_run_every_branch():
    model = models.build("prism", {**SMALL, "n_context": 4})
    rows = backbone_rows(model)
    model.train()(a_batch(3))
    model.eval()(a_batch(3), with_details=True)
    assert sum(rows) == 2 * 3 * (1 + 4)


def test_the_prediction_is_the_observed_branch_with_or_without_details():
    model = models.build("prism", SMALL).eval()
    plain, detailed = model(a_batch()), model(a_batch(), with_details=True)
    torch.testing.assert_close(plain.expression, detailed.expression)
    assert detailed.losses == {}
    assert {name: tuple(value.shape) for name, value in detailed.details.items()} == {
        "intervention_prediction": (3,),
        "context_weights": (3, 16, 2),
        "diversity_loss": (),
    }


def test_weights_of_one_make_the_intervention_the_observation():
    model = models.build("prism", SMALL)
    torch.nn.init.zeros_(model.confounder.projection.weight)
    torch.nn.init.constant_(model.confounder.projection.bias, 100.0)  # sigmoid(100) is 1
    batch = a_batch()
    answer = model.train()(batch, with_details=True)
    torch.testing.assert_close(answer.details["intervention_prediction"], answer.expression)
    # Two equal columns: log(4 exp(0)).
    assert answer.losses["diversity"].item() == pytest.approx(math.log(4), abs=1e-6)


def test_hidden_states_not_predictions_are_averaged_over_the_interventions():
    model = models.build("prism", SMALL).eval()
    batch = a_batch()
    details = model(batch, with_details=True).details
    weights = details["context_weights"]
    hidden = [
        model.backbone(
            model.embed_sequence(batch.sequence) + weights[:, None, :, i] * model.embed_signals(batch.signals)
        )
        for i in range(2)
    ]
    average = (hidden[0] + hidden[1])[:, 16:48].mean(dim=1) / 2
    torch.testing.assert_close(details["intervention_prediction"], model.head(average, batch.rna_features))


def test_losses_of_training():
    model = models.build("prism", {**SMALL, "alpha": 0.5, "beta": 2}).train()
    batch = a_batch()
    answer = model(batch, with_details=True)
    assert model.loss_weights == {"intervention": 0.5, "diversity": 2.0}
    # smooth-L1: half the square where |x| < 1, as everywhere here
    difference = answer.details["intervention_prediction"] - batch.expression
    assert difference.abs().max() < 1
    torch.testing.assert_close(answer.losses["intervention"], (difference**2).mean() / 2)
    torch.testing.assert_close(answer.losses["diversity"], answer.details["diversity_loss"])


def test_training_without_labels_is_refused():
    with pytest.raises(ValueError, match=r"needs batch\.expression"):
        models.build("prism", SMALL).train()(a_batch().without_expression())


def test_diversity_by_hand():
    orthogonal = torch.tensor([[[2.0, 0.0], [0.0, 3.0]]])  # (1, d, n): a_1 = (2, 0), a_2 = (0, 3)
    # i = j: exp(0) twice; i != j: exp(-4) twice
    assert diversity(orthogonal).item() == pytest.approx(math.log(2 + 2 * math.exp(-4)), abs=1e-6)
    assert diversity(torch.rand(5, 3, 1)).item() == pytest.approx(0, abs=1e-6)
    both = torch.cat([orthogonal, torch.ones(1, 2, 2)])
    assert diversity(both).item() == pytest.approx(
        (math.log(2 + 2 * math.exp(-4)) + math.log(4)) / 2, abs=1e-6
    )


def test_confounder_encoder_reads_signals_in_batch_length_channel_order():
    encoder = ConfounderEncoder(2, d_model=3, n_context=2, cnn_dim=1).eval()
    with torch.no_grad():
        for conv in encoder.convs:
            conv.weight.zero_()
            conv.bias.zero_()
            conv.weight[0, 0, conv.kernel_size[0] // 2] = 1  # the identity on the first channel
        encoder.projection.weight.zero_()
        encoder.projection.weight[:, 0] = torch.arange(6.0)
    signals = torch.zeros(1, 64, 2)
    signals[0, 10, 0] = 5.0  # the three poolings of 4 leave one position, its maximum
    signals[0, 20, 1] = 70.0
    value = 5.0 / math.sqrt(1 + 1e-5) ** 3
    expected = torch.sigmoid(value * torch.arange(6.0)).reshape(1, 3, 2)  # row d, column i is output 2 d + i
    torch.testing.assert_close(encoder(signals), expected)


def test_settings_out_of_range_are_refused_with_the_fix():
    with pytest.raises(ValueError, match="n_signals is 0; give it signals or use caduceus"):
        models.build("prism", {**SMALL, "n_signals": 0})
    with pytest.raises(ValueError, match="weight_act='softmax' must be sigmoid"):
        models.build("prism", {**SMALL, "weight_act": "softmax"})
    with pytest.raises(
        ValueError, match=r"length \(with n_context 2\)=62 must be a whole number of at least 64"
    ):
        models.build("prism", {**SMALL, "length": 62})
    with pytest.raises(ValueError, match="62 bp is too short"):
        models.build("prism", SMALL)(a_batch(length=62))
    with pytest.raises(ValueError, match="beta=-1 must be a number of at least 0"):
        models.build("prism", {**SMALL, "beta": -1})
    without = models.build("prism", {**SMALL, "length": 62, "n_context": 0})
    assert without(a_batch(length=62)).expression.shape == (3,)


def test_eval_and_training_leave_the_batch_as_it_was():
    model = models.build("prism", SMALL)
    batch, untouched = a_batch(), a_batch()
    model.train()(batch)
    model.eval()(batch, with_details=True)
    for name in ("sequence", "signals", "rna_features", "expression"):
        assert torch.equal(getattr(batch, name), getattr(untouched, name))


def test_scale_of_a_signal_reaches_the_interventions():
    model = models.build("prism", SMALL).eval()
    batch = a_batch()
    louder = replace(batch, signals=batch.signals * 10)
    weights = [model(b, with_details=True).details["context_weights"] for b in (batch, louder)]
    assert not torch.allclose(weights[0], weights[1])

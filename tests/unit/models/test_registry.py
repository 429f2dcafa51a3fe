"""The registry, the shared blocks, Caduceus with and without signals."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from prism import models, ops
from prism.genome.batch import Batch
from prism.models.catalogue import ARCHITECTURES, known_settings
from prism.models.parameter_groups import parameter_groups
from tests.unit.models.tiny_models import batch_with_peaks, count

SMALL = {"d_model": 16, "n_layer": 2, "center_len": 32}


# Sizes of the published models.
@pytest.mark.parametrize(
    ("name", "expected"), [("caduceus", 574_209), ("caduceus_signals", 574_593), ("mamba", 502_401)]
)
def test_parameter_count_at_the_papers_sizes(name, expected):
    assert count(models.build(name, {"length": 2000, "n_signals": 3, "n_rna_features": 9})) == expected


def test_unknown_architecture_is_refused_with_the_known_ones():
    known = ", ".join(sorted(ARCHITECTURES))
    with pytest.raises(ValueError, match=rf"'transformer'; known: {known}$"):
        models.build("transformer", {})


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_unknown_setting_is_refused_with_the_known_ones(name):
    own = next(
        key for key in known_settings(name) if key not in ("length", "n_signals", "n_rna_features", "signals")
    )
    with pytest.raises(ValueError, match=rf"{name}: unknown settings d_modle; known: .*{own}"):
        models.build(name, {"d_modle": 128})


@pytest.mark.parametrize("value", [0, -1, 2.0, True, "2"])
def test_setting_that_is_no_size_is_refused_by_name(value):
    with pytest.raises(ValueError, match=rf"n_layer={value!r}"):
        models.build("caduceus", {**SMALL, "n_layer": value})


@pytest.mark.parametrize("name", ["caduceus", "caduceus_signals", "mamba", "prism"])
@pytest.mark.parametrize("n_rna_features", [0, 9])
def test_expression_is_one_number_a_gene_whatever_the_rna_features(name, n_rna_features):
    settings = {**SMALL, "length": 64, "n_signals": 3, "n_rna_features": n_rna_features}
    model = models.build(name, settings).eval()
    answer = model(batch_with_peaks(n_rna_features=n_rna_features))
    assert answer.expression.shape == (2,)
    assert answer.losses == {}
    assert answer.details == {}
    assert model.head.first.in_features == 16 + n_rna_features
    assert model.settings == settings
    assert model.architecture == name


def test_a_gene_does_not_depend_on_its_batch_mates():
    model = models.build("caduceus_signals", SMALL).eval()
    both, alone = batch_with_peaks(2), batch_with_peaks(2)
    alone = Batch(alone.sequence[:1], alone.signals[:1], alone.rna_features[:1])
    torch.testing.assert_close(model(both).expression[:1], model(alone).expression)


def test_widths_that_do_not_fit_are_refused_by_name():
    model = models.build("caduceus_signals", {**SMALL, "n_signals": 2})
    with pytest.raises(ValueError, match=r"batch\.signals has width 3, the model was built for 2"):
        model(batch_with_peaks())
    with pytest.raises(ValueError, match=r"batch\.rna_features has width 8"):
        models.build("caduceus", SMALL)(batch_with_peaks(n_rna_features=8))


def test_without_signals_it_is_caduceus():
    plain = models.build("caduceus", SMALL).eval()
    signals = models.build("caduceus_signals", {**SMALL, "n_signals": 0}).eval()
    signals.load_state_dict(plain.state_dict())
    batch = batch_with_peaks(n_signals=0)
    torch.testing.assert_close(signals(batch).expression, plain(batch).expression, rtol=0, atol=0)


def test_input_mask_without_peaks_and_of_another_kind_is_refused():
    model = models.build("caduceus_signals", {**SMALL, "input_mask": "peaks"})
    with pytest.raises(ValueError, match="needs peaks in the dataset"):
        model(replace(batch_with_peaks(), peaks=None))
    with pytest.raises(ValueError, match="input_mask='blacklist' must be null or peaks"):
        models.build("caduceus_signals", {**SMALL, "input_mask": "blacklist"})


def test_initialisation_of_the_projections_and_biases():
    model = models.build("prism", {"d_model": 64, "n_layer": 4})
    bound = math.sqrt(1 / 128)  # kaiming-uniform with a = sqrt 5: 1 / sqrt(fan in)
    for layer in model.backbone.layers:
        largest = layer.mixer.out_proj.weight.abs().max().item()
        assert 0.95 * bound / 2 < largest <= bound / 2
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and module.bias is not None and not name.endswith("dt_proj"):
            assert not module.bias.any(), name


def test_the_seed_fixes_the_start():
    def start(seed):
        torch.manual_seed(seed)
        return models.build("caduceus", SMALL).state_dict()

    first, again, other = start(3), start(3), start(4)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["head.first.weight"], other["head.first.weight"])


@pytest.mark.parametrize("name", ["caduceus", "caduceus_signals", "mamba", "prism"])
def test_double_is_a_twin_of_single(name):
    model = models.build(name, {**SMALL, "length": 64}).eval()
    single = model(batch_with_peaks()).expression
    double = model.double()(batch_with_peaks()).expression
    assert double.dtype == torch.float64
    torch.testing.assert_close(single.double(), double, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["caduceus", "caduceus_signals", "mamba", "prism"])
def test_autocast_lowers_the_products_and_nothing_else(name):
    model = models.build(name, {**SMALL, "length": 64})
    batch = batch_with_peaks()
    exact = model(batch).expression
    seen = {}
    model.backbone.layers[0].mixer.in_proj.register_forward_hook(
        lambda m, i, out: seen.update(product=out.dtype)
    )
    model.backbone.layers[1].register_forward_hook(lambda m, i, out: seen.update(residual=out.dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answer = model(batch)
    assert seen == {"product": torch.bfloat16, "residual": torch.float32}
    assert answer.expression.dtype == torch.float32
    assert all(loss.dtype == torch.float32 for loss in answer.losses.values())
    torch.testing.assert_close(answer.expression, exact, rtol=0.05, atol=0.02)
    (answer.expression.sum() + sum(answer.losses.values())).backward()
    assert {p.grad.dtype for p in model.parameters()} == {torch.float32}


def test_weight_decay_spares_biases_norms_and_state_parameters():
    model = models.build("prism", {**SMALL, "length": 64})
    model.embed_sequence.weight.requires_grad_(False)
    decayed, spared = parameter_groups(model, 1e-6)
    assert (decayed["weight_decay"], spared["weight_decay"]) == (1e-6, 0.0)
    names = {parameter: name for name, parameter in model.named_parameters()}
    spared_names = {names[parameter] for parameter in spared["params"]}
    decayed_names = {names[parameter] for parameter in decayed["params"]}
    assert len(spared["params"]) + len(decayed["params"]) == len(names) - 1
    mixer = "backbone.layers.0.mixer"
    assert decayed_names >= {
        "embed_signals.weight",
        "confounder.convs.0.weight",
        "confounder.projection.weight",
        "head.first.weight",
        *(f"{mixer}.{name}" for name in ("in_proj.weight", "out_proj.weight", "rightward.conv_weight")),
        *(f"{mixer}.leftward.{name}" for name in ("x_proj.weight", "dt_proj.weight")),
    }
    assert spared_names >= {
        "confounder.norms.1.weight",
        "confounder.convs.2.bias",
        "backbone.norm.weight",
        "backbone.layers.1.norm.weight",
        "head.last.bias",
        *(f"{mixer}.rightward.{name}" for name in ("A_log", "D", "conv_bias", "dt_proj.bias")),
    }
    assert not any(name.endswith("bias") or "norm" in name for name in decayed_names)


def test_gradients_reach_every_parameter():
    model = models.build("caduceus", SMALL)
    model(batch_with_peaks()).expression.sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_every_layer_reads_in_both_directions(monkeypatch):
    read = []
    inner = ops.mamba_inner

    def watched(xz, directions, out_weight):
        read.append([direction.reverse for direction in directions])
        return inner(xz, directions, out_weight)

    monkeypatch.setattr(ops, "mamba_inner", watched)
    models.build("caduceus", SMALL)(batch_with_peaks())
    assert read == [[False, True], [False, True]]

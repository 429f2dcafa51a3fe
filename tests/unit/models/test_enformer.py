"""Enformer: what needs no package, and, in the environment of `make test-enformer`, the model itself."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F

from prism import models
from prism.genome.batch import Batch
from prism.models.parameter_groups import parameter_groups
from tests.unit.models.tiny_models import count, random_batch

SMALL = {"length": 1100, "crop_length": 1024, "d_model": 384, "n_layer": 2, "n_heads": 8, "n_rna_features": 9}

needs_the_package = pytest.mark.skipif(
    importlib.util.find_spec("enformer_pytorch") is None,
    reason="enformer-pytorch is not installed here; run `make test-enformer`",
)


def a_batch(n=2, length=1100, n_rna_features=9) -> Batch:
    return random_batch(n, length, 0, n_rna_features)


def test_without_the_package_the_environment_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "enformer_pytorch", None)
    with pytest.raises(
        ValueError, match=r"enformer-pytorch.* envs/enformer\.yaml.*requirements-enformer\.txt"
    ):
        models.build("enformer", SMALL)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"crop_length": 1000}, "crop_length=1000 must be a multiple of 128"),
        ({"length": 1000}, "crop_length=1024 is more than the window of 1000 bp"),
        ({"d_model": 400}, "d_model=400 must be a multiple of 128"),
        ({"n_heads": 7}, "d_model=384 must be a multiple of 42"),
        ({"checkpoint_layers": 1}, "checkpoint_layers=1 must be true or false"),
        ({"target_bins": 0}, "target_bins=0 must be a whole number of at least 1"),
    ],
)
def test_settings_out_of_range_are_refused_before_the_package_is_asked(changed, message):
    with pytest.raises(ValueError, match=message):
        models.build("enformer", {**SMALL, **changed})


def trunk_parts() -> dict[str, int]:
    """Parameters of the trunk by part, worked out from the layers that Avsec et al. 2021 describe.

    Width 1,536; the tower's widths grow from half of it by equal factors, rounded to 128; 11 transformer layers of
    8 heads with keys of 64, values of 192 and 192 features of relative positions.
    """
    d, keys, values, positions = 1536, 8 * 64, 8 * 192, 192
    tower = [768, 768, 896, 1024, 1152, 1280, 1536]

    def conv_block(d_in, d_out, kernel):  # BatchNorm, GELU, convolution with a bias
        return 2 * d_in + d_in * d_out * kernel + d_out

    def attention_pool(width):  # a matrix without a bias
        return width * width

    layer_norm = 2 * d
    attention = {
        "queries and keys, no bias": 2 * d * keys,
        "values, no bias": d * values,
        "output": values * d + d,
        "relative positions, no bias": positions * keys,
        "content bias and position bias": 2 * keys,
    }
    feed_forward = (d * 2 * d + 2 * d) + (2 * d * d + d)
    return {
        "stem": (4 * 768 * 15 + 768) + conv_block(768, 768, 1) + attention_pool(768),
        "conv_tower": sum(
            conv_block(d_in, d_out, 5) + conv_block(d_out, d_out, 1) + attention_pool(d_out)
            for d_in, d_out in pairwise(tower)
        ),
        "transformer": 11 * (layer_norm + sum(attention.values()) + layer_norm + feed_forward),
        "final_pointwise": conv_block(d, 2 * d, 1),
    }


# Linear(3072 + 9, 128), Linear(128, 128), Linear(128, 1), with biases
HEAD_PARAMETERS = (3081 * 128 + 128) + (128 * 128 + 128) + (128 + 1)


def test_parameters_by_hand_are_those_of_the_documentation(root):
    total = sum(trunk_parts().values()) + HEAD_PARAMETERS
    assert total == 230_256_641
    assert f"({total:,}: see" in (root / "docs" / "models.md").read_text()


@needs_the_package
def test_parameter_count_at_the_papers_sizes():
    with torch.device("meta"):
        model = models.build("enformer", {"length": 200_000, "n_rna_features": 9})
    assert count(model.head) == HEAD_PARAMETERS
    assert {
        name: count(part) for name, part in model.trunk.named_children() if name in trunk_parts()
    } == trunk_parts()
    assert count(model.trunk) == sum(trunk_parts().values())


@needs_the_package
def test_only_the_centre_is_read():
    model = models.build("enformer", SMALL).eval()
    batch = a_batch()
    expected = model(batch).expression
    outside = batch.sequence.clone()
    outside[:, :38] = outside[:, 38 + 1024 :] = 0.25  # (1100 - 1024) / 2 = 38 bp on each side
    torch.testing.assert_close(model(replace(batch, sequence=outside)).expression, expected, rtol=0, atol=0)
    cropped = replace(batch, sequence=batch.sequence[:, 38 : 38 + 1024])
    torch.testing.assert_close(model(cropped).expression, expected, rtol=0, atol=0)
    for edge in (38, 38 + 1023):
        inside = batch.sequence.clone()
        inside[:, edge] = 1
        assert not torch.equal(model(replace(batch, sequence=inside)).expression, expected)


@needs_the_package
@pytest.mark.parametrize(("target_bins", "central"), [(896, slice(0, 8)), (4, slice(2, 6))])
def test_prediction_is_the_head_on_the_mean_of_the_bins(target_bins, central):
    model = models.build("enformer", {**SMALL, "target_bins": target_bins}).eval()
    batch = a_batch()
    seen = {}
    model.trunk.transformer.register_forward_hook(lambda module, inputs, output: seen.update(bins=output))
    answer = model(batch)
    assert (answer.losses, answer.details) == ({}, {})
    assert seen["bins"].shape == (2, 1024 // 128, 384)
    bins = model.trunk.final_pointwise(seen["bins"][:, central])
    assert bins.shape[2] == 768
    torch.testing.assert_close(answer.expression, model.head(bins.mean(dim=1), batch.rna_features))


@needs_the_package
def test_checkpointing_changes_nothing_but_memory():
    model = models.build("enformer", {**SMALL, "checkpoint_layers": True})
    for name, parameter in model.trunk.named_parameters():
        if "to_out" in name:  # zeros at the start: nothing behind them would have a gradient
            torch.nn.init.normal_(parameter, std=0.02)
    kept = []

    def gradients():
        torch.manual_seed(3)  # of the dropout
        model.zero_grad()
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(lambda x: sizes.append(x.numel()) or x, lambda x: x):
            answer = model(a_batch()).expression
        kept.append(sum(sizes))
        answer.sum().backward()
        return {name: parameter.grad.clone() for name, parameter in model.named_parameters()}

    again = gradients()
    model.checkpoint_layers = False
    plain = gradients()
    assert [name for name, gradient in plain.items() if not gradient.any()] == []
    for name, gradient in plain.items():
        torch.testing.assert_close(again[name], gradient, msg=name)
    assert kept[0] < kept[1]


@needs_the_package
def test_a_step_of_training_and_what_weight_decay_spares():
    model = models.build("enformer", {**SMALL, "n_rna_features": 0})
    groups = parameter_groups(model)
    names = {parameter: name for name, parameter in model.named_parameters()}
    spared = {names[parameter] for parameter in groups[1]["params"]}
    assert sum(len(group["params"]) for group in groups) == len(names)
    assert {name for name in spared if "rel_content_bias" in name}
    assert not {name for name in spared if name.endswith("to_q.weight")}
    optimiser = torch.optim.AdamW(groups, lr=1e-4)
    batch = a_batch(n_rna_features=0)
    before = model.head.first.weight.clone()
    F.smooth_l1_loss(model(batch).expression, batch.expression).backward()
    optimiser.step()
    assert not torch.equal(model.head.first.weight, before)


@needs_the_package
def test_state_goes_into_a_fresh_model():
    model, fresh = (models.build("enformer", SMALL).eval() for _ in range(2))
    fresh.load_state_dict(model.state_dict())
    torch.testing.assert_close(fresh(a_batch()).expression, model(a_batch()).expression, rtol=0, atol=0)


@needs_the_package
def test_a_window_shorter_than_the_crop_is_refused():
    with pytest.raises(ValueError, match="window of 512 bp is shorter than crop_length=1024"):
        models.build("enformer", SMALL)(a_batch(length=512))

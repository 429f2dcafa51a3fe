"""Stem and bins: which windows they suit, and the models that have them against plain torch."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from prism import models
from prism.models.blocks.head import pool_centre
from prism.models.blocks.stem import StemLinear, patches
from prism.models.catalogue import names, traits
from prism.models.catalogue.tokens import (
    Stem,
    central_tokens,
    check_tokens,
    fitting_length,
    reads_bases,
    refuse_means_of_bases,
)
from tests.unit.models.tiny_models import batch_with_peaks, count

HAVE_STEMS = ("prism", "caduceus", "caduceus_signals", "mamba")
SMALL = {"length": 64, "d_model": 8, "n_layer": 1, "center_len": 32, "n_signals": 3, "n_rna_features": 9}
STEMS = [{"size": 4}, {"kind": "conv", "size": 4}, {"kind": "mean", "size": 4}]


def test_those_that_have_stem_and_bins_have_the_same_ones():
    having = {name: [each for each in traits(name).settings if each.name in ("stem", "pool_bins")]
              for name in names(lambda entry: "stem" in entry.own_settings)}  # fmt: skip
    assert set(having) == set(HAVE_STEMS)
    assert all(settings == having["prism"] for settings in having.values())


@pytest.mark.parametrize(
    ("length", "center_len", "size", "bins", "tokens"),
    [
        (2000, 2000, 20, 10, (0, 100)),
        (2000, 1000, 20, 5, (25, 75)),  # the centre begins at base 500
        (600, 2000, 20, 10, (0, 30)),  # a window shorter than the centre
        (8, 3, 1, 3, (3, 6)),
    ],
)
def test_central_tokens_by_hand(length, center_len, size, bins, tokens):
    where = central_tokens(length, center_len, size, bins)
    assert (where.start, where.stop) == tokens


@pytest.mark.parametrize(
    ("given", "message"),
    [
        # divisors of 2,000 next to 30
        ((2000, 2000, 30, 1), "stem of size 30: the window of 2000 bp is not a multiple of it; take size 25 or 40"),
        # of 2,000 and 1,010, with the centre's first base 495
        ((2000, 1010, 20, 1), "size 20: the central 1010 bp are not a multiple of it; take size 5, or"),
        # 2,000, 500 and the first base 750: 20 divides the first two
        ((2000, 500, 20, 1), "the central 500 bp begin within a token; take size 10 or 25, or another"),
        ((2000, 2000, 20, 7), "pool_bins = 7 does not divide the 100 tokens of the central 2000 bp; take 5 or 10, or"),
        ((64, 32, 1, 33), "pool_bins = 33 does not divide the 32 tokens of the central 32 bp; take 32, or another"),
    ],
)  # fmt: skip
def test_what_is_not_whole_is_refused_with_what_would_be(given, message):
    with pytest.raises(ValueError, match=message):
        central_tokens(*given)


@pytest.mark.parametrize(
    "stem", ["conv", 20, {}, {"kind": "conv"}, {"size": 1}, {"size": True}, {"size": 2.0}, {"size": 20, "kind": "max"},
             {"size": 20, "stride": 20}]
)  # fmt: skip
def test_a_stem_that_is_none_is_refused(stem):
    with pytest.raises(ValueError, match=r"must be null or \{kind: conv or mean, size: bases\}"):
        Stem.of(stem)


def test_the_stem_left_to_its_defaults():
    assert Stem.of(None) == Stem("conv", 1)
    assert Stem.of({"size": 20}) == Stem("conv", 20)


@pytest.mark.parametrize("bins", [0, True, 2.0, "2", None])
def test_bins_that_are_no_number_are_refused(bins):
    with pytest.raises(ValueError, match=f"pool_bins={bins!r} must be a whole number of at least 1"):
        check_tokens({"center_len": 32, "pool_bins": bins}, 64)


def test_the_longest_window_that_fits_by_hand():
    settings = {"center_len": 2000, "stem": {"size": 20}, "pool_bins": 10}
    assert fitting_length(settings, 1000) == 1000
    assert fitting_length(settings, 500) == 400  # 25 tokens are no ten bins
    assert fitting_length({}, 501) == 500
    assert fitting_length({"center_len": 2000, "pool_bins": 10}, 9) == 0


def test_base_level_work_refuses_means_of_bases():
    for settings in ({}, {"stem": None}, {"stem": {"size": 20}}, {"stem": {"kind": "conv", "size": 20}}):
        assert reads_bases(settings)
        refuse_means_of_bases("mine", settings, "attribution")
    means = {"stem": {"kind": "mean", "size": 20}}
    assert not reads_bases(means)
    with pytest.raises(
        ValueError, match=r"^mine: attribution needs .* means of 20 .*take an entry with a stem of kind"
    ):
        refuse_means_of_bases("mine", means, "attribution")


def test_pooling_is_the_mean_of_each_bin_side_by_side():
    hidden = torch.randn(2, 100, 3)
    pooled = pool_centre(hidden, center_len=1000, bins=5, stem_size=20)
    assert pooled.shape == (2, 15)
    for bin in range(5):  # tokens 25 to 75 in fives of ten
        expected = hidden[:, 25 + 10 * bin : 35 + 10 * bin].mean(dim=1)
        torch.testing.assert_close(pooled[:, 3 * bin : 3 * bin + 3], expected)


def test_one_bin_is_the_mean_that_it_was_bit_for_bit():
    hidden = torch.randn(3, 2000, 128)
    assert torch.equal(pool_centre(hidden, 1500, 1), hidden[:, 250:1750].mean(dim=1))


def test_a_stem_is_torchs_convolution():
    layer, x = StemLinear(7, 16, Stem("conv", 20)).double(), torch.randn(3, 200, 7, dtype=torch.float64)
    torch.nn.init.normal_(layer.bias)
    kernel = layer.weight.unflatten(1, (20, 7)).transpose(1, 2)  # (d, channels, positions)
    expected = F.conv1d(x.transpose(1, 2), kernel, layer.bias, stride=20).transpose(1, 2)
    torch.testing.assert_close(layer(x), expected)


def test_a_stem_starts_like_torchs_convolution():
    bound = (20 * 7) ** -0.5
    ours, theirs = StemLinear(7, 256, Stem("conv", 20)), torch.nn.Conv1d(7, 256, 20, stride=20)
    for weight in (ours.weight, theirs.weight):
        assert 0.99 * bound < weight.abs().max().item() <= bound
    assert not ours.bias.any()


def test_a_mean_stem_is_torchs_average_pooling():
    layer, x = StemLinear(7, 16, Stem("mean", 20)), torch.randn(3, 200, 7)
    means = F.avg_pool1d(x.transpose(1, 2), 20).transpose(1, 2)
    torch.testing.assert_close(layer(x), F.linear(means, layer.weight, layer.bias))


def test_a_window_of_another_length_is_refused():
    with pytest.raises(ValueError, match="a window of 30 bp is no whole number of tokens of 20 bp"):
        patches(torch.zeros(1, 30, 4), 20)


@pytest.mark.parametrize("stem", [None, *STEMS])
@pytest.mark.parametrize("name", HAVE_STEMS)
def test_a_model_with_bins_and_stem(name, stem):
    model = models.build(name, {**SMALL, "pool_bins": 4, "stem": stem})
    tokens = []
    model.backbone.register_forward_hook(lambda module, inputs, output: tokens.append(output.shape[1]))
    output = model(batch_with_peaks(3))
    assert set(tokens) == {64 // (4 if stem else 1)}
    assert (model.head.first.in_features, model.head.first.out_features) == (4 * 8 + 9, 8)
    (output.expression.sum() + sum(output.losses.values())).backward()
    assert [key for key, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize("stem", [None, *STEMS])
@pytest.mark.parametrize("name", HAVE_STEMS)
def test_the_prediction_by_hand_from_backbone_and_head(name, stem):
    model = models.build(name, {**SMALL, "pool_bins": 2, "stem": stem}).eval()
    batch = batch_with_peaks(3)
    size = 4 if stem else 1
    if name == "mamba":
        embedded = model.embed(batch.sequence)
        if stem == STEMS[2]:
            embedded = F.avg_pool1d(embedded.transpose(1, 2), 4).transpose(1, 2)
        elif stem:
            embedded = model.stem_layer(embedded)
    elif name == "prism":
        embedded = model.embed_sequence(batch.sequence) + model.embed_signals(batch.signals)
    else:
        signals = [batch.signals] if name == "caduceus_signals" else []
        embedded = model.embed(torch.cat([batch.sequence, *signals], dim=-1))
    hidden = model.backbone(embedded)
    centre = hidden[:, 16 // size : 48 // size].unflatten(1, (2, -1)).mean(dim=2).flatten(1)
    expected = model.head(centre, batch.rna_features)
    torch.testing.assert_close(model(batch).expression, expected, rtol=0, atol=0)


def test_contexts_scale_the_tokens_of_the_signals():
    model = models.build("prism", {**SMALL, "stem": {"size": 4}, "pool_bins": 2, "center_len": 64}).eval()
    batch = batch_with_peaks(3)
    details = model(batch, with_details=True).details
    branches = [
        model.backbone(model.embed_sequence(batch.sequence) + a[:, None] * model.embed_signals(batch.signals))
        for a in details["context_weights"].unbind(dim=-1)
    ]
    average = sum(branches) / 2  # (3, 16, 8)
    pooled = torch.cat([average[:, :8].mean(dim=1), average[:, 8:].mean(dim=1)], dim=1)
    torch.testing.assert_close(details["intervention_prediction"], model.head(pooled, batch.rna_features))


@pytest.mark.parametrize("stem", [None, *STEMS])
def test_peaks_hide_bases_before_the_stem(stem):
    model = models.build("caduceus_signals", {**SMALL, "input_mask": "peaks", "stem": stem}).eval()
    torch.nn.init.normal_(model.embed.bias)
    batch, other = batch_with_peaks(), batch_with_peaks(seed=5)
    hidden = ~batch.peaks[..., None]
    assert (batch.peaks.unflatten(1, (-1, 4)).sum(dim=2) % 4).any()  # some tokens hold bases of both kinds
    changed = replace(
        batch,
        sequence=torch.where(hidden, other.sequence, batch.sequence),
        signals=torch.where(hidden, other.signals, batch.signals),
    )
    assert not torch.equal(changed.signals, batch.signals)
    answer = model(batch, with_details=True)
    torch.testing.assert_close(model(changed).expression, answer.expression, rtol=0, atol=0)
    assert torch.equal(answer.details["mask"], batch.peaks.float())
    # not even the bias is left in tokens without a peak
    nowhere = replace(batch, peaks=torch.zeros_like(batch.peaks), rna_features=torch.zeros(2, 9))
    before = model(nowhere).expression
    torch.nn.init.ones_(model.embed.bias)
    torch.testing.assert_close(model(nowhere).expression, before, rtol=0, atol=0)


@pytest.mark.parametrize("name", HAVE_STEMS)
def test_a_model_that_would_have_broken_tokens_is_not_built(name):
    with pytest.raises(ValueError, match="stem of size 7: the window of 64 bp is not a multiple of it"):
        models.build(name, {**SMALL, "stem": {"size": 7}})
    with pytest.raises(ValueError, match="pool_bins = 5 does not divide the 32 tokens"):
        models.build(name, {**SMALL, "pool_bins": 5})


def test_parameters_by_hand():
    """caduceus_signals of d 128 with a stem of 20 bases and ten bins: 140 inputs a token, 1,289 of the head."""
    plain = models.build("caduceus_signals", {"length": 2000})
    fast = models.build("caduceus_signals", {"length": 2000, "stem": {"size": 20}, "pool_bins": 10})
    assert count(fast) - count(plain) == 128 * (140 - 7) + 128 * (1289 - 137)

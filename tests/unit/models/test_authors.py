"""Loading state dicts that have the authors' parameter names."""

from __future__ import annotations

import re

import pytest
import torch

from prism import models
from tests.unit.models.authors_state import META, a_model, as_authors


@pytest.mark.parametrize(
    ("name", "settings", "read"),
    [
        ("caduceus", {}, {}),
        ("caduceus_signals", {}, {}),
        ("caduceus_signals", {"n_signals": 0}, {}),
        ("mamba", {}, {}),
        ("hyenadna", {}, {}),
        ("prism", {"n_context": 3, "cnn_dim": 4}, {"n_context": 3}),
        ("prism", {"n_context": 0}, {"n_context": 0}),
        ("seq2exp_soft", {"signal_priors": {"ATAC": [3, 0.5], "DNase": [1, 0.2]}}, {"n_signals": 2}),
        ("seq2exp_hard", {"signal_priors": {"ATAC": [3, 0.5], "DNase": [1, 0.2]}}, {"length": 64}),
    ],
)
def test_missing_sizes_are_read_from_the_state_dict(name, settings, read):
    model = a_model(name, **settings)
    loaded = models.from_authors(name, as_authors(model), META)
    assert not loaded.training
    assert loaded.center_len == 32
    assert {key: getattr(loaded, key) for key in read} == read
    for (ours, value), (name_there, there) in zip(
        model.state_dict().items(), loaded.state_dict().items(), strict=True
    ):
        assert ours == name_there
        assert torch.equal(value, there)


def test_arrays_and_the_prefix_of_lightning_are_taken():
    model = a_model("prism")
    arrays = {f"model.{name}": value.numpy() for name, value in as_authors(model).items()}
    loaded = models.from_authors("prism", arrays, META)
    assert torch.equal(loaded.head.last.weight, model.head.last.weight)


def test_a_tied_weight_may_come_under_one_of_its_names():
    model = a_model("caduceus")
    state = as_authors(model)
    tied = [name for name in state if re.search(r"mamba_rev\.(in|out)_proj", name)]
    assert len(tied) == 4
    for name in tied:
        del state[name]
    loaded = models.from_authors("caduceus", state, META)
    assert torch.equal(
        loaded.backbone.layers[1].mixer.out_proj.weight, model.backbone.layers[1].mixer.out_proj.weight
    )


def test_everything_wrong_is_named_at_once():
    state = as_authors(a_model("caduceus"))
    del state["pToExpr.2.bias"]
    del state["caduceus.backbone.layers.1.mixer.mamba_rev.D"]
    state["extra.weight"] = torch.zeros(1)
    state["caduceus.backbone.layers.0.mixer.mamba_rev.in_proj.weight"] += 1
    with pytest.raises(ValueError, match="does not fit Caduceus") as error:
        models.from_authors("caduceus", state, META)
    told = str(error.value)
    assert "missing: caduceus.backbone.layers.1.mixer.mamba_rev.D, pToExpr.2.bias" in told
    assert "unexpected: extra.weight" in told
    prefix = "caduceus.backbone.layers.0.mixer"
    assert (
        f"tied weights that differ: {prefix}.mamba_fwd.in_proj.weight and {prefix}.mamba_rev.in_proj.weight"
        in told
    )


def test_a_size_given_wrongly_is_told_by_shape():
    state = as_authors(a_model("caduceus"))
    with pytest.raises(ValueError, match=r"pToExpr\.0\.weight \(8, 13\), expected \(8, 12\)"):
        models.from_authors("caduceus", state, {**META, "n_rna_features": 4})


def test_another_model_is_told_by_its_keys():
    with pytest.raises(
        ValueError, match=r"missing: input_layer\.weight, input_layer\.bias; unexpected: .*signal_input_layer"
    ):
        models.from_authors("caduceus", as_authors(a_model("prism")), META)


def test_ridge_has_no_authors():
    with pytest.raises(ValueError, match="ridge has no checkpoint of other authors"):
        models.from_authors("ridge", {}, {})

"""EPInformer: what each token sees, padding, the tower, and a training on elements."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from prism import models
from prism.genome.batch import Batch, Elements
from prism.models import epinformer
from prism.models.epinformer import ConvolutionTower
from tests.unit.models.authors_state import as_authors
from tests.unit.models.tiny_models import count

SMALL = {"length": 2000, "out_dim": 32, "n_encoder": 2, "head": 2, "n_rna_features": 3}


def one_hot(generator, *shape):
    return F.one_hot(torch.randint(0, 5, shape, generator=generator), 5)[..., :4].float()


def a_batch(length=2000, n_rna_features=3) -> Batch:
    """Two genes with 1 and 3 elements."""
    generator = torch.Generator().manual_seed(0)
    present = torch.tensor([[True, False, False], [True, True, True]])
    return Batch(
        sequence=one_hot(generator, 2, length),
        signals=torch.zeros(2, length, 0),
        rna_features=torch.randn(2, n_rna_features, generator=generator),
        elements=Elements(
            sequence=one_hot(generator, 2, 3, 2000) * present[..., None, None],
            features=torch.rand(2, 3, 3, generator=generator) * present[..., None],
            present=present,
        ),
    )


def with_elements(batch: Batch, **changes) -> Batch:
    return replace(batch, elements=replace(batch.elements, **changes))


@pytest.fixture
def model():
    model = models.build("epinformer", SMALL)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):  # as after some training
            torch.nn.init.normal_(module.running_mean)
    return model


def test_parameter_count_at_the_papers_sizes():
    sizes = {"length": 2000, "n_signals": 0, "n_rna_features": 9}
    assert count(models.build("epinformer", sizes)) == 447_341


@pytest.mark.parametrize("n_rna_features", [0, 9])
def test_expression_is_one_number_a_gene_whatever_the_rna_features(n_rna_features):
    model = models.build("epinformer", {**SMALL, "n_rna_features": n_rna_features}).eval()
    answer = model(a_batch(n_rna_features=n_rna_features))
    assert answer.expression.shape == (2,)
    assert (answer.losses, answer.details) == ({}, {})


@pytest.mark.parametrize("training", [True, False])
def test_padded_elements_are_inert(model, training):
    """Whatever stands in them, and however wide the batch is: padding is zeros, up to `n_enhancers`."""
    model.train(training)
    batch = a_batch()
    absent = ~batch.elements.present
    junk = with_elements(
        batch,
        sequence=batch.elements.sequence.masked_fill(absent[..., None, None], 7.0),
        features=batch.elements.features.masked_fill(absent[..., None], float("nan")),
    )
    longer = Elements(
        F.pad(batch.elements.sequence, (0, 0, 0, 0, 0, 4)),
        F.pad(batch.elements.features, (0, 0, 0, 4)),
        F.pad(batch.elements.present, (0, 4)),
    )
    start = {name: value.clone() for name, value in model.state_dict().items()}
    found = []
    for each in (batch, junk, replace(batch, elements=longer)):
        model.load_state_dict(start)
        model.zero_grad()
        expression = model(each).expression
        expression.sum().backward()
        found.append(
            (expression, model.tower.stem.weight.grad.clone(), model.tower.stages[0].block.norm.running_mean)
        )
    for other in found[1:]:
        for ours, theirs in zip(found[0], other, strict=True):
            torch.testing.assert_close(ours, theirs)
    assert torch.isfinite(found[0][1]).all()


def test_padding_is_counted_as_if_each_row_of_zeros_went_through_the_tower():
    """The authors' way, all 1 + n_enhancers rows of each gene through BatchNorm, against one row for all padding."""
    model = models.build("epinformer", {**SMALL, "n_enhancers": 5}).double().train()
    batch = a_batch()
    whole = torch.cat([batch.sequence[:, None], F.pad(batch.elements.sequence, (0, 0, 0, 0, 0, 2))], dim=1)
    present = F.pad(batch.elements.present, (1, 2)).index_fill(1, torch.tensor(0), True)
    weights = torch.randn(int(present.sum()), 32, dtype=torch.float64)
    found = []
    for encode in (
        lambda: model.tower(whole.flatten(0, 1)).unflatten(0, (2, 6))[present],
        lambda: model._encoded(whole[present], 2),
    ):
        start = {name: value.clone() for name, value in model.state_dict().items()}
        model.zero_grad()
        encoded = encode()
        (encoded * weights).sum().backward()
        gradients = {name: each.grad.clone() for name, each in model.tower.named_parameters()}
        found.append((encoded, gradients, {name: each.clone() for name, each in model.tower.named_buffers()}))
        model.load_state_dict(start)
    for theirs, ours in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-10)


def test_a_gene_does_not_depend_on_its_batch_mates(model):
    model.eval()
    batch = a_batch()
    first = Batch(
        batch.sequence[:1],
        batch.signals[:1],
        batch.rna_features[:1],
        elements=Elements(
            *(getattr(batch.elements, name)[:1] for name in ("sequence", "features", "present"))
        ),
    )
    torch.testing.assert_close(model(batch).expression[:1], model(first).expression)


def test_the_promoter_sees_all_and_an_element_itself_and_the_promoter(model):
    attention = model.eval()(a_batch(), with_details=True).details["attention"]
    assert attention.shape == (2, 2, 4, 4)
    seen = attention[:, 1] > 0  # the gene with three elements
    expected = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]]).bool()
    assert torch.equal(seen, expected.expand(2, 4, 4))
    assert (attention[:, 0, 0] > 0).tolist() == [[True, True, False, False]] * 2
    torch.testing.assert_close(attention.sum(dim=-1), torch.ones(2, 2, 4))


def test_elements_and_their_features_count(model):
    model.eval().double()
    batch = a_batch()
    before = model(batch).expression
    sequence = batch.elements.sequence.clone()
    sequence[1, 2] = sequence[1, 0]
    features = batch.elements.features.clone()
    features[1, 2, 0] += 50  # kb
    none = torch.zeros_like(batch.elements.present)
    for changed in ({"sequence": sequence}, {"features": features}):
        difference = (model(with_elements(batch, **changed)).expression - before).abs()
        assert difference[0] == 0
        assert difference[1] > 1e-9
    assert torch.isfinite(model(with_elements(batch, present=none)).expression).all()


def test_the_nearest_elements_are_used(model):
    nearest = models.build("epinformer", {**SMALL, "n_enhancers": 1}).eval()
    nearest.load_state_dict(model.state_dict())
    batch = a_batch()
    first = torch.tensor([[True, False, False]] * 2)
    torch.testing.assert_close(
        nearest(batch).expression, model.eval()(with_elements(batch, present=first)).expression
    )


def test_the_promoter_is_the_centre_of_the_window(model):
    model.eval()
    short, long = a_batch(), a_batch(2600)
    long = replace(
        long, sequence=long.sequence.clone(), elements=short.elements, rna_features=short.rna_features
    )
    long.sequence[:, 300:2300] = short.sequence
    torch.testing.assert_close(model(long).expression, model(short).expression)


def test_slices_of_the_tower_are_the_tower(monkeypatch):
    tower = ConvolutionTower(32).eval()
    sequence = one_hot(torch.Generator().manual_seed(0), 5, 2000)
    sizes = []
    tower.stem.register_forward_hook(lambda module, inputs, output: sizes.append(len(output)))
    with torch.no_grad():
        whole = tower(sequence)
        monkeypatch.setattr(epinformer, "ELEMENTS_AT_ONCE", 2)
        torch.testing.assert_close(tower(sequence), whole)
    tower.train()(sequence)
    assert sizes == [5, 2, 2, 1, 5]


def test_gradients_reach_every_parameter(model):
    model(a_batch()).expression.sum().backward()
    missing = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert missing == []


def test_autocast_in_half_precision_is_near(model):
    model.eval()
    exact = model(a_batch()).expression
    with torch.autocast("cpu", dtype=torch.float16):
        answer = model(a_batch(), with_details=True)
    assert answer.expression.dtype == answer.details["attention"].dtype == torch.float32
    torch.testing.assert_close(answer.expression, exact, rtol=0.05, atol=0.02)


def test_what_does_not_fit_is_refused_with_the_fix(model):
    batch = a_batch()
    with pytest.raises(ValueError, match=r"needs candidate elements and this batch has none; give the file"):
        model(replace(batch, elements=None))
    with pytest.raises(ValueError, match=r"elements\.sequence of each element has shape \(1000, 4\)"):
        model(with_elements(batch, sequence=batch.elements.sequence[:, :, :1000]))
    with pytest.raises(ValueError, match=r"elements\.features of each element has shape \(2,\)"):
        model(with_elements(batch, features=batch.elements.features[..., :2]))
    with pytest.raises(ValueError, match=r"window of 1000 bp does not hold epinformer's promoter"):
        model(replace(batch, sequence=batch.sequence[:, :1000]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"length": 1998}, r"length=1998 must be a whole number of at least 2000"),
        ({"out_dim": 48}, r"out_dim=48 must be a multiple of 32"),
        ({"head": 3}, r"out_dim=32 must be a multiple of head=3"),
        ({"n_enhancers": 0}, r"n_enhancers=0"),
        ({"n_signal": 1}, r"epinformer: unknown settings n_signal; known: out_dim, n_encoder"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        models.build("epinformer", {**SMALL, **settings})


def test_sizes_are_read_from_an_authors_state_dict(model):
    state = as_authors(model)
    assert {"seq_encoder.stem_conv.0.weight", "conv_out.12.bias", "attn_encoder.1.ff.2.weight"} <= set(state)
    loaded = models.from_authors("epinformer", state, {"model": "epinformer", "head": 2})
    assert not loaded.training
    torch.testing.assert_close(loaded(a_batch()).expression, model.eval()(a_batch()).expression)

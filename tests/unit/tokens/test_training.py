"""Masked-gene training: it learns, what is frozen stays, and a stopped one ends as an undisturbed one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from prism.tokens.adapter import Adapter
from prism.tokens.dynamic import DynamicTokens, GenomeEmbeddings
from prism.tokens.foundation import Foundation
from prism.tokens.training import MaskedTraining, pretrain, train_tokens

MASK = 1
# Each cell holds one of four sets of six genes, so that a hidden gene follows from the others.
QUICK = MaskedTraining(steps=100, cells_at_once=40, learning_rate=3e-2, share=0.2)
SETS = [np.arange(first, first + 6) for first in (4, 10, 16, 22)]


@pytest.fixture
def patterned() -> list[np.ndarray]:
    """40 cells of four kinds."""
    random = np.random.default_rng(0)
    return [random.permutation(SETS[i % 4]).astype(np.int64) for i in range(40)]


def small(seed: int = 0, dropout: float = 0.0) -> Foundation:
    return Foundation.small(40, 12, width=16, n_layers=1, n_heads=2, dropout=dropout, seed=seed)


def test_pretraining_learns_which_genes_go_together(patterned):
    genes = np.arange(4, 28)
    losses = pretrain(small(), patterned, MASK, genes, QUICK)
    assert len(losses) == 100
    # knowing which genes there are: log 24 = 3.2; knowing the set, five of its six genes are seen
    assert np.mean(losses[:3]) > 3.2
    assert np.mean(losses[-10:]) < 1.6


class StoppedError(Exception):
    """Ends a training in the middle."""


def test_a_stopped_training_ends_with_the_same_weights(patterned, tmp_path):
    genes = np.arange(4, 28)
    settings = MaskedTraining(steps=12, cells_at_once=4, save_every=5, precision="fp32", seed=7)
    whole = small(dropout=0.1)
    undisturbed = pretrain(whole, patterned, MASK, genes, settings)

    state = tmp_path / "state.ckpt"
    stopped = small(dropout=0.1)
    calls = []

    def count(*_):
        calls.append(1)
        if len(calls) == 8:
            raise StoppedError

    handle = stopped.model.bert.embeddings.LayerNorm.register_forward_pre_hook(count)
    with pytest.raises(StoppedError):
        pretrain(stopped, patterned, MASK, genes, settings, state)
    handle.remove()
    assert state.is_file()
    again = small(seed=99, dropout=0.1)
    resumed = pretrain(again, patterned, MASK, genes, settings, state)
    assert resumed == undisturbed
    for name, value in whole.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name
    assert not state.exists()


def test_the_state_of_another_training_is_refused(patterned, tmp_path):
    genes, state = np.arange(4, 28), tmp_path / "state.ckpt"
    settings = MaskedTraining(steps=3, save_every=2)
    model, calls = small(), []

    def stop(*_):
        calls.append(1)
        if len(calls) == 3:
            raise StoppedError

    model.model.bert.embeddings.LayerNorm.register_forward_pre_hook(stop)
    with pytest.raises(StoppedError):
        pretrain(model, patterned, MASK, genes, settings, state)
    with pytest.raises(ValueError, match="other settings was stopped here; delete it"):
        pretrain(small(), patterned, MASK, genes, MaskedTraining(steps=4, save_every=2), state)


def the_tokens(residual: bool = False) -> DynamicTokens:
    random = np.random.default_rng(2)
    reference = {gene: random.standard_normal(6) for gene in range(4, 28)}
    changed = {5: random.standard_normal(6)}
    return DynamicTokens(Adapter(6, 16), GenomeEmbeddings.of(40, reference, [changed]), residual)


@pytest.mark.parametrize("train_foundation", [False, True])
def test_the_foundation_model_learns_only_where_it_is_asked_to(patterned, train_foundation):
    foundation, tokens = small(), the_tokens()
    before = {name: value.clone() for name, value in foundation.state_dict().items()}
    adapter = {name: value.clone() for name, value in tokens.adapter.net.state_dict().items()}
    train_tokens(
        foundation,
        tokens,
        patterned,
        None,
        MASK,
        np.arange(4, 28),
        MaskedTraining(steps=3),
        "static",
        train_foundation,
    )
    same = all(torch.equal(value, before[name]) for name, value in foundation.state_dict().items())
    assert same is not train_foundation
    assert any(
        not torch.equal(value, adapter[name]) for name, value in tokens.adapter.net.state_dict().items()
    )
    assert not foundation.training
    assert all(each.requires_grad for each in foundation.parameters())


def test_the_adapter_learns_to_lower_the_loss(patterned):
    genes = np.arange(4, 28)
    foundation = small()
    pretrain(foundation, patterned, MASK, genes, QUICK)
    losses = train_tokens(foundation, the_tokens(), patterned, None, MASK, genes, QUICK)
    assert np.mean(losses[-10:]) < np.mean(losses[:5]) - 0.5


def test_in_the_residual_form_a_single_genome_teaches_nothing(patterned):
    """Every gene is at the reference, where the adapter does not matter: many genomes are needed."""
    tokens = the_tokens(residual=True)
    genes = np.arange(4, 28)
    with pytest.raises(ValueError, match="no token follows the DNA in any of these cells"):
        train_tokens(small(), tokens, patterned, None, MASK, genes, MaskedTraining(steps=2))
    before = [each.clone() for each in tokens.adapter.parameters()]
    train_tokens(small(), tokens, patterned, [1] * 40, MASK, genes, MaskedTraining(steps=3))
    assert any(not torch.equal(a, b) for a, b in zip(before, tokens.adapter.parameters(), strict=True))


def test_the_learning_rate_rises_then_falls_to_nothing():
    settings = MaskedTraining(steps=10, learning_rate=1.0, warm_up=0.2)
    found = [settings.learning_rate_at(step) for step in range(11)]
    assert found == pytest.approx([0.5, 1, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0])


def test_settings_that_cannot_be():
    for wrong in ({"steps": 0}, {"share": 1.5}, {"another": 0.6, "kept": 0.6}):
        with pytest.raises(ValueError, match="must"):
            MaskedTraining(**{"steps": 1} | wrong)

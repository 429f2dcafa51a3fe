"""Masked genes: which are hidden, the loss on them alone, and whose DNA token is seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import BertForMaskedLM

from prism.tokens.adapter import Adapter
from prism.tokens.dynamic import DynamicTokens, GenomeEmbeddings
from prism.tokens.masked_genes import masked, masked_gene_logits, masked_gene_loss

MASK = 1


def hidden_of(cells, genes, **options):
    return masked(cells, MASK, genes, np.random.default_rng(0), **options)


def test_a_share_of_each_cells_genes_and_never_a_special_token(cells, genes):
    genes = genes[genes > 4]  # 2, 3 and 4 stand for <cls>, <eos> and the like
    batch = hidden_of(cells, genes, share=0.25)
    whole = np.concatenate(cells)
    assert batch.lengths == [12, 5, 8]
    changed = np.flatnonzero(batch.ids.numpy() != whole)
    assert changed.tolist() == batch.places.tolist()
    assert (batch.ids[batch.places] == MASK).all()
    assert batch.targets.tolist() == whole[changed].tolist()
    assert (batch.targets > 4).all()
    counts = [int((cell > 4).sum()) for cell in cells]
    ends = np.cumsum([12, 5, 8])
    found = np.histogram(batch.places, [0, *ends])[0]
    assert found.tolist() == [max(1, round(0.25 * n)) for n in counts]


def test_berts_own_hiding_replaces_and_keeps_a_tenth_each(genes):
    cell = [np.resize(genes, 40_000)]
    batch = hidden_of(cell, genes, share=0.5, another=0.1, kept=0.1)
    shown = batch.ids[batch.places]
    assert len(shown) == 20_000
    left = float((shown == batch.targets).double().mean())
    replaced = float(((shown != batch.targets) & (shown != MASK)).double().mean())
    # a random gene is the target itself once in 38; five standard errors of 20,000 draws are 0.011
    assert left == pytest.approx(0.1 + 0.1 / 38, abs=0.011)
    assert replaced == pytest.approx(0.1 * 37 / 38, abs=0.011)


def test_a_cell_without_genes_is_refused(genes):
    with pytest.raises(ValueError, match="cell 1: has no gene"):
        hidden_of([np.array([5]), np.array([0])], genes)


def test_loss_is_transformers_on_padded_cells(foundation, cells, genes):
    batch = hidden_of(cells, genes, share=0.3)
    ids, labels = torch.zeros(3, 12, dtype=torch.int64), torch.full((3, 12), -100)
    there = torch.arange(12) < torch.tensor(batch.lengths)[:, None]
    ids[there] = batch.ids
    flat = torch.full_like(batch.ids, -100)
    flat[batch.places] = batch.targets
    labels[there] = flat
    twin = BertForMaskedLM(foundation.model.config).eval()
    twin.load_state_dict(foundation.model.state_dict())
    theirs = twin(input_ids=ids, attention_mask=there.long(), labels=labels).loss
    torch.testing.assert_close(masked_gene_loss(foundation, batch), theirs)


@pytest.fixture
def tokens(genes):
    """Two genomes of all genes but the last three, whose embeddings have 6 values; genes 10 and 20 differ."""
    random = np.random.default_rng(1)
    reference = {int(gene): random.standard_normal(6) for gene in genes[:-3]}
    changed = {10: random.standard_normal(6), 20: random.standard_normal(6)}
    return DynamicTokens(Adapter(6, 16), GenomeEmbeddings.of(40, reference, [changed]))


def reading(tokens, foundation, batch, output_tokens):
    """The genes whose DNA embedding the loss depends on: those with a gradient there."""
    values = tokens.values.clone().requires_grad_()
    tokens.encoder = values.__getitem__
    masked_gene_loss(foundation, batch, tokens, output_tokens).backward()
    touched = {int(row) for row in values.grad.abs().sum(1).nonzero()}
    return {int(gene) for gene in range(40) if int(tokens.row_of[0, gene]) in touched}


def test_with_static_outputs_a_hidden_genes_own_dna_is_neither_input_nor_target(foundation, tokens):
    cell = np.array([5, 6, 7, 8, 9, 11, 12])
    batch = hidden_of([cell], np.arange(2, 40), share=0.3)
    hidden = set(batch.targets.tolist())
    assert len(hidden) == 2
    assert reading(tokens, foundation, batch, "static") == set(cell.tolist()) - hidden
    assert reading(tokens, foundation, batch, "dynamic") == set(range(2, 37))  # all that have DNA


def test_dynamic_outputs_compare_with_the_tokens_of_the_cells_own_genome(foundation, tokens):
    cells = [np.array([5, 10, 7, 8]), np.array([5, 10, 7, 8])]
    batch = hidden_of(cells, np.arange(2, 40), share=0.5, genomes=[0, 1])
    logits = masked_gene_logits(foundation, batch, tokens, "dynamic")
    static = foundation.token_table
    embeds = static[batch.ids].clone()
    for place, (token, genome) in enumerate(zip(batch.ids.tolist(), batch.genome.tolist(), strict=True)):
        if token != MASK:
            embeds[place] = tokens.adapter(tokens.values[tokens.row_of[genome, token]][None])[0]
    for cell in (0, 1):
        table = static.clone()
        for gene in range(2, 37):
            table[gene] = tokens.adapter(tokens.values[tokens.row_of[cell, gene]][None])[0]
        hidden = foundation.hidden(inputs_embeds=embeds[4 * cell :][:4][None], layer=-1)[0]
        head = foundation.model.cls.predictions
        want = head.transform(hidden) @ table.T + head.bias
        mine = batch.places // 4 == cell
        torch.testing.assert_close(logits[mine], want[batch.places[mine] - 4 * cell], atol=1e-5, rtol=1e-5)
    some = torch.tensor([3, 10, 39])
    torch.testing.assert_close(
        masked_gene_logits(foundation, batch, tokens, "dynamic", some), logits[:, some]
    )


def test_outputs_that_there_are_not(foundation, cells, genes):
    batch = hidden_of(cells, genes)
    with pytest.raises(ValueError, match="output_tokens 'both' is not one of static, dynamic"):
        masked_gene_loss(foundation, batch, output_tokens="both")
    with pytest.raises(ValueError, match="needs tokens that follow the DNA"):
        masked_gene_loss(foundation, batch, output_tokens="dynamic")

"""The adapter: identity with the pretrained model, the regression that it starts from, norm and mean."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from prism.tokens.adapter import Adapter, agreement, untrained, warm_start
from prism.tokens.dynamic import DynamicTokens, GenomeEmbeddings
from prism.tokens.masked_genes import masked, masked_gene_logits

SIZE = 40


def vectors(seed: int, genes, d: int = 6) -> dict[int, np.ndarray]:
    random = np.random.default_rng(seed)
    return {int(gene): random.standard_normal(d).astype(np.float32) for gene in genes}


@pytest.mark.parametrize("output_tokens", ["static", "dynamic"])
def test_an_adapter_that_reproduces_the_static_table_gives_the_same_logits(
    foundation, cells, genes, output_tokens
):
    """The embedding of a gene is its static token, and the adapter is the identity."""
    table = foundation.token_table.detach().numpy()
    adapter = Adapter(16, 16, "linear")
    with torch.no_grad():
        adapter.net.weight.copy_(torch.eye(16))
        adapter.net.bias.zero_()
    tokens = DynamicTokens(adapter, GenomeEmbeddings.of(SIZE, {int(g): table[g] for g in genes}))
    batch = masked(cells, 1, genes, np.random.default_rng(0))
    with torch.inference_mode():
        plain = masked_gene_logits(foundation, batch)
        torch.testing.assert_close(
            masked_gene_logits(foundation, batch, tokens, output_tokens), plain, atol=1e-6, rtol=0
        )


@pytest.mark.parametrize("output_tokens", ["static", "dynamic"])
def test_the_residual_form_is_exactly_the_pretrained_model_at_the_reference(
    foundation, cells, genes, output_tokens
):
    tokens = DynamicTokens(Adapter(6, 16), GenomeEmbeddings.of(SIZE, vectors(0, genes)), residual=True)
    batch = masked(cells, 1, genes, np.random.default_rng(0))
    with torch.inference_mode():
        plain = masked_gene_logits(foundation, batch)
        assert torch.equal(masked_gene_logits(foundation, batch, tokens, output_tokens), plain)


def test_the_residual_form_moves_only_changed_genes_and_by_the_difference(foundation, genes):
    reference = vectors(0, genes)
    mutant = {7: reference[7] + 1, 9: reference[9].copy()}  # 9 is named, and is as it was
    tokens = DynamicTokens(Adapter(6, 16), GenomeEmbeddings.of(SIZE, reference, [mutant]), residual=True)
    static = foundation.token_table.detach()
    with torch.inference_mode():
        table = tokens.table(static, 1)
        a, b = (tokens.adapter(torch.from_numpy(each[7][None])) for each in (mutant, reference))
    assert (table != static).any(1).nonzero()[:, 0].tolist() == [7]
    torch.testing.assert_close(table[7], static[7] + (a - b)[0])


def test_equal_embeddings_of_a_gene_are_held_once_and_genes_without_dna_keep_their_token(foundation):
    reference = vectors(0, [5, 6])
    found = GenomeEmbeddings.of(SIZE, reference, [{5: reference[5] + 1}, {5: reference[5] + 1}, {}])
    assert found.values.shape == (3, 6)
    assert found.row_of[:, [4, 5, 6]].tolist() == [[-1, 0, 1], [-1, 2, 1], [-1, 2, 1], [-1, 0, 1]]
    static = foundation.token_table.detach()
    with torch.inference_mode():
        table = DynamicTokens(Adapter(6, 16), found).table(static, 0)
    assert (table != static).any(1).nonzero()[:, 0].tolist() == [5, 6]
    with pytest.raises(ValueError, match="genome 1: token 8 has an embedding, and none in the reference"):
        GenomeEmbeddings.of(SIZE, reference, [{8: reference[5]}])


def a_linear_world(noise: float):
    """200 genes whose tokens (3 wide) are linear in their embeddings (4 wide), with noise."""
    random = torch.Generator().manual_seed(2)
    x = torch.randn(200, 4, generator=random) * torch.tensor([1.0, 5.0, 0.2, 1.0]) + 3
    y = x @ torch.randn(4, 3, generator=random) + 2 + noise * torch.randn(200, 3, generator=random)
    part = torch.arange(200)
    return x, y, part < 120, (part >= 120) & (part < 160)


def test_warm_start_of_the_linear_adapter_is_the_regression(tmp_path):
    x, y, train, valid = a_linear_world(0.5)
    adapter = Adapter(4, 3, "linear")
    before, after = warm_start(adapter, x, y, train, valid)
    design = np.column_stack([x[train], np.ones(120)])
    least = np.linalg.lstsq(design, y[train].numpy(), rcond=None)[0]
    plain = adapter.net((x - adapter.centre) / adapter.spread) + y[train].mean(0)
    # the smallest penalty of all, 1e-4 of the number of genes, moves nothing by more than 1e-2
    np.testing.assert_allclose(plain.detach(), np.column_stack([x, np.ones(200)]) @ least, atol=2e-2)
    assert 0.9 < before.r2_valid < 1
    assert after.norm == pytest.approx(after.static_norm, rel=1e-5)
    assert after.mean_distance == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("kind", ["mlp", "linear"])
def test_mean_and_norm_are_matched_where_the_dna_says_nothing(kind):
    random = torch.Generator().manual_seed(3)
    x, y = torch.randn(100, 5, generator=random), 4 + torch.randn(100, 8, generator=random)
    train = torch.arange(100) < 60
    adapter = Adapter(5, 8, kind, seed=1)
    before, after = warm_start(adapter, x, y, train, ~train & (torch.arange(100) < 80), steps=50)
    assert before.norm < 0.7 * before.static_norm  # a regression shrinks what it cannot explain
    assert after.norm == pytest.approx(after.static_norm, rel=1e-4)
    assert after.mean_distance < 1e-4
    assert before.r2_valid < 0.1


def test_the_mlp_learns_what_the_dna_says():
    """Tokens that are a direction's linear image: LayerNorm takes the length of an embedding away."""
    random = torch.Generator().manual_seed(4)
    x = torch.randn(400, 12, generator=random)
    y = torch.nn.functional.normalize(x - x.mean(1, keepdim=True), dim=1) @ torch.randn(
        12, 3, generator=random
    )
    part = torch.arange(400)
    before, _ = warm_start(
        Adapter(12, 3, hidden=32), x, y, part < 300, part >= 300, steps=400, learning_rate=1e-2
    )
    assert before.r2_train > 0.9
    assert before.r2_valid > 0.8


def test_held_out_genes_change_nothing():
    x, y, train, valid = a_linear_world(0.1)
    found = []
    for held_out in (0.0, 9.0):
        y = torch.where((train | valid)[:, None], y, held_out)
        x = torch.where((train | valid)[:, None], x, held_out)
        adapter = Adapter(4, 3)
        warm_start(adapter, x, y, train, valid, steps=30)
        found.append(adapter.state_dict())
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_adapters_that_there_are_not():
    with pytest.raises(ValueError, match="adapter 'deep' is not one of mlp, linear"):
        Adapter(4, 3, "deep")
    with pytest.raises(ValueError, match="1 genes to start the adapter from"):
        warm_start(Adapter(4, 3), torch.ones(2, 4), torch.ones(2, 3), *(torch.arange(2) < n for n in (1, 0)))


def test_an_untrained_adapter_has_the_norm_and_mean_of_the_static_tokens_and_its_random_weights():
    random = torch.Generator().manual_seed(0)
    embeddings, static = torch.randn(30, 6, generator=random), 3 + torch.randn(30, 16, generator=random)
    train, none = torch.arange(30) < 20, torch.zeros(30, dtype=bool)
    adapter = Adapter(6, 16, seed=4)
    before = [each.clone() for each in adapter.parameters()]
    untrained(adapter, embeddings, static, train)
    assert all(torch.equal(a, b) for a, b in zip(before, adapter.parameters(), strict=True))
    found = agreement(adapter, embeddings, static, train, none)
    assert found.norm == pytest.approx(found.static_norm, rel=1e-4)
    assert found.mean_distance == pytest.approx(0, abs=1e-4)
    with pytest.raises(ValueError, match="1 genes to start the adapter from"):
        untrained(adapter, embeddings, static, torch.arange(30) < 1)


def test_dna_is_exchanged_among_genes_in_every_genome_alike():
    genomes = GenomeEmbeddings.of(8, {2: [1.0], 3: [2.0], 4: [3.0]}, [{3: [9.0]}])
    swapped = genomes.exchanged([2, 3, 4], [3, 4, 2])
    found = [[float(swapped.values[swapped.row_of[g, t]]) for t in (2, 3, 4)] for g in (0, 1)]
    assert found == [[2, 3, 1], [9, 3, 1]]
    assert swapped.row_of[:, [0, 1, 5]].unique().tolist() == [-1]

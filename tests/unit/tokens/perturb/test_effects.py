"""What is done to a factor, against transformers' own model and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from prism.tokens.perturb import effects
from prism.tokens.perturb.attention import attention_to
from prism.tokens.perturb.shift import no_op_floor, shifts

FACTOR, MASK = 7, 1


@pytest.fixture
def cells() -> list[np.ndarray]:
    """Three cells with the factor, of 12, 5 and 12 genes."""
    random = np.random.default_rng(5)
    others = np.setdiff1d(np.arange(2, 40), [FACTOR])
    return [random.permutation([FACTOR, *random.permutation(others)[: n - 1]]) for n in (12, 5, 12)]


def plain(foundation, embeds, positions) -> np.ndarray:
    """The second-to-last hidden layer of one cell, by transformers."""
    found = foundation.model(
        inputs_embeds=embeds[None], position_ids=torch.tensor(positions)[None], output_hidden_states=True
    )
    return found.hidden_states[-2][0].detach().numpy()


def test_each_way_is_what_transformers_gives_for_its_input(foundation, cells):
    table = foundation.token_table.detach()
    vector = table[FACTOR] + 0.3 * torch.arange(16) % 2  # LayerNorm takes a constant away
    ways = {
        "moved": effects.moved(table, {FACTOR: vector}),
        "deleted": effects.deleted(table, FACTOR),
        "hidden": effects.hidden(table, FACTOR),
        "masked": effects.moved(table, {FACTOR: table[MASK]}),
        "no_op": effects.as_is(table),
    }
    found = effects.measured(foundation, cells, [0, 1, 1], effects.as_is(table), ways)
    for number, ids in enumerate(cells[:1]):  # donor 0 has one cell
        n, at = len(ids), int(np.flatnonzero(ids == FACTOR)[0])
        before, without = plain(foundation, table[ids], range(n)), np.delete(np.arange(n), at)
        changed = table[ids].clone()
        changed[at] = vector
        masked = table[ids].clone()
        masked[at] = table[MASK]
        want = {
            "moved": (np.arange(n), plain(foundation, changed, range(n))),
            "masked": (np.arange(n), plain(foundation, masked, range(n))),
            "deleted": (without, plain(foundation, table[ids[without]], range(n - 1))),
            "hidden": (without, plain(foundation, table[ids[without]], without)),
        }
        for name, (places, after) in want.items():
            expected = np.full(40, np.nan)
            expected[ids[places]] = shifts(before[places], after)
            np.testing.assert_allclose(found[name].by_donor()[number], expected, rtol=2e-3, atol=1e-9)
    # donor 1: the mean over its two cells, where both hold the gene
    assert found["moved"].detections[1].sum() == 5 + 12
    assert no_op_floor(found["no_op"].by_donor()) < 1e-10 < found["moved"].by_donor()[0][FACTOR]


def test_a_reordered_cell_is_compared_gene_by_gene(foundation, cells):
    """Its genes are matched by token, not by rank; one that is new in the cell has no shift."""
    table = foundation.token_table.detach()
    ids = cells[1]
    other = int(np.setdiff1d(np.arange(2, 40), ids)[0])
    new = np.array([ids[4], other, ids[0], ids[1], ids[2]])
    found = effects.measured(
        foundation, [ids], [0], effects.as_is(table), {"x": effects.reordered([new], effects.as_is(table))}
    )["x"]
    before, after = plain(foundation, table[ids], range(5)), plain(foundation, table[new], range(5))
    expected = np.full(40, np.nan)
    expected[ids[[0, 1, 2, 4]]] = shifts(before[[0, 1, 2, 4]], after[[2, 3, 4, 0]])
    np.testing.assert_allclose(found.by_donor()[0], expected, rtol=2e-3, atol=1e-9)


def test_a_factor_that_fell_out_of_the_context_may_be_lacking(foundation, cells):
    table, ids = foundation.token_table.detach(), cells[1]
    without = ids[ids != FACTOR]
    to = {FACTOR: table[MASK]}
    seen = effects.reordered([without], effects.moved(table, to, may_lack=True))(0, ids)
    assert torch.equal(seen.embeds, table[without])
    with pytest.raises(ValueError, match="token 7 is 0 times in a cell of 4 tokens"):
        effects.moved(table, to)(0, without)


def test_cells_and_donors_are_equally_many(foundation, cells):
    way = effects.as_is(foundation.token_table.detach())
    with pytest.raises(ValueError, match="3 cells and 2 donors"):
        effects.measured(foundation, cells, [0, 1], way, {"x": way})


def test_attention_is_that_of_transformers(foundation, cells):
    foundation.model.set_attn_implementation("eager")
    ids = cells[0]
    weights = foundation.model(torch.tensor(ids)[None], output_attentions=True).attentions
    at = int(np.flatnonzero(ids == FACTOR)[0])
    want = torch.stack([each[0, :, :, at].mean(0) for each in weights]).mean(0)
    seen = effects.as_is(foundation.token_table.detach())(0, ids)
    np.testing.assert_allclose(attention_to(foundation, seen, FACTOR), want.detach(), atol=1e-6)

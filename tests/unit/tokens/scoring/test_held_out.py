"""Held-out genes: tables, ties and losses by hand; DNA that tells is found, DNA of other genes is not."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from prism.tokens.foundation import Foundation
from prism.tokens.perturb.controls import shuffled
from prism.tokens.scoring import held_out
from prism.tokens.scoring.held_out import GeneDna, Guesses, adapter_without, guesses, held_out_rows, table_of
from prism.tokens.training import MaskedTraining, pretrain

MASK, SIZE = 1, 100
GENES = np.arange(2, SIZE)


@pytest.fixture(scope="module")
def world() -> tuple[Foundation, list[np.ndarray], np.ndarray]:
    """A model that was pretrained on cells of 8 kinds of 12 genes, those cells, and DNA that names the kind."""
    random = np.random.default_rng(0)
    kind = random.permutation(len(GENES)) % 8
    cells = []
    for number in range(240):
        own = np.flatnonzero(kind == number % 8)
        cells.append(GENES[random.permutation(own)[:9]])
    foundation = Foundation.small(SIZE, 12, width=24, n_layers=2, n_heads=2, seed=1)
    pretrain(foundation, cells, MASK, GENES, MaskedTraining(steps=400, cells_at_once=32, learning_rate=1e-2))
    dna = np.eye(8)[kind] + 0.1 * random.standard_normal((len(GENES), 8))
    return foundation.eval(), cells, dna.astype(np.float32)


def splits() -> np.ndarray:
    split = np.full(len(GENES), "train", "<U5")
    split[::4], split[1::8] = "test", "valid"
    return split


QUICK = MaskedTraining(steps=60, cells_at_once=32, learning_rate=3e-3)


def test_dna_that_tells_finds_held_out_genes_and_that_of_others_does_not(world):
    """Held-out genes of the hidden one's kind are about a tenth of all: chance is 1 in 25, the kind alone 1 in 3."""
    foundation, cells, dna = world
    accuracy = {}
    for name, given in (
        ("run", np.arange(len(GENES))),
        ("shuffled", shuffled(len(GENES), np.random.default_rng(2))),
    ):
        genes = GeneDna(GENES, dna[given], splits())
        adapter = adapter_without(foundation, genes, cells, MASK, QUICK, "dynamic", "linear")
        for output in ("dynamic", "static"):
            found = guesses(foundation, table_of(foundation, genes, adapter), cells, MASK, genes, output)
            accuracy[name, output] = found.accuracy.mean()
    genes = GeneDna(GENES, dna, splits())
    for output in ("dynamic", "static"):
        found = guesses(foundation, table_of(foundation, genes, None), cells, MASK, genes, output)
        accuracy["mean_token", output] = found.accuracy.mean()
    n = len(genes.held_out)
    assert accuracy["mean_token", "dynamic"] == pytest.approx(1 / n)
    assert accuracy["run", "dynamic"] > 4 / n
    assert accuracy["shuffled", "dynamic"] < 2.5 / n
    assert accuracy["run", "static"] > accuracy["shuffled", "static"]


def test_the_same_genes_are_hidden_under_every_table_and_only_of_the_asked_kind(world):
    foundation, cells, dna = world
    genes = GeneDna(GENES, dna, splits())
    tables = (foundation.token_table.detach(), table_of(foundation, genes, None))
    first, second = (guesses(foundation, each, cells, MASK, genes, "dynamic", seed=3) for each in tables)
    np.testing.assert_array_equal(first.gene, second.gene)
    assert np.isin(first.gene, genes.held_out).all()
    np.testing.assert_allclose(second.mean_log_loss, math.log(len(genes.held_out)), rtol=1e-5)
    static = guesses(foundation, tables[0], cells, MASK, genes, "static", seed=3)
    assert not np.isin(static.gene, genes.held_out).any()


def test_only_the_rows_of_held_out_genes_are_made(world):
    foundation, cells, dna = world
    genes, static = GeneDna(GENES, dna, splits()), foundation.token_table.detach()
    adapter = adapter_without(foundation, genes, cells, MASK, MaskedTraining(steps=2), "static")
    table = table_of(foundation, genes, adapter)
    rest = np.setdiff1d(np.arange(SIZE), genes.held_out)
    assert torch.equal(table[rest], static[rest])
    torch.testing.assert_close(table[genes.held_out], adapter(torch.from_numpy(dna[splits() == "test"])))
    mean = static[torch.from_numpy(GENES[splits() == "train"])].mean(0)
    torch.testing.assert_close(table_of(foundation, genes, None)[genes.held_out[3]], mean)


def test_held_out_genes_teach_the_adapter_nothing(world):
    """Other embeddings of the held-out genes, and other cells' held-out genes, leave the adapter as it is."""
    foundation, cells, dna = world
    genes, few = GeneDna(GENES, dna, splits()), MaskedTraining(steps=3)
    other = np.where((splits() == "test")[:, None], 9.0, dna).astype(np.float32)
    without = [cell[~np.isin(cell, genes.held_out)] for cell in cells]
    first = adapter_without(foundation, genes, cells, MASK, few, "dynamic")
    second = adapter_without(foundation, GeneDna(GENES, other, splits()), without, MASK, few, "dynamic")
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_rows_draw_genes_and_not_guesses():
    found = Guesses(np.array([5, 5, 5, 8]), np.array([1, 1, 1, 0.0]), np.array([0.1, 0.1, 0.1, 2.1]))
    table = held_out_rows(found, "dynamic", "run", 1, draws=200).set_index("metric")
    row = table.loc["accuracy"]
    assert (row["value"], row["low"], row["high"], row["n"]) == (0.75, 0, 1, 4)
    assert table.loc["mean_log_loss", "value"] == pytest.approx(0.6)
    np.testing.assert_allclose(held_out.by_gene(found.gene, found.accuracy), [[3, 3], [0, 1]])


def test_what_cannot_be_judged(world):
    foundation, cells, dna = world
    with pytest.raises(ValueError, match="0 of the genes are in the fold's test chromosomes"):
        GeneDna(GENES, dna, np.full(len(GENES), "train"))
    genes = GeneDna(GENES, dna, splits())
    without = [cell[~np.isin(cell, genes.held_out)] for cell in cells]
    with pytest.raises(ValueError, match="none of 240 cells holds a gene of the fold's test chromosomes"):
        guesses(foundation, foundation.token_table.detach(), without, MASK, genes, "dynamic")

"""Rank-value encoding, by hand and against Geneformer's own tokens."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from prism.tokens.dictionary import make_dictionary
from prism.tokens.dictionary_files import read_dictionary
from prism.tokens.ranking import encode

V1 = {"<pad>": 0, "<mask>": 1, "a": 2, "b": 3, "c": 4, "d": 5}
V2 = {"<pad>": 0, "<mask>": 1, "<cls>": 2, "<eos>": 3, "a": 4, "b": 5, "c": 6, "d": 7}
MEDIANS = {"a": 4.0, "b": 1.0, "c": 2.0, "d": 1.0}


def encoded(counts, genes="abcd", tokens=V1, context=2048, totals=None):
    """The token lists of cells, as lists."""
    counts = sparse.csr_matrix(np.array(counts))
    totals = np.asarray(counts.sum(axis=1)).ravel() if totals is None else np.array(totals)
    return [
        cell.tolist()
        for cell in encode(counts, totals, list(genes), make_dictionary(tokens, MEDIANS, "made"), context)
    ]


def test_geneformers_own_tokens(shared):
    golden = json.loads((shared / "golden/geneformer_tokens.json").read_text())
    dictionary = read_dictionary(shared / "real/geneformer/gene_tokens_V1.tsv")
    assert dictionary.size == 25_426
    counts = sparse.csr_matrix(np.array(golden["counts"]))
    found = encode(counts, np.array(golden["n_counts"]), golden["gene_ids"], dictionary, 2048)
    assert [cell.tolist() for cell in found] == [golden["tokens"][str(cell)] for cell in range(6)]
    assert found[0].dtype == np.int64


def test_by_hand():
    """Counts 8 2 2 1 over medians 4 1 2 1 are 2 2 1 1: a and b tie, c and d tie, the lower token first."""
    assert encoded([[8, 2, 2, 1]]) == [[2, 3, 4, 5]]
    assert encoded([[8, 2, 2, 1]], "abcd"[::-1]) == [[5, 3, 4, 2]]  # d 8, c 1, b 2, a 0.25
    assert encoded([[0, 0, 0, 3], [1, 0, 0, 1]]) == [[5], [5, 2]]


def test_the_order_does_not_depend_on_the_total():
    assert encoded([[8, 3, 2, 1]], totals=[14]) == encoded([[8, 3, 2, 1]], totals=[1e6]) == [[3, 2, 4, 5]]


def test_genes_that_the_dictionary_lacks_have_no_token():
    assert encoded([[1, 9, 5, 0], [0, 9, 0, 0]], "axby") == [[3, 2], []]


@pytest.mark.parametrize(
    ("context", "tokens", "cell"),
    [(3, V1, [2, 3, 4]), (4, V2, [2, 4, 5, 3]), (6, V2, [2, 4, 5, 6, 7, 3]), (3, V2, [2, 4, 3])],
)
def test_the_context_cuts_genes_and_keeps_special_tokens(context, tokens, cell):
    assert encoded([[80, 10, 10, 1]], tokens=tokens, context=context) == [cell]


def test_stored_zeros_and_places_that_come_twice():
    counts = sparse.csr_matrix((np.array([1, 0, 1]), np.array([1, 0, 1]), np.array([0, 3])), shape=(1, 4))
    assert encode(counts, np.array([2]), list("abcd"), make_dictionary(V1, MEDIANS, "made"), 9)[
        0
    ].tolist() == [3]
    assert counts.nnz == 3  # the caller's own is as it was


@given(st.lists(st.integers(0, 3), min_size=4, max_size=4), st.permutations("abcd"), st.integers(1, 4))
def test_against_a_plain_sort(counts, genes, context):
    value = {gene: count / MEDIANS[gene] for gene, count in zip(genes, counts, strict=True) if count}
    expected = [V1[gene] for gene in sorted(value, key=lambda gene: (-value[gene], V1[gene]))][:context]
    assert encoded([counts], genes, context=context) == [expected]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"context": 0}, "context = 0 has no room for a gene"),
        ({"context": 2, "tokens": V2}, "context = 2 has no room"),
        ({"genes": "abc"}, r"1 cells x 4 genes, there are 1 totals and 3 gene ids"),
        ({"genes": "abca"}, r"a gene id stands twice among gene_ids \(token 2\)"),
        ({"totals": [0]}, r"cell 0: its total is 0, its counts sum to 4"),
        ({"totals": [np.nan]}, r"cell 0: its total is nan"),
    ],
)
def test_what_cannot_be_ranked_is_refused(how, message):
    with pytest.raises(ValueError, match=message):
        encoded([[1, 1, 1, 1]], **how)

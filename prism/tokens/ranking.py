"""Rank-value encoding: a cell as the tokens of its genes, by descending count relative to the gene's median."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from prism.tokens.dictionary import TARGET, Dictionary


def encode(
    counts: sparse.csr_matrix,
    totals: np.ndarray,
    gene_ids: Sequence[str],
    dictionary: Dictionary,
    context: int,
) -> list[np.ndarray]:
    """The tokens of each cell: genes with a count, by descending count / total * 10,000 / median, ties by token.

    The total divides all genes of a cell alike, so no order depends on it (but for ties by rounding).

    counts: (cells, genes), whole numbers; zeros may be stored.
    totals: (cells,) counts of each cell over all genes, before any was dropped.
    gene_ids: (genes,) without version; genes that the dictionary lacks get no token.
    dictionary: tokens and medians.
    context: most tokens in a cell, <cls> and <eos> of a dictionary that has them included.

    Returns an int64 array for each cell; a cell with none of the dictionary's genes has special tokens alone.
    Raises ValueError for sizes that differ, a total that is not above 0 where there are counts, and a context without
    room for a gene.
    """
    tokens = np.array([dictionary.token_of.get(gene, -1) for gene in gene_ids], dtype=np.int64)
    begin, end = _around(dictionary)
    room = context - len(begin) - len(end)
    _check(counts, totals, tokens, room, context)
    counts = counts.tocsr()
    if not counts.has_canonical_format:
        counts = counts.copy()
        counts.sum_duplicates()
    found = []
    for row in range(counts.shape[0]):
        span = slice(counts.indptr[row], counts.indptr[row + 1])
        here, values = tokens[counts.indices[span]], counts.data[span]
        kept = (here >= 0) & (values > 0)
        here, values = here[kept], values[kept].astype(np.float64)
        scaled = values / totals[row] * TARGET / dictionary.median[here] if len(here) else values
        order = np.lexsort((here, -scaled))[:room]
        found.append(np.concatenate([begin, here[order], end]))
    return found


def _around(dictionary: Dictionary) -> tuple[np.ndarray, np.ndarray]:
    if dictionary.cls is None:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.array([dictionary.cls], dtype=np.int64), np.array([dictionary.eos], dtype=np.int64)


def _check(
    counts: sparse.csr_matrix, totals: np.ndarray, tokens: np.ndarray, room: int, context: int
) -> None:
    if room < 1:
        raise ValueError(f"context = {context} has no room for a gene; give the model's, such as 2048")
    if counts.shape != (len(totals), len(tokens)):
        raise ValueError(
            f"counts are {counts.shape[0]} cells x {counts.shape[1]} genes, there are {len(totals)} totals and "
            f"{len(tokens)} gene ids; give one of each"
        )
    known = tokens[tokens >= 0]
    if len(np.unique(known)) < len(known):
        token = np.flatnonzero(np.bincount(known) > 1)[0]
        raise ValueError(f"a gene id stands twice among gene_ids (token {token}); sum its counts")
    sums = np.asarray(counts.sum(axis=1)).ravel()
    wrong = np.flatnonzero((sums > 0) & ~(np.asarray(totals, dtype=np.float64) > 0))
    if len(wrong):
        raise ValueError(
            f"cell {wrong[0]}: its total is {totals[wrong[0]]}, its counts sum to {sums[wrong[0]]}; give the sum over "
            "all genes"
        )

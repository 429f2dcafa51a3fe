"""A dictionary made from cells: a token for each gene that they express, and its non-zero median."""

from __future__ import annotations

import numpy as np

from prism.tokens.cells.cells import Cells
from prism.tokens.dictionary import CLS, EOS, MASK, PAD, TARGET, Dictionary, make_dictionary

AT_ONCE = 20_000_000  # values of one pass over the file: 320 MB


def dictionary_from(
    cells: Cells, *, begin_and_end: bool = False, min_cells: int = 1, at_once: int = AT_ONCE
) -> Dictionary:
    """A dictionary of the genes that are detected in the cells of a file.

    The median of a gene is that of counts / total * 10,000 over the cells that have a count of it, exactly. A file of
    more counts is read in several passes, some genes in each.

    cells: opened; all of them are read.
    begin_and_end: whether there are <cls> and <eos> (as in Geneformer V2); default False.
    min_cells: the least number of cells with a count that gives a gene a token; default 1.
    at_once: counts to hold in memory.
    Raises ValueError, naming the file, where no gene is detected often enough.
    """
    chosen = np.flatnonzero(cells.detected >= max(1, min_cells))
    if not len(chosen):
        raise ValueError(
            f"{cells.where}: no gene has a count in {min_cells} of {cells.n} cells; lower the least number of cells"
        )
    medians: dict[str, float] = {}
    passes = np.cumsum(cells.detected[chosen]) // at_once
    for number in np.unique(passes):
        genes = [cells.gene_ids[place] for place in chosen[passes == number]]
        medians |= _medians(cells.keeping(genes))
    genes = sorted(medians)
    tokens = {name: place for place, name in enumerate([*_specials(begin_and_end), *genes])}
    return make_dictionary(tokens, medians, f"dictionary of {cells.where}")


def _specials(begin_and_end: bool) -> tuple[str, ...]:
    return (PAD, MASK, CLS, EOS) if begin_and_end else (PAD, MASK)


def _medians(cells: Cells) -> dict[str, float]:
    """Non-zero medians by gene, of the genes that have a count in one of the cells."""
    scaled = cells.counts(np.arange(cells.n)).astype(np.float64)
    scaled.data = scaled.data / np.repeat(cells.totals, np.diff(scaled.indptr)) * TARGET
    scaled = scaled.tocsc()
    found = {}
    for place, gene in enumerate(cells.gene_ids):
        values = scaled.data[scaled.indptr[place] : scaled.indptr[place + 1]]
        if len(values):
            found[gene] = float(np.median(values))
    return found

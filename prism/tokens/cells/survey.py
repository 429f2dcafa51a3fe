"""One pass over all counts of a file: that they are counts, each cell's total, in how many cells each gene is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prism.tokens.cells.matrix import PIECE, Matrix, Piece


@dataclass(frozen=True)
class Survey:
    """What one pass finds.

    totals: (cells,) int64, over all genes of the file.
    detected: (ids,) int64, cells with a count of the id.
    counted: (ids,) int64, the sum of its counts.
    detected_in_file: (genes of the file,) int64, cells with a count of each.
    """

    totals: np.ndarray
    detected: np.ndarray
    counted: np.ndarray
    detected_in_file: np.ndarray


def survey(
    matrix: Matrix,
    gene_of: np.ndarray,
    n_genes: int,
    cells: Sequence[str],
    genes: Sequence[str],
    size: int = PIECE,
) -> Survey:
    """Check every count and add up.

    matrix: the counts.
    gene_of: (genes of the file,) number of the id that each counts for; -1 for none.
    n_genes: number of ids.
    cells: names of the cells, for messages.
    genes: names of the file's genes, for messages.
    size: values to read at once.
    Raises ValueError, naming cell, gene, value and fix, for a negative number and one that is not whole.
    """
    totals = np.zeros(matrix.shape[0], dtype=np.float64)  # whole numbers are exact in it up to 2^53
    detected, counted = np.zeros(n_genes, dtype=np.int64), np.zeros(n_genes, dtype=np.float64)
    in_file = np.zeros(matrix.shape[1], dtype=np.int64)
    several = np.bincount(gene_of[gene_of >= 0], minlength=n_genes) > 1
    seen_twice: list[np.ndarray] = []
    for piece in matrix.pieces(size):
        _refuse_others(piece, matrix, cells, genes)
        values = piece.values.astype(np.float64)
        totals += np.bincount(piece.rows, weights=values, minlength=len(totals))
        in_file += np.bincount(piece.columns[values > 0], minlength=len(in_file))
        there = (gene_of[piece.columns] >= 0) & (values > 0)
        ids, rows = gene_of[piece.columns[there]], piece.rows[there]
        counted += np.bincount(ids, weights=values[there], minlength=n_genes)
        shared = several[ids]
        detected += np.bincount(ids[~shared], minlength=n_genes)
        seen_twice.append(np.unique(ids[shared] * len(totals) + rows[shared]))
    if seen_twice:  # a cell with counts under two names of one gene is one cell; pieces by columns split such
        detected += np.bincount(np.unique(np.concatenate(seen_twice)) // len(totals), minlength=n_genes)
    return Survey(totals.astype(np.int64), detected, counted.astype(np.int64), in_file)


def _refuse_others(piece: Piece, matrix: Matrix, cells: Sequence[str], genes: Sequence[str]) -> None:
    values = piece.values
    if values.dtype.kind in "ub" or (values.dtype.kind == "i" and not (values < 0).any()):
        return
    whole = np.isfinite(values) & (values >= 0)
    whole[whole] = values[whole] == np.rint(values[whole])
    if whole.all():
        return
    first = np.flatnonzero(~whole)[0]
    kind = "negative" if values[first] < 0 else "not a whole number"
    cell, gene = str(cells[piece.rows[first]]), str(genes[piece.columns[first]])
    raise ValueError(
        f"{matrix.where}: {float(values[first]):g} of cell {cell!r}, gene {gene!r}, is {kind}: these are no counts; "
        "name the place of the counts as `counts` (X, raw.X or a layer), or give a file with the counts as they were "
        "before normalisation"
    )

"""The expression route: a factor's count follows what a run predicts of its mutation, and so does its rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse

from prism.tokens.dictionary import Dictionary
from prism.tokens.ranking import encode


def fold_change(before: float, after: float) -> float:
    """By how much a mutation multiplies a gene's expression, as a run predicts it.

    before: prediction at the reference, log10(x + 1).
    after: prediction with the mutation, log10(x + 1).
    Raises ValueError for a prediction that is not finite.

    The ratio is that of x + 1, which is nearer to 1 than that of x where a gene is hardly expressed: there the
    prediction says nothing of ratios.
    """
    if not np.isfinite([before, after]).all():
        raise ValueError(f"predictions {before} and {after}: a fold change needs two finite ones")
    return float(10.0 ** (after - before))


def scaled_counts(
    counts: sparse.csr_matrix, gene_ids: Sequence[str], fold: Mapping[str, float]
) -> sparse.csr_matrix:
    """Counts in which some genes are multiplied: (cells, genes) float64.

    counts: (cells, genes).
    gene_ids: (genes,).
    fold: gene -> factor above 0.
    Raises ValueError for a gene that is not there, and a factor that is not above 0.
    """
    columns = np.ones(len(gene_ids))
    for gene, times in fold.items():
        if gene not in gene_ids:
            raise ValueError(f"{gene}: is none of the {len(gene_ids)} genes; its count cannot be changed")
        if not (np.isfinite(times) and times > 0):
            raise ValueError(f"{gene}: fold change {times} is not above 0; delete the token instead")
        columns[list(gene_ids).index(gene)] = times
    changed = sparse.csr_matrix(counts, dtype=np.float64, copy=True)
    changed.data *= columns[changed.indices]
    return changed


def reranked(
    counts: sparse.csr_matrix,
    totals: np.ndarray,
    gene_ids: Sequence[str],
    dictionary: Dictionary,
    context: int,
    fold: Mapping[str, float],
) -> list[np.ndarray]:
    """The tokens of each cell with some genes' counts multiplied: each moves to its new rank, past the genes between.

    Those move by one rank, as all genes below a deleted one do: a shift of theirs is no sign of regulation by itself,
    so look at a matched gene's change beside it. A factor may fall out of the context.

    counts: (cells, genes), whole numbers.
    totals: (cells,) over all genes; they are not changed, because they order nothing within a cell.
    gene_ids: (genes,).
    dictionary: tokens and medians.
    context: most tokens in a cell.
    fold: gene -> factor above 0; two genes for a double perturbation.
    Raises ValueError as `scaled_counts` and `ranking.encode` do.
    """
    return encode(scaled_counts(counts, gene_ids, fold), totals, gene_ids, dictionary, context)

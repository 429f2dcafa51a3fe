"""Warnings of windows whose sequence is unknown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prism.genome.genes.table import named

MOSTLY = 0.5  # share of N above which a prediction is worth a warning
NO_BASE = "its window has no known base (all N)"  # why a gene is not predicted
BEGIN = "warning: windows are "
LIKELY = "is the FASTA hard-masked, cut short, or of another assembly than the TSS?"


def unknown_warnings(
    share: np.ndarray, gene_id: Sequence[str], then: str = "they get no prediction"
) -> list[str]:
    """A line that names the genes whose windows are all N, and one that names those that are mostly N.

    share: (n,) of bases other than A, C, G, T in each window.
    gene_id: (n,) names.
    then: what happens to the genes without a known base; default: they get no prediction.
    """
    lines = []
    for chosen, what in (
        (share >= 1, f"all N, without a known base, so that {then}"),
        ((share > MOSTLY) & (share < 1), f"more than {MOSTLY:.0%} N"),
    ):
        if n := int(np.count_nonzero(chosen)):
            names = named(gene_id[i] for i in np.flatnonzero(chosen))
            lines.append(f"{BEGIN}{what}: {n:,} of {len(gene_id):,}, {names}; {LIKELY}")
    return lines

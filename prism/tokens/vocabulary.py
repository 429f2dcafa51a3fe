"""Cells and a dictionary together: what of the genes the dictionary knows, and whether a factor is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from prism.genome.genes.table import named
from prism.tokens.cells.cells import Cells
from prism.tokens.cells.genes import species_name, species_of
from prism.tokens.dictionary import Dictionary

MINIMUM = 0.5
DETECTED = (
    0.01  # of the cells: genes seen in fewer do not count for the overlap, which long lists would dilute
)


def in_vocabulary(cells: Cells, dictionary: Dictionary, minimum: float = MINIMUM) -> Cells:
    """The cells with the genes that a dictionary knows, and the cells that have a count of one.

    The overlap is the share of the genes detected in at least 1 % of the cells that the dictionary has.

    cells: opened.
    dictionary: of the model.
    minimum: the least overlap; default 0.5.

    Returns cells whose notes say what the dictionary lacks; totals stay those over all genes.
    Raises ValueError, naming file, species or share and the fix, for another species' genes and too small an overlap.
    """
    _refuse_other_species(cells, dictionary)
    least = max(1.0, DETECTED * cells.n)
    usual = cells.detected >= least
    known = np.array([gene in dictionary.token_of for gene in cells.gene_ids], dtype=bool)
    absent = [
        gene for gene, here, seen in zip(cells.gene_ids, known, usual, strict=True) if seen and not here
    ]
    absent += [label for label, seen in cells.without_id.items() if seen >= least]
    there = int(known[usual].sum())
    share = there / max(1, there + len(absent))
    of_counts = cells.counted[known].sum() / max(1, cells.n_counted)
    told = (
        f"{there} of {there + len(absent)} genes detected in at least 1 % of the cells are in the dictionary "
        f"({share:.1%}; {of_counts:.1%} of the counts)"
    )
    if share < minimum:
        raise ValueError(
            f"{cells.where}: {told}, less than {minimum:.0%}; it lacks {named(absent)}. Give the dictionary of this "
            "species, a table of genes for symbols and retired ids, or lower `minimum_overlap` if the rest is enough"
        )
    notes = [f"{told}; it lacks {named(absent)} (retired, or of a kind that it leaves out)"] if absent else []
    kept = cells.keeping([gene for gene, here in zip(cells.gene_ids, known, strict=True) if here])
    has_token = kept.with_a_count()
    if not has_token.all():
        empty = kept.names[~has_token]
        notes.append(
            f"{len(empty)} cells have no count of a gene of the dictionary and are left out: {named(empty)}"
        )
        kept = kept.keeping_cells(np.flatnonzero(has_token))
    return replace(kept, notes=(*cells.notes, *notes))


@dataclass(frozen=True)
class Expressing:
    """The cells that express a gene.

    gene: its id.
    asked: number of cells that were looked at.
    rows: (k,) numbers of those that have a count of it, ascending.
    n_donors: donors among those; None where the file names none.
    """

    gene: str
    asked: int
    rows: np.ndarray
    n_donors: int | None


def expressing(
    cells: Cells, gene: str, rows: Sequence[int] | np.ndarray, minimum: int = 1, symbol: str = ""
) -> Expressing:
    """Which cells have a count of a factor.

    cells: opened.
    gene: id of the factor.
    rows: numbers of the cells to look at, such as those of one type.
    minimum: the least number of cells that must have one; default 1.
    symbol: of the factor, for messages; default: none.
    Raises ValueError, naming the factor, N and the fix, where too few cells express it or the file lacks the gene.
    """
    rows = np.sort(np.asarray(rows, dtype=np.int64))
    called = f"{symbol} ({gene})" if symbol not in ("", gene) else gene
    types = Counter(cells.cell_type[rows].tolist())
    asked = f"N = {len(rows)} cells" + (f" of type {next(iter(types))!r}" if len(types) == 1 else "")
    if gene not in cells.gene_ids:
        raise ValueError(
            f"{cells.where}: the factor {called} is none of the {len(cells.gene_ids)} genes, so none of {asked} "
            "expresses it; give cells in which it was measured, or choose another factor"
        )
    counts = cells.keeping([gene]).counts(rows)
    found = rows[np.diff(counts.indptr) > 0]
    if len(found) < minimum:
        elsewhere = int(cells.detected[cells.gene_ids.index(gene)])
        told = "none" if not len(found) else f"only {len(found)}"
        raise ValueError(
            f"{cells.where}: {told} of {asked} expresses the factor {called} (at least {minimum} must; {elsewhere} "
            "cells of all types have a count of it); choose a cell type or a factor that is expressed"
        )
    donors = None if cells.donor is None else len(set(cells.donor[found].tolist()))
    return Expressing(gene, len(rows), found, donors)


def _refuse_other_species(cells: Cells, dictionary: Dictionary) -> None:
    of_file = Counter(filter(None, map(species_of, cells.gene_ids)))
    of_dictionary = Counter(filter(None, map(species_of, dictionary.token_of)))
    if not of_file or not of_dictionary:
        return
    (here, n), (there, _) = of_file.most_common(1)[0], of_dictionary.most_common(1)[0]
    if here != there and 2 * n > len(cells.gene_ids):
        example = next(gene for gene in cells.gene_ids if species_of(gene) == here)
        raise ValueError(
            f"{cells.where}: {n} of {len(cells.gene_ids)} genes are of {species_name(here)} ({example}), the "
            f"dictionary is of {species_name(there)}; exchange the ids for those of one-to-one "
            f"orthologues, or give a dictionary of {species_name(here)}"
        )

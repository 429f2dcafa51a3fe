"""The door of the cells: an h5ad file is opened, its counts and genes checked, what is left out counted and named."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from prism.genome.genes.table import named
from prism.tokens.cells import places
from prism.tokens.cells.cells import Cells, Source
from prism.tokens.cells.frames import Frame
from prism.tokens.cells.genes import GeneNames, Resolved, resolve
from prism.tokens.cells.matrix import Matrix
from prism.tokens.cells.survey import Survey, survey

log = logging.getLogger(__name__)

RECOMPUTED = "recomputed"
TOTAL_COLUMNS = ("n_counts", "total_counts", "nCount_RNA")
DONOR_COLUMNS = ("donor_id", "donor")
TOLERANCE = 1e-3  # of a total: beyond it, two totals differ


@dataclass(frozen=True)
class Choice:
    """What of a file is read.

    counts: place of the counts: X, raw.X or a layer; default None: the first of X, raw.X and layers/counts that holds
    whole numbers.
    genes: column of `var` with the genes' ids or symbols, or "index"; default None: ensembl_id, another usual column of
    ids, else the index.
    cell_type: column of `obs`; default cell_type.
    donor: column of `obs`; default None: donor_id or donor, where one is there.
    totals: "recomputed" (default): a cell's total is the sum of its counts over all genes of the file; or a column of
    `obs` that holds it, for files from which genes were removed.
    """

    counts: str | None = None
    genes: str | None = None
    cell_type: str = "cell_type"
    donor: str | None = None
    totals: str = RECOMPUTED


def open_cells(
    path: str | Path,
    choice: Choice | None = None,
    names: GeneNames | None = None,
    vocabulary: Collection[str] = (),
) -> Cells:
    """Open an h5ad file and check all its counts, piece by piece, so that it may be larger than memory.

    path: the file.
    choice: what of it is read; default: as `Choice` says.
    names: a table of genes, for files with symbols and for retired ids; default None.
    vocabulary: gene ids of the dictionary in use, to choose between several ids of a symbol; default: none.

    Returns the cells that have a count. What was noticed is in `Cells.notes`, and in the log.
    Raises ValueError, naming the thing, the value and the fix: no h5ad, no such column or layer, counts that are
    negative or no whole numbers, symbols without a table, a cell type or donor that is missing, totals smaller than
    what they are the total of.
    """
    choice = Choice() if choice is None else choice
    file = places.open_h5ad(path)
    try:
        cells = _opened(file, Path(path), choice, names, vocabulary)
    except (OSError, RuntimeError) as error:
        file.close()
        raise ValueError(f"{path}: cannot be read, it is damaged ({error}); get it again") from None
    except BaseException:
        file.close()
        raise
    for note in cells.notes:
        log.warning("%s: %s", path, note)
    return cells


def _opened(
    file: h5py.File, path: Path, choice: Choice, names: GeneNames | None, vocabulary: Collection[str]
) -> Cells:
    place = places.place_of(choice.counts) if choice.counts else places.find_counts(file, path)
    matrix = places.matrix_at(file, place, path)
    var, obs = places.genes_of(file, place, path), Frame(file, "obs", f"{path}, obs")
    where, labels, are_ids = places.find_genes(var, choice.genes)
    barcodes = obs.index()
    _refuse_other_shape(matrix, len(barcodes), len(labels))
    resolved = _resolved(labels, where, var, names, vocabulary, are_ids)
    gene_ids = sorted({gene for gene in resolved.ids if gene})
    number = {gene: n for n, gene in enumerate(gene_ids)}
    gene_of = np.array([number.get(gene, -1) for gene in resolved.ids], dtype=np.int64)
    found = survey(matrix, gene_of, len(gene_ids), barcodes, labels)
    totals, totals_notes = _totals(obs, found.totals, choice.totals)
    kept = np.flatnonzero(found.totals > 0)
    if not len(kept):
        raise ValueError(
            f"{matrix.where}: none of {len(barcodes)} cells has a count; name another place as `counts`"
        )
    donor_column = choice.donor or next((name for name in DONOR_COLUMNS if name in obs.columns), None)
    return Cells(
        gene_ids=gene_ids,
        names=barcodes[kept],
        cell_type=places.texts_of(obs, choice.cell_type, "cell_type")[kept],
        donor=None if donor_column is None else _donors(obs, donor_column)[kept],
        totals=totals[kept],
        detected=found.detected,
        counted=found.counted,
        n_counted=int(found.totals.sum()),
        without_id={
            str(label): int(seen)
            for label, gene, seen in zip(labels, gene_of, found.detected_in_file, strict=True)
            if gene < 0
        },
        notes=tuple(
            [*_gene_notes(resolved, len(labels)), *totals_notes, *_cell_notes(found, barcodes, kept)]
        ),
        sources=(Source(path, file, matrix, place, gene_of),),
        source_of=np.zeros(len(kept), dtype=np.int64),
        row_of=kept,
    )


def _refuse_other_shape(matrix: Matrix, cells: int, genes: int) -> None:
    if matrix.shape != (cells, genes):
        raise ValueError(
            f"{matrix.where}: is {matrix.shape[0]} x {matrix.shape[1]}, the tables have {cells} cells and {genes} "
            "genes; write the file again with anndata"
        )


def _resolved(
    labels: np.ndarray,
    where: str,
    var: Frame,
    names: GeneNames | None,
    vocabulary: Collection[str],
    are_ids: bool,
) -> Resolved:
    known = set(vocabulary)
    found = resolve([str(label) for label in labels], names, known, are_ids=are_ids)
    if not any(found.ids):
        told = named([label for label in labels if label], 3) or "nothing"
        fix = (
            "give a table of symbols and ids"
            if names is None
            else "give a table of this species' genes, or name the column of the ids"
        )
        raise ValueError(f"{var.where}, {where}: no gene has an id (it holds {told}); {fix}")
    return found


def _totals(obs: Frame, sums: np.ndarray, chosen: str) -> tuple[np.ndarray, list[str]]:
    """The totals in use, and what is noticed of totals that the file holds."""
    if chosen != RECOMPUTED:
        places.texts_of(obs, chosen, "totals")
        given = _numbers(obs, chosen)
        short = np.flatnonzero(~(given >= sums * (1 - TOLERANCE)))
        if len(short):
            row = short[0]
            raise ValueError(
                f"{obs.where}: {chosen} is below the sum of the counts, or missing, in {len(short)} of {len(sums)} "
                f"cells (cell {row}: {given[row]:g}, its counts sum to {sums[row]:g}); it is no total of these counts: "
                f"set totals: {RECOMPUTED}"
            )
        return given, []
    columns = [name for name in TOTAL_COLUMNS if name in obs.columns]
    notes = [_stale(column, _numbers(obs, column), sums) for column in columns]
    return sums.astype(np.float64), [note for note in notes if note]


def _stale(column: str, given: np.ndarray, sums: np.ndarray) -> str:
    """What is to be said of a column of totals that are not the sums of the counts; "" for nothing."""
    ratio = given[sums > 0] / sums[sums > 0]
    other = ~(np.abs(ratio - 1) <= TOLERANCE)
    if not other.any():
        return ""
    there = ratio[np.isfinite(ratio)]
    span = f"ratio {there.min():.3g} to {there.max():.3g}" if len(there) else "it holds no numbers"
    said = (
        f"obs {column} is stale, or counts genes that were removed: it differs from the sum of the counts in "
        f"{other.sum()} of {len(ratio)} cells ({span}); the sums over all genes of the file are used"
    )
    return said if not (ratio >= 1 - TOLERANCE).all() else f"{said}, set totals: {column} to use it instead"


def _numbers(obs: Frame, column: str) -> np.ndarray:
    """A column as (n,) float64; NaN where it holds no number."""
    found = obs.column(column)
    if found.values.dtype.kind not in "iufb":
        return np.full(len(found.values), np.nan)
    return np.where(found.missing, np.nan, found.values.astype(np.float64))


def _donors(obs: Frame, column: str) -> np.ndarray:
    donors = places.texts_of(obs, column, "donor")
    missing = np.flatnonzero(donors == "")
    if len(missing):
        raise ValueError(
            f"{obs.where}: {column} is missing in {len(missing)} of {len(donors)} cells (the first is cell "
            f"{missing[0]}): cells without a donor cannot be one donor; remove them, or name another column as `donor`"
        )
    return donors


def _gene_notes(found: Resolved, n: int) -> list[str]:
    told = (
        ("are retired, the table of genes does not have them", found.retired),
        ("are retired and were replaced by their successors", found.replaced),
        ("are symbols that the table of genes does not have, and are left out", found.unknown),
        ("are symbols of several ids, and are left out", found.ambiguous),
        ("came more than once, their counts are summed", found.repeated),
    )
    return [f"{len(which)} of {n} genes {what}: {named(which)}" for what, which in told if which]


def _cell_notes(found: Survey, barcodes: Sequence[str], kept: np.ndarray) -> list[str]:
    empty = np.flatnonzero(found.totals == 0)
    if not len(empty):
        return []
    return [
        f"{len(empty)} of {len(barcodes)} cells have no count and are left out: "
        f"{named([barcodes[row] for row in empty])}"
    ]

"""Cells whose files passed the door: counts by gene id, cell types, donors, totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np
from scipy import sparse

from prism.tokens.cells.matrix import Matrix, Piece


@dataclass(frozen=True)
class Source:
    """A file that cells come from.

    path: of the file.
    file: open.
    matrix: its counts.
    place: of the counts in it, such as "raw/X".
    gene_of: (genes of the file,) column of `Cells.counts` that each counts for; -1 for none. Several may share one.
    """

    path: Path
    file: h5py.File
    matrix: Matrix
    place: str
    gene_of: np.ndarray

    def pieces(self, rows: np.ndarray) -> Iterator[Piece]:
        """Counts above 0 of chosen rows; `columns` are those of `Cells.counts`, `rows` places in `rows`.

        rows: rows of the file, ascending, each once.
        Raises ValueError, naming the file, where it is damaged.
        """
        try:
            for piece in self.matrix.pieces_of(rows):
                columns = self.gene_of[piece.columns]
                kept = (columns >= 0) & (piece.values > 0)
                yield Piece(piece.rows[kept], columns[kept], piece.values[kept].astype(np.int64))
        except (OSError, RuntimeError) as error:
            raise ValueError(f"{self.path}: cannot be read, it is damaged ({error}); get it again") from None


@dataclass(frozen=True)
class Cells:
    """Cells of one or several open h5ad files; use it in a `with`, or close it.

    gene_ids: Ensembl ids without version, sorted, each once.
    names: (n,) texts, the cells' names.
    cell_type: (n,) texts, "" where the file says none.
    donor: (n,) texts; None where a file names no donors.
    totals: (n,) counts of each cell, over all genes of its file.
    detected: (genes,) int64, cells of the files with a count of the gene.
    counted: (genes,) int64, the sum of its counts.
    n_counted: the sum of all counts of the files, of genes without an id too.
    without_id: label of each gene of the files that has no id -> cells with a count of it.
    notes: what was noticed at the door, in sentences.
    sources: the files.
    source_of: (n,) number of each cell's file.
    row_of: (n,) its row there.
    """

    gene_ids: list[str]
    names: np.ndarray
    cell_type: np.ndarray
    donor: np.ndarray | None
    totals: np.ndarray
    detected: np.ndarray
    counted: np.ndarray
    n_counted: int
    without_id: Mapping[str, int]
    notes: tuple[str, ...]
    sources: tuple[Source, ...]
    source_of: np.ndarray
    row_of: np.ndarray

    @property
    def n(self) -> int:
        """Number of cells."""
        return len(self.row_of)

    @property
    def where(self) -> str:
        """The files' paths, for messages."""
        return " and ".join(str(source.path) for source in self.sources)

    def counts(self, rows: Sequence[int] | np.ndarray) -> sparse.csr_matrix:
        """Counts of chosen cells, (len(rows), genes) int64.

        Where a file holds its matrix by columns (csc), each call reads the whole of it, piece by piece: ask for all
        cells at once.

        rows: numbers of cells, from 0 to n - 1, in any order, also more than once.
        Raises ValueError, naming the file, for a number that no cell has, and where a file is damaged.
        """
        rows = np.asarray(rows, dtype=np.int64)
        if len(rows) and (rows.min() < 0 or rows.max() >= self.n):
            wrong = rows.max() if rows.max() >= self.n else rows.min()
            raise ValueError(f"{self.where}: cell {wrong} is asked for, there are {self.n}, counted from 0")
        cells, back = np.unique(rows, return_inverse=True)
        parts = list(self._pieces(cells))
        places, columns, values = (
            np.concatenate([np.zeros(0, dtype=np.int64), *(getattr(part, name) for part in parts)])
            for name in ("rows", "columns", "values")
        )
        shape = (len(cells), len(self.gene_ids))
        return sparse.csr_matrix((values, (places, columns)), shape=shape)[back]

    def with_a_count(self) -> np.ndarray:
        """(n,) bool: which cells have a count of one of the genes; all counts are read once."""
        found = np.zeros(self.n, dtype=bool)
        for piece in self._pieces(np.arange(self.n)):
            found[piece.rows] = True
        return found

    def of_type(self, cell_type: str) -> np.ndarray:
        """Numbers of the cells of a type, ascending.

        cell_type: its name.
        Raises ValueError, with the types that are there, where no cell is of it.
        """
        found = np.flatnonzero(self.cell_type == cell_type)
        if not len(found):
            there, times = np.unique(self.cell_type, return_counts=True)
            told = ", ".join(f"{name or '(none)'} ({n})" for name, n in zip(there, times, strict=True))
            raise ValueError(f"{self.where}: no cell is of type {cell_type!r}; name one of {told}")
        return found

    def keeping(self, gene_ids: Sequence[str]) -> Cells:
        """The same cells with some of the genes; totals stay those over all genes.

        gene_ids: those to keep, each one of `gene_ids`.
        """
        number = {gene: place for place, gene in enumerate(self.gene_ids)}
        columns = np.array([number[gene] for gene in gene_ids], dtype=np.int64)
        new = np.full(len(self.gene_ids) + 1, -1, dtype=np.int64)  # its last entry serves -1
        new[columns] = np.arange(len(columns))
        return replace(
            self,
            gene_ids=list(gene_ids),
            detected=self.detected[columns],
            counted=self.counted[columns],
            sources=tuple(replace(each, gene_of=new[each.gene_of]) for each in self.sources),
        )

    def keeping_cells(self, rows: np.ndarray) -> Cells:
        """Some of the cells, with all the genes; `detected` and `counted` stay those of the files.

        rows: numbers of the cells to keep.
        """
        return replace(
            self,
            donor=None if self.donor is None else self.donor[rows],
            **{name: getattr(self, name)[rows] for name in _BY_CELL},
        )

    def close(self) -> None:
        """Close the files."""
        for source in self.sources:
            source.file.close()

    def __enter__(self) -> Cells:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _pieces(self, cells: np.ndarray) -> Iterator[Piece]:
        """Counts of cells; `rows` are places in `cells` (numbers, each once)."""
        for number, source in enumerate(self.sources):
            here = np.flatnonzero(self.source_of[cells] == number)
            rows = self.row_of[cells[here]]
            order = np.argsort(rows)
            for piece in source.pieces(rows[order]):
                yield replace(piece, rows=here[order[piece.rows]])


_BY_CELL = ("names", "cell_type", "totals", "source_of", "row_of")


def joined(several: Sequence[Cells]) -> Cells:
    """The cells of several files as one set, over all their genes.

    several: opened, one or more.
    Raises ValueError, naming the file, where some files name donors and others do not.
    """
    without = [cells.where for cells in several if cells.donor is None]
    if without and len(without) < len(several):
        raise ValueError(
            f"{without[0]}: names no donor, the other files do; name its column as `donor`, or add one to its obs"
        )
    gene_ids = sorted({gene for cells in several for gene in cells.gene_ids})
    number = {gene: place for place, gene in enumerate(gene_ids)}
    detected, counted = np.zeros((2, len(gene_ids)), dtype=np.int64)
    sources, source_of = [], []
    for cells in several:
        columns = np.array([number[gene] for gene in cells.gene_ids], dtype=np.int64)
        detected[columns] += cells.detected
        counted[columns] += cells.counted
        new = np.append(columns, -1)
        source_of.append(cells.source_of + len(sources))
        sources += [replace(each, gene_of=new[each.gene_of]) for each in cells.sources]
    without_id: Counter[str] = Counter()
    for cells in several:
        without_id.update(cells.without_id)
    together = {
        name: np.concatenate([getattr(cells, name) for cells in several])
        for name in _BY_CELL
        if name != "source_of"
    }
    return Cells(
        gene_ids=gene_ids,
        donor=None if without else np.concatenate([cells.donor for cells in several]),
        detected=detected,
        counted=counted,
        n_counted=sum(cells.n_counted for cells in several),
        without_id=without_id,
        notes=tuple(note for cells in several for note in cells.notes),
        sources=tuple(sources),
        source_of=np.concatenate(source_of),
        **together,
    )

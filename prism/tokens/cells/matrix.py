"""A matrix of counts in an open h5ad file, read piece by piece: by rows (csr), by columns (csc) or dense."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import h5py
import numpy as np

PIECE = 2_000_000  # values read at once: 50 MB with their places


@dataclass(frozen=True)
class Piece:
    """Some of the stored values.

    rows, columns: (n,) int64, where they stand.
    values: (n,) as stored; a place may come twice (their sum counts), and zeros may be stored.
    """

    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray


class Matrix:
    """Counts, cells by genes.

    item: X of any encoding: a dense dataset, or the group of a sparse matrix.
    where: the file's name and the matrix's, for messages.
    Raises ValueError, naming file, matrix and fix, for what is neither, and for parts that do not fit each other.
    """

    def __init__(self, item: h5py.Group | h5py.Dataset, where: str) -> None:
        self._item, self.where = item, where
        if isinstance(item, h5py.Dataset):
            self.layout, shape = "dense", item.shape
            self._values = item
        else:
            self.layout = _layout(item, where)
            shape = item.attrs.get("shape", item.attrs.get("h5sparse_shape"))
            self._values = item.get("data")
        if shape is None or len(shape) != 2 or self._values is None or self._values.dtype.kind not in "iufb":
            raise ValueError(f"{where}: no matrix of numbers; write the file again with anndata")
        self.shape = (int(shape[0]), int(shape[1]))
        if self.layout != "dense":
            self._starts = self._checked_starts()

    def pieces(self, size: int = PIECE) -> Iterator[Piece]:
        """All stored values, in pieces of whole rows (csc: of whole columns).

        size: values in a piece, at most (but for a row that holds more).
        """
        for first, last in self._spans(size):
            yield self._read(first, last)

    def pieces_of(self, wanted: np.ndarray, size: int = PIECE) -> Iterator[Piece]:
        """The stored values of chosen rows, in pieces; `rows` of a piece are places in `wanted`.

        wanted: (k,) int64 rows, ascending, each once. By columns (csc) the whole file is read for them.
        size: values to read at once.
        """
        if self.layout == "csc":
            place_of = np.full(self.shape[0], -1, dtype=np.int64)
            place_of[wanted] = np.arange(len(wanted))
            for piece in self.pieces(size):
                place = place_of[piece.rows]
                kept = place >= 0
                yield Piece(place[kept], piece.columns[kept], piece.values[kept])
            return
        for first, last in _runs(wanted):
            for begin, end in self._spans(size, first, last):
                piece = self._read(begin, end)
                yield Piece(np.searchsorted(wanted, piece.rows), piece.columns, piece.values)

    def _checked_starts(self) -> np.ndarray:
        starts = np.asarray(self._item["indptr"][()], dtype=np.int64)
        lines = self.shape[0 if self.layout == "csr" else 1]
        stored = len(self._values)
        fits = len(starts) == lines + 1 and starts[0] == 0 and starts[-1] == stored
        if not fits or (np.diff(starts) < 0).any() or len(self._item["indices"]) != stored:
            raise ValueError(
                f"{self.where}: its parts do not fit each other ({len(starts)} starts for {lines} lines, the last "
                f"{starts[-1] if len(starts) else 'none'} of {stored} values); the file is damaged, get it again"
            )
        return starts

    def _spans(self, size: int, first: int = 0, last: int | None = None) -> Iterator[tuple[int, int]]:
        """[first, last) cut so that each span holds at most `size` values; lines are columns for csc, else rows."""
        last = self.shape[1 if self.layout == "csc" else 0] if last is None else last
        while first < last:
            if self.layout == "dense":
                end = first + max(1, size // max(1, self.shape[1]))
            else:
                end = int(np.searchsorted(self._starts, self._starts[first] + size, side="right")) - 1
            end = min(max(end, first + 1), last)
            yield first, end
            first = end

    def _read(self, first: int, last: int) -> Piece:
        if self.layout == "dense":
            block = self._values[first:last]
            rows, columns = np.nonzero(block)
            return Piece(rows + first, columns.astype(np.int64), block[rows, columns])
        begin, end = self._starts[first], self._starts[last]
        lines = np.repeat(np.arange(first, last), np.diff(self._starts[first : last + 1]))
        across = self._item["indices"][begin:end].astype(np.int64)
        limit = self.shape[1 if self.layout == "csr" else 0]
        if len(across) and (across.min() < 0 or across.max() >= limit):
            raise ValueError(
                f"{self.where}: index {across.max() if across.max() >= limit else across.min()} of {limit}; the file "
                "is damaged, get it again"
            )
        values = self._values[begin:end]
        return Piece(lines, across, values) if self.layout == "csr" else Piece(across, lines, values)


def _layout(item: h5py.Group, where: str) -> str:
    said = item.attrs.get("encoding-type", item.attrs.get("h5sparse_format", ""))
    said = said.decode() if isinstance(said, bytes) else str(said)
    layout = said.removesuffix("_matrix")
    if layout not in ("csr", "csc") or not {"data", "indices", "indptr"} <= set(item):
        raise ValueError(
            f"{where}: encoded as {said or 'nothing known'!r}; a matrix is dense, csr or csc: write the file again "
            "with anndata"
        )
    return layout


def _runs(wanted: np.ndarray) -> Iterator[tuple[int, int]]:
    """Runs [first, last) of consecutive numbers in a sorted array without repeats."""
    if len(wanted):
        breaks = np.flatnonzero(np.diff(wanted) > 1) + 1
        for run in np.split(wanted, breaks):
            yield int(run[0]), int(run[-1]) + 1

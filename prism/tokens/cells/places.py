"""What an h5ad file holds and where: matrices that may be the counts, columns that may be genes' ids."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from prism.tokens.cells.frames import Frame
from prism.tokens.cells.genes import plain_id, species_of
from prism.tokens.cells.matrix import Matrix

LOOKED_AT = 20_000  # stored values that tell counts from other numbers, before all are checked
ID_COLUMNS = ("ensembl_id", "gene_ids", "gene_id", "ensembl", "feature_id")
# Where counts are looked for by themselves; other layers (spliced, scaled) are whole numbers too, and not the counts.
COUNT_PLACES = ("X", "raw/X", "layers/counts", "layers/raw_counts")


def open_h5ad(path: str | Path) -> h5py.File:
    """Open an h5ad file for reading.

    path: the file.
    Raises ValueError, naming the file and the fix, where it is missing, no HDF5 or has no table of cells or genes.
    """
    if not Path(path).is_file():
        raise ValueError(f"{path}: no such file; correct the path of the h5ad")
    try:
        file = h5py.File(path, "r")
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"{path}: not a readable h5ad ({error}); get it again, or write it with anndata"
        ) from None
    absent = [name for name in ("obs", "var") if name not in file]
    if absent:
        file.close()
        raise ValueError(f"{path}: has no {' and no '.join(absent)}; this is HDF5, but not an h5ad")
    return file


def place_of(said: str) -> str:
    """A matrix's place in the file from how a user writes it: raw.X, layers["counts"], counts (a layer).

    said: X, raw.X or raw/X, layers/NAME, layers.NAME, layers["NAME"] or NAME.
    """
    plain = said.strip().replace('["', "/").replace("['", "/").rstrip("]").strip("\"'")
    if plain in ("X", "raw/X", "raw.X"):
        return plain.replace(".", "/")
    for begin in ("layers/", "layers."):
        if plain.startswith(begin):
            return "layers/" + plain[len(begin) :]
    return f"layers/{plain}"


def matrices(file: h5py.File) -> list[str]:
    """Places of all matrices that could hold counts.

    file: open.
    """
    raw = ["raw/X"] if _item(file, "raw/X") is not None else []
    layers = [f"layers/{name}" for name in file["layers"]] if "layers" in file else []
    return (["X"] if "X" in file else []) + raw + layers


def matrix_at(file: h5py.File, place: str, path: str | Path) -> Matrix:
    """A matrix of the file.

    file: open.
    place: such as "raw/X".
    path: its name, for messages.
    Raises ValueError, with the places that are there, where it is absent.
    """
    item = _item(file, place)
    if item is None:
        raise ValueError(f"{path}: has no {place}; it has {', '.join(matrices(file)) or 'no matrix at all'}")
    return Matrix(item, f"{path}, {place}")


def genes_of(file: h5py.File, place: str, path: str | Path) -> Frame:
    """The table of the genes of a matrix: raw.X has one of its own.

    file: open.
    place: of the matrix.
    path: its name, for messages.
    """
    own = next((name for name in ("raw/var", "raw.var") if name in file), "var")
    name = own if place == "raw/X" else "var"
    return Frame(file, name, f"{path}, {name}")


def looks_like_counts(matrix: Matrix) -> bool:
    """Whether the first stored values are whole numbers from 0 up.

    matrix: to look at.
    """
    for piece in matrix.pieces(LOOKED_AT):
        values = piece.values[:LOOKED_AT].astype(np.float64)
        if len(values):
            return bool(
                np.isfinite(values).all() and (values == np.rint(values)).all() and (values >= 0).all()
            )
    return False


def find_counts(file: h5py.File, path: str | Path) -> str:
    """The first of X, raw.X and a layer named counts that holds whole numbers.

    file: open.
    path: its name, for messages.
    Raises ValueError, with what was looked at and the fix, where none does.
    """
    there = [place for place in COUNT_PLACES if place in matrices(file)]
    for place in there:
        if looks_like_counts(matrix_at(file, place, path)):
            return place
    others = [place for place in matrices(file) if place not in there]
    raise ValueError(
        f"{path}: no counts: {', '.join(there) or 'X, raw.X and layers/counts'} hold no whole numbers"
        + (f"; if {', '.join(others)} does, name it as `counts`" if others else "")
        + "; give a file with the counts as they were before normalisation"
    )


def find_genes(frame: Frame, column: str | None) -> tuple[str, np.ndarray, bool]:
    """The labels of the genes: where they stand, (n,) texts, and whether they are ids, not symbols.

    frame: the table of genes.
    column: to read, or "index"; None: the first of the usual columns of ids and the index whose labels are mostly
    Ensembl's ids, else `ensembl_id` if it is there (ids of another kind), else the index.
    Raises ValueError, with the columns that are there, where the named one is absent.
    """
    if column is None:
        there = [name for name in ID_COLUMNS if name in frame.columns or name == frame.index_name]
        for name in [*there, "index"]:
            labels = _labels(frame, name)
            if share_of_ids(labels) > 0.5:
                return name, labels, True
        column = ID_COLUMNS[0] if ID_COLUMNS[0] in there else "index"
    labels = _labels(frame, column)
    return column, labels, column == ID_COLUMNS[0] or share_of_ids(labels) > 0.5


def _labels(frame: Frame, column: str) -> np.ndarray:
    return frame.index() if column in ("index", frame.index_name) else texts_of(frame, column, "genes")


def texts_of(frame: Frame, column: str, key: str) -> np.ndarray:
    """A column as (n,) texts, "" where there is no value.

    frame: of cells or genes.
    column: its name.
    key: the setting that named it, for messages.
    Raises ValueError, with the columns that are there, where it is absent.
    """
    if column not in frame.columns:
        alike = [
            name for name in frame.columns if name.replace("_", "").lower() == column.replace("_", "").lower()
        ]
        raise ValueError(
            f"{frame.where}: no column {column!r}; "
            + (f"did you mean {alike[0]!r}? " if alike else "")
            + f"it has {', '.join(frame.columns) or 'none'}: name one as `{key}`"
        )
    return frame.column(column).texts()


def share_of_ids(labels: np.ndarray) -> float:
    """Which share of labels are Ensembl's gene ids, with or without version.

    labels: (n,) texts.
    """
    return sum(species_of(plain_id(label)) is not None for label in labels) / max(1, len(labels))


def _item(file: h5py.File, place: str) -> h5py.Group | h5py.Dataset | None:
    names: Iterator[str] = iter((place, place.replace("/", ".")))  # raw.X: before anndata 0.7
    return next((file[name] for name in names if name in file), None)

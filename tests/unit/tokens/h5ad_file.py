"""Writes small h5ad files in each encoding that anndata has had, through h5py alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
from scipy import sparse

TEXT = h5py.string_dtype()


def write(
    path: Path,
    counts: Sequence | np.ndarray,
    genes: Sequence[str],
    obs: Mapping[str, Sequence] | None = None,
    *,
    layout: str = "csr",
    place: str = "X",
    columns: Mapping[str, Sequence[str]] | None = None,
    encoding: str = "new",
) -> Path:
    """An h5ad file.

    path: of the file.
    counts: (cells, genes).
    genes: names of the genes, the index of `var`.
    obs: columns of the cells; default: cell_type "a" for all.
    layout: csr, csc or dense.
    place: of the counts; elsewhere than in X, X holds them divided by 7.
    columns: of `var` (of `raw/var` for raw/X).
    encoding: of the tables and of sparse matrices: new, 0.7 or 0.6.
    """
    counts = np.asarray(counts)
    obs = {"cell_type": ["a"] * len(counts)} if obs is None else obs
    barcodes = [f"cell{number}" for number in range(len(counts))]
    with h5py.File(path, "w") as file:
        _frame(file, "obs", barcodes, obs, encoding)
        _frame(file, "var", genes, columns or {}, encoding)
        if place != "X":
            put_matrix(file, "X", counts / 7, layout, encoding)
        if place == "raw/X":
            name = "raw.var" if encoding == "0.6" else "raw/var"
            _frame(file, name, genes, columns or {}, encoding)
        put_matrix(
            file, "raw.X" if (place, encoding) == ("raw/X", "0.6") else place, counts, layout, encoding
        )
    return path


def put_matrix(file: h5py.File, place: str, values: np.ndarray, layout: str, encoding: str = "new") -> None:
    """A matrix in an open file.

    file: open for writing.
    place: name of the matrix.
    values: (cells, genes).
    layout: csr, csc or dense.
    encoding: new, 0.7 or 0.6.
    """
    if layout == "dense":
        file[place] = values
        return
    made = sparse.csr_matrix(values) if layout == "csr" else sparse.csc_matrix(values)
    group = file.create_group(place)
    if encoding == "0.6":
        group.attrs["h5sparse_format"], group.attrs["h5sparse_shape"] = layout, made.shape
    else:
        group.attrs["encoding-type"], group.attrs["shape"] = f"{layout}_matrix", made.shape
    for name in ("data", "indices", "indptr"):
        group[name] = getattr(made, name)


def _frame(
    file: h5py.File, name: str, index: Sequence[str], columns: Mapping[str, Sequence], encoding: str
) -> None:
    if encoding == "0.6":
        _compound(file, name, index, columns)
        return
    group = file.create_group(name)
    group.attrs["_index"] = "_index"
    group.create_dataset("_index", data=list(index), dtype=TEXT)
    for column, values in columns.items():
        if isinstance(values[0], str) and name == "obs":
            _categories(file, group, column, values, encoding)
        elif isinstance(values[0], str):
            group.create_dataset(column, data=list(values), dtype=TEXT)
        else:
            group[column] = np.asarray(values)


def _categories(
    file: h5py.File, group: h5py.Group, column: str, values: Sequence[str], encoding: str
) -> None:
    """ "" is a missing value, as pandas' categories have it."""
    names = sorted({value for value in values if value})
    codes = np.array([names.index(value) if value else -1 for value in values], dtype=np.int8)
    if encoding == "new":
        made = group.create_group(column)
        made.attrs["encoding-type"] = "categorical"
        made["codes"] = codes
        made.create_dataset("categories", data=names, dtype=TEXT)
    else:
        group[column] = codes
        known = group.require_group("__categories").create_dataset(column, data=names, dtype=TEXT)
        group[column].attrs["categories"] = known.ref


def _compound(file: h5py.File, name: str, index: Sequence[str], columns: Mapping[str, Sequence]) -> None:
    fields: dict[str, np.ndarray] = {"index": np.array([text.encode() for text in index])}
    for column, values in columns.items():
        if isinstance(values[0], str) and name == "obs":
            names = sorted(set(values))
            file.require_group("uns")[f"{column}_categories"] = np.array([text.encode() for text in names])
            fields[column] = np.array([names.index(value) for value in values], dtype=np.int8)
        else:
            fields[column] = np.array([v.encode() if isinstance(v, str) else v for v in values])
    table = np.zeros(len(index), dtype=[(key, values.dtype) for key, values in fields.items()])
    for key, values in fields.items():
        table[key] = values
    file[name] = table

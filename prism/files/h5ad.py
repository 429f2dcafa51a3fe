"""Writes h5ad files (AnnData on disk) with h5py alone: anndata 0.12 needs a pandas older than ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from scipy import sparse

from prism.files.atomic import writing
from prism.files.hdf5 import CHECKED, NEW, seal

_TEXT = h5py.string_dtype("utf-8")


def write_h5ad(
    path: str | Path,
    matrix: sparse.csr_matrix,
    obs: pd.DataFrame,
    var: pd.DataFrame,
    varm: Mapping[str, np.ndarray] | None = None,
    obsm: Mapping[str, np.ndarray] | None = None,
    uns: Mapping[str, Any] | None = None,
) -> None:
    """Write an h5ad file as anndata 0.8 and later read it; one content gives one file.

    path: the file; it appears whole or not at all.
    matrix: (cells, genes), becomes X.
    obs: one row a cell, named by the index; columns of text become categories.
    var: one row a gene, named by the index.
    varm: name -> (genes, ...) arrays; default none.
    obsm: name -> (cells, ...) arrays; default none.
    uns: names -> texts, numbers, arrays and mappings of these; default none.
    Raises ValueError where numbers of rows disagree, and for a value that such a file cannot hold.
    """
    for name, found, wanted in [
        ("obs", len(obs), matrix.shape[0]),
        ("var", len(var), matrix.shape[1]),
        *((f"varm[{name!r}]", len(each), matrix.shape[1]) for name, each in (varm or {}).items()),
        *((f"obsm[{name!r}]", len(each), matrix.shape[0]) for name, each in (obsm or {}).items()),
    ]:
        if found != wanted:
            raise ValueError(
                f"{path}: {name} has {found} rows, and X of shape {matrix.shape} asks for {wanted}"
            )
    with writing(path) as part, h5py.File(part, "w", libver=NEW) as file:
        _note(file, "anndata", "0.1.0")
        _write_sparse(file, matrix)
        _write_frame(file, "obs", obs, categories=True)
        _write_frame(file, "var", var, categories=False)
        for name, given in (("varm", varm), ("obsm", obsm), ("uns", uns)):
            _write_mapping(file, name, given or {})
        for name in ("layers", "obsp", "varp"):
            _write_mapping(file, name, {})
        seal(file)


def _note(item: h5py.Group | h5py.Dataset, kind: str, version: str) -> None:
    item.attrs["encoding-type"], item.attrs["encoding-version"] = kind, version


def _write_array(group: h5py.Group, name: str, values: np.ndarray) -> None:
    values = np.asarray(values)
    text = values.dtype.kind in "OUT"
    values = (
        np.array([str(each) for each in values.ravel()], object).reshape(values.shape) if text else values
    )
    # HDF5 filters no texts: `seal` covers them
    filters = {"compression": "gzip", "shuffle": True, **CHECKED} if values.size and values.ndim else {}
    options = {"dtype": _TEXT} if text else filters
    item = group.create_dataset(name, data=values, **options)
    _note(item, "string-array" if text else "array", "0.2.0")


def _write_sparse(file: h5py.File, matrix: sparse.csr_matrix) -> None:
    group = file.create_group("X")
    _note(group, "csr_matrix", "0.1.0")
    group.attrs["shape"] = np.array(matrix.shape, np.int64)
    for name, values in (
        ("data", np.asarray(matrix.data, np.float32)),
        ("indices", matrix.indices),
        ("indptr", matrix.indptr),
    ):
        options = {"compression": "gzip", "shuffle": True, **CHECKED} if len(values) else {}
        group.create_dataset(name, data=values, **options)


def _write_frame(file: h5py.File, name: str, table: pd.DataFrame, categories: bool) -> None:
    group = file.create_group(name)
    _note(group, "dataframe", "0.2.0")
    group.attrs["_index"] = "_index"
    group.attrs["column-order"] = np.array(list(table.columns), _TEXT)
    _write_array(group, "_index", table.index.to_numpy(object))
    for column in table.columns:
        values = table[column].to_numpy()
        if categories and values.dtype.kind in "OUT":
            _write_categories(group, column, values)
        else:
            _write_array(group, column, values)


def _write_categories(group: h5py.Group, name: str, values: np.ndarray) -> None:
    codes, found = pd.factorize(values, sort=True)
    held = group.create_group(name)
    _note(held, "categorical", "0.2.0")
    held.attrs["ordered"] = np.False_
    _write_array(held, "codes", codes.astype(np.int32))
    _write_array(held, "categories", np.asarray(found, object))


def _write_mapping(group: h5py.Group, name: str, given: Mapping[str, Any]) -> None:
    held = group.create_group(name)
    _note(held, "dict", "0.1.0")
    for key, value in given.items():
        if isinstance(value, Mapping):
            _write_mapping(held, key, value)
        elif isinstance(value, (list, tuple, np.ndarray)):
            _write_array(held, key, np.asarray(value))
        elif isinstance(value, str):
            _note(held.create_dataset(key, data=value, dtype=_TEXT), "string", "0.2.0")
        elif isinstance(value, (bool, int, float, np.number, np.bool_)):
            _note(held.create_dataset(key, data=value), "numeric-scalar", "0.2.0")
        else:
            raise ValueError(
                f"{group.file.filename}: {name}[{key!r}] is a {type(value).__name__}; an h5ad file holds "
                "texts, numbers, arrays and mappings of these"
            )

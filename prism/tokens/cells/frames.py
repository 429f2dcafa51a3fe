"""The tables `obs` and `var` of an h5ad file, in every encoding that anndata has had."""

from __future__ import annotations

from dataclasses import dataclass

import h5py
import numpy as np

_INDEX = "_index"


@dataclass(frozen=True)
class Column:
    """One column.

    values: (n,) as stored: texts, whole or real numbers, or truth values.
    missing: (n,) bool, True where there is no value.
    """

    values: np.ndarray
    missing: np.ndarray

    def texts(self) -> np.ndarray:
        """(n,) texts; "" where there is no value. A whole number that is stored as a real one loses its point."""
        return np.array(
            ["" if gone else _text(value) for value, gone in zip(self.values, self.missing, strict=True)],
            dtype=object,
        ).astype(str)


@dataclass(frozen=True)
class Frame:
    """A table of an open file.

    file: open for reading.
    name: of the table in the file, such as "obs" or "raw/var".
    where: the file's name and the table's, for messages.
    """

    file: h5py.File
    name: str
    where: str

    @property
    def columns(self) -> list[str]:
        """Names of the columns, without the index."""
        item, index = self.file[self.name], self.index_name
        names = item.dtype.names if isinstance(item, h5py.Dataset) else list(item)
        return [name for name in names if name not in (index, "__categories")]

    @property
    def index_name(self) -> str:
        """Name of the column that holds the names of the rows.

        Raises ValueError where there is none.
        """
        item = self.file[self.name]
        if isinstance(item, h5py.Dataset):  # anndata before 0.7: one compound dataset
            names = item.dtype.names
            return next((name for name in ("index", _INDEX) if name in names), names[0])
        said = item.attrs.get(_INDEX, _INDEX)
        said = said.decode() if isinstance(said, bytes) else str(said)
        found = next((name for name in (said, _INDEX, "index") if name in item), None)
        if found is None:
            raise ValueError(
                f"{self.where}: names no index ({said!r} is not there); write the file again with anndata"
            )
        return found

    def index(self) -> np.ndarray:
        """Names of the rows, (n,) texts."""
        return self.column(self.index_name).texts()

    def column(self, name: str) -> Column:
        """A column, decoded.

        name: of the column.
        Raises ValueError, naming table, column and fix, for an encoding that no anndata writes.
        """
        item = self.file[self.name]
        try:
            if isinstance(item, h5py.Dataset):
                codes = item[name]
                known = self.file.get(f"uns/{name}_categories")
                return _plain(codes) if known is None else _categorical(codes, _read(known, self.file))
            legacy = item.get(f"__categories/{name}")
            if legacy is not None and isinstance(item[name], h5py.Dataset):
                return _categorical(item[name][()], _read(legacy, self.file))
            return _read(item[name], self.file)
        except (LookupError, TypeError, UnicodeError) as error:
            raise ValueError(
                f"{self.where}: column {name!r} cannot be read ({error}); write the file again with anndata"
            ) from None


def _read(item: h5py.Group | h5py.Dataset, file: h5py.File) -> Column:
    if isinstance(item, h5py.Group):
        if "categories" in item:
            return _categorical(item["codes"][()], _read(item["categories"], file))
        values = _plain(_array(item["values"]))  # nullable: values and a mask
        return Column(values.values, values.missing | np.asarray(item["mask"][()], dtype=bool))
    if "categories" in item.attrs:  # anndata 0.7: a reference to the categories
        return _categorical(item[()], _read(file[item.attrs["categories"]], file))
    return _plain(_array(item))


def _array(item: h5py.Dataset) -> np.ndarray:
    return item.asstr()[()] if h5py.check_string_dtype(item.dtype) else item[()]


def _plain(values: np.ndarray) -> Column:
    values = np.asarray(values)
    if values.dtype.kind == "S" or (values.dtype.kind == "O" and any(isinstance(v, bytes) for v in values)):
        values = np.array([v.decode() if isinstance(v, bytes) else v for v in values], dtype=object)
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, dtype=bool)
    return Column(values, missing)


def _categorical(codes: np.ndarray, categories: Column) -> Column:
    codes = np.asarray(codes).astype(np.int64)
    if len(codes) and codes.max() >= len(categories.values):
        raise IndexError(f"code {codes.max()} of {len(categories.values)} categories")
    missing = codes < 0
    if not len(categories.values):
        return Column(np.full(codes.shape, "", dtype=object), missing)
    values = np.where(missing, 0, codes)
    return Column(categories.values[values], missing | categories.missing[values])


def _text(value: object) -> str:
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()

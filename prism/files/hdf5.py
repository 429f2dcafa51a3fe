"""The HDF5 files that this program makes: written so that a damaged byte shows, and opened with that check.

Three things together cover every byte that is read. HDF5's format since 1.10 has checksums of its own structure
(`NEW`). Values in chunks have deflate's or Fletcher's (`CHECKED`). `seal` stores one over all the rest: texts,
attributes and small arrays. Files of version 0.1.0 have deflate's alone, and are read as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

NEW = ("v110", "v110")  # for h5py.File(libver=): HDF5 1.10 and later read it
CHECKED = {
    "fletcher32": True
}  # for create_dataset, where a chunk that deflate does not shrink is stored as it is
_SEAL = "checksum"


def seal(file: h5py.File) -> None:
    """Store the checksum of what HDF5 does not check itself; the last thing that is written.

    file: open for writing.
    """
    file.attrs[_SEAL] = _checksum(file)


def opened(path: Path, what: str, made_by: str, again: str) -> h5py.File:
    """Open a file for reading; the caller checks its layout.

    path: the file.
    what: its name in messages ("dataset file").
    made_by: the module that makes it.
    again: how to make it again, in words ("cut it again").
    Raises ValueError if the file is missing, HDF5 cannot read it or its checksum is another.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such {what}; make it with {made_by}")
    try:
        file = h5py.File(path, "r")
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"{path}: not a readable {what} ({error}); delete it and {again}") from error
    try:
        intact = _SEAL not in file.attrs or str(file.attrs[_SEAL]) == _checksum(file)
    # whatever h5py makes of texts and references that are none
    except (OSError, RuntimeError, LookupError, TypeError, ValueError, AttributeError, MemoryError) as error:
        file.close()
        raise ValueError(f"{path}: this {what} is damaged ({error}); delete it and {again}") from error
    if not intact:
        file.close()
        raise ValueError(f"{path}: this {what} is damaged (checksum mismatch); delete it and {again}")
    return file


@contextmanager
def whole(path: str | Path, again: str) -> Iterator[None]:
    """Name the file where HDF5 finds a damaged part while it is read.

    path: the file.
    again: how to make it again, in words.
    Raises ValueError in place of the OSError or RuntimeError that h5py raises on damaged bytes.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise ValueError(f"{path}: cannot be read, it is damaged ({error}); delete it and {again}") from error


def _checksum(file: h5py.File) -> str:
    """sha256 hex over the attributes of everything, and the values of what is not stored in chunks."""
    found = [["/", *_facts(file)]]
    file.visititems(lambda name, item: found.append([name, *_facts(item)]))
    total = hashlib.sha256(json.dumps(sorted(found, key=lambda each: each[0])).encode())
    return total.hexdigest()


def _facts(item: h5py.Group | h5py.Dataset) -> list:
    attributes = {name: _plain(value) for name, value in item.attrs.items() if name != _SEAL}
    facts: list = [sorted(attributes.items())]
    if isinstance(item, h5py.Dataset):
        facts += [item.dtype.str, list(item.shape)]
        if item.chunks is None:
            facts.append(_plain(item[()]))
    return facts


def _plain(value: object) -> object:
    """A value as JSON can hold it; numbers are told apart to the last bit."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str):
        return value
    array = np.asarray(value)
    if array.dtype.hasobject:
        return [_plain(each) for each in array.ravel().tolist()]
    return [array.dtype.str, hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()]

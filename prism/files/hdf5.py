"""Opens the HDF5 files that this program makes."""

from __future__ import annotations

from pathlib import Path

import h5py


def opened(path: Path, what: str, made_by: str, again: str) -> h5py.File:
    """Open a file for reading; the caller checks its layout.

    path: the file.
    what: its name in messages ("dataset file").
    made_by: the module that makes it.
    again: how to make it again, in words ("cut it again").
    Raises ValueError if the file is missing or HDF5 cannot read it.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such {what}; make it with {made_by}")
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{path}: not a readable {what} ({error}); delete it and {again}") from error

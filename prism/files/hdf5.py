"""Opening the HDF5 files that this program makes."""

from __future__ import annotations

from pathlib import Path

import h5py


def opened(path: Path, what: str, made_by: str, again: str) -> h5py.File:
    """The file, for reading; its layout is the caller's to check.

    what: it is, in words. made_by: the module that makes it. again: how, in words ("cut it again").
    Raises ValueError where there is no file, or one that HDF5 cannot read.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such {what}; make it with {made_by}")
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{path}: not a readable {what} ({error}); delete it and {again}") from error

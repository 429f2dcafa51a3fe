"""Opens the dataset file; without torch, for pages and figures too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prism.files.hdf5 import opened
from prism.genome.dataset.layout import SCHEMA_VERSION

if TYPE_CHECKING:
    import h5py

AGAIN = "cut it again"  # how to make the file again


def open_dataset(path: str | Path) -> h5py.File:
    """Open a dataset file for reading, its checksum and its layout checked.

    path: the file.
    Raises ValueError, naming the file and the fix, for a file that is missing, damaged or of another layout.
    """
    file = opened(Path(path), "dataset file", "workflow_scripts.inputs.windows", AGAIN)
    if (version := file.attrs.get("schema_version")) != SCHEMA_VERSION:
        file.close()
        raise ValueError(
            f"{path}: layout version {version}, this program reads {SCHEMA_VERSION}; cut the file again"
        )
    return file

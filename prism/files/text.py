"""Text files as users have them: plain or gzipped (by content, not by name), separated by commas or tabs."""

from __future__ import annotations

import gzip
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pandas as pd


@contextmanager
def open_text(path: str | Path) -> Iterator[TextIO]:
    """Open a text file for reading.

    path: a plain or gzipped file in UTF-8.
    Raises ValueError, with the path, if the file is damaged or is not text.
    """
    with open(path, "rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path, "rt", encoding="utf-8") if zipped else open(path, encoding="utf-8") as lines:
            yield lines
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(
            f"{path}: the gzip file is cut off or damaged ({error}); download it again"
        ) from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a text file ({error}); give text, plain or gzipped") from None


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a table with a header; every column stays text.

    path: plain or gzipped; separated by tabs if its header has one, else by commas.
    Raises ValueError if the file is empty, or a line has more fields than the header.
    """
    with open_text(path) as lines:
        header = lines.readline()
    if not header.strip():
        raise ValueError(f"{path}: the table is empty; give a header line and one line a gene")
    separator = "\t" if "\t" in header else ","
    try:
        with open_text(path) as lines, warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header
            return pd.read_csv(lines, sep=separator, dtype=str, keep_default_na=False, index_col=False)
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise ValueError(f"{path}: not a table ({str(error).strip()}); correct the line") from None


def require_columns(table: pd.DataFrame, columns: list[str], path: str | Path) -> None:
    """Check that a table has the columns that the caller needs.

    table: any table.
    columns: the names that it must have.
    path: the table's file, for the message.
    Raises ValueError with the missing columns and those that are there.
    """
    missing = [name for name in columns if name not in table]
    if missing:
        raise ValueError(
            f"{path}: no column {', '.join(map(repr, missing))}; it has {', '.join(table.columns)}"
        )

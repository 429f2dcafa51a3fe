"""Text files as users have them: plain or gzipped (by content, not by name), in UTF-8 or UTF-16."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@contextmanager
def open_text(path: str | Path) -> Iterator[TextIO]:
    """Open a text file for reading.

    path: a plain or gzipped file in UTF-8, or in UTF-16 with its byte order mark.
    Raises ValueError, with the path, if the file is damaged or is not such text.
    """
    with open(path, "rb") as raw:
        opener = gzip.open if raw.read(2) == b"\x1f\x8b" else open
    try:
        with opener(path, "rb") as content:
            encoding = "utf-16" if content.read(2) in UTF16 else "utf-8-sig"
        with opener(path, "rt", encoding=encoding) as lines:
            yield lines
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(
            f"{path}: the gzip file is cut off or damaged ({error}); download it again"
        ) from None
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}{_line_of_byte(path, opener, error)}: not a text file in UTF-8 ({error.reason}, byte "
            f"0x{error.object[error.start]:02x}); save it as UTF-8, such as with iconv -f LATIN1 -t UTF-8"
        ) from None


def _line_of_byte(path: str | Path, opener, error: UnicodeDecodeError) -> str:
    """`, line 3` of the first line that is not UTF-8; '' where it cannot be told."""
    if error.encoding.lower() not in ("utf-8", "utf-8-sig", "utf8"):
        return ""
    with opener(path, "rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return f", line {number}"
    return ""

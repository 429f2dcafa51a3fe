"""Checksums of whole files, and the one that lies beside each text file that this program makes.

The text stays as pandas and R read it; `genes.tsv.sha256` beside it is what `sha256sum` writes and `sha256sum -c`
reads. A file without one, such as a user's or one of version 0.1.0, is read as it is.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prism.files.atomic import writing

BESIDE = ".sha256"
_LARGE = 256 << 20  # bytes; a larger file is read again only after a change
_CLOSE = 2.0  # seconds; a file that changed so shortly before it was checked may have changed after it too


def digits_of(path: str | Path, kind: str = "sha256") -> str:
    """Hexadecimal checksum of a file, which may be larger than memory.

    path: the file.
    kind: md5 or sha256; default sha256.
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


def md5_of(path: str | Path) -> str:
    """Hexadecimal md5 of a file.

    path: the file.
    """
    return digits_of(path, "md5")


@contextmanager
def writing_checked(path: str | Path) -> Iterator[Path]:
    """Write a file as `writing` does, and its sha256 beside it.

    path: the file; the checksum goes to `<path>.sha256`.
    """
    with writing(path) as part:
        yield part
        digits = digits_of(part)
        # killed before the new checksum is there, the new file has none: never one of another content
        beside(path).unlink(missing_ok=True)
    _note(path, digits)


def add_checksum(path: str | Path) -> None:
    """Write the sha256 of a file that another program has just made beside it.

    path: the file.
    """
    _note(path, digits_of(path))


def beside(path: str | Path) -> Path:
    """Where the checksum of a file lies.

    path: the file.
    """
    return Path(f"{path}{BESIDE}")


def refuse_damaged(path: str | Path, again: str = "run the workflow again, which makes it") -> None:
    """Refuse a file that is not what the checksum beside it says; nothing is checked where there is none.

    path: the file.
    again: how to make it again, in words.
    Raises ValueError, with the file and the fix, for another content or a checksum that cannot be read.
    """
    note = beside(path)
    if not note.is_file():
        return
    found = re.match(rb"[0-9a-f]{64}\b", note.read_bytes())
    if found is None or not holds(path, found[0].decode(), "sha256", note):
        raise ValueError(
            f"{path}: damaged, or changed since it was made (its sha256 is not the one in {note}); delete it and "
            f"{again}; or delete {note} if you changed it on purpose"
        )


def holds(path: str | Path, digits: str, kind: str, checked: str | Path) -> bool:
    """Whether a file has a checksum.

    path: the file.
    digits: hexadecimal, of the kind.
    kind: md5 or sha256.
    checked: a file whose time of change says when this was last so. A file above 256 MiB that the file system calls
        unchanged since is not read again; after it was read, the time is set anew.
    """
    about = os.stat(path)
    changed = max(about.st_mtime, about.st_ctime)
    if about.st_size > _LARGE and changed + _CLOSE < os.stat(checked).st_mtime:
        return True
    if digits_of(path, kind) != digits:
        return False
    with suppress(OSError):  # of another user, or on a disk that cannot be written to: it is read each time
        os.utime(checked)
    return True


def _note(path: str | Path, digits: str) -> None:
    with writing(beside(path)) as part:
        part.write_text(f"{digits}  {Path(path).name}\n", encoding="utf-8")

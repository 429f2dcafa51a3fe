"""Files appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def writing(path: str | Path) -> Iterator[Path]:
    """Yield a path to write to, and give the file its own name once the block has ended without an error.

    path: the file; missing folders are made.

    The block writes `<path>.part`, which is then synced to the disk and renamed. On any error the part is
    removed and `path` stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = Path(f"{path}.part")
    try:
        yield part
        with open(part, "rb") as written:
            os.fsync(written.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise

"""md5 of files that may be larger than memory."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from prism.fetch.progress import Progress, Say

BLOCK = 1 << 18


def md5_of(path: Path, say: Say | None = None, every: float = 10.0) -> str:
    """Hexadecimal md5 of a file, read block by block.

    path: the file.
    say: writes one line of progress; default None, for no lines.
    every: seconds between these lines; default 10.
    """
    md5 = hashlib.md5(usedforsecurity=False)
    progress = Progress(f"{path.name} (md5)", path.stat().st_size, 0, say, every) if say else None
    position = 0
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            md5.update(block)
            position += len(block)
            if progress:
                progress.at(position)
    return md5.hexdigest()


def normal_md5(text: str | None) -> str | None:
    """An md5 in lower case; None for an empty one.

    text: as a table has it.
    Raises ValueError unless it has 32 hexadecimal digits.
    """
    if text is None or not text.strip():
        return None
    if not re.fullmatch(r"[0-9a-fA-F]{32}", text.strip()):
        raise ValueError(f"'{text}' is not an md5; it needs 32 hexadecimal digits, or nothing")
    return text.strip().lower()

"""Checksums, md5 or sha256, of files that may be larger than memory."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from prism.fetch.progress import Progress, Say

BLOCK = 1 << 18
DIGITS = {"md5": 32, "sha256": 64}
NEEDED = "an md5 has 32 hexadecimal digits, a sha256 64"


@dataclass(frozen=True)
class Checksum:
    """What the bytes of a file must give.

    kind: md5 or sha256.
    digits: hexadecimal, lower case.
    """

    kind: str
    digits: str

    def __str__(self) -> str:
        return f"{self.kind} {self.digits}"


class Hashes:
    """The running md5 and sha256 of the bytes seen so far."""

    def __init__(self) -> None:
        self._of = {"md5": hashlib.md5(usedforsecurity=False), "sha256": hashlib.sha256()}

    def update(self, block: bytes) -> None:
        """See more bytes.

        block: the file's next bytes.
        """
        for each in self._of.values():
            each.update(block)

    def digits(self) -> dict[str, str]:
        """Hexadecimal digits of both, by kind."""
        return {kind: each.hexdigest() for kind, each in self._of.items()}


def hashed(path: Path, say: Say | None = None, every: float = 10.0) -> dict[str, str]:
    """Hexadecimal md5 and sha256 of a file, by kind, read block by block.

    path: the file.
    say: writes one line of progress; default None, for no lines.
    every: seconds between these lines; default 10.
    """
    hashes = Hashes()
    progress = Progress(f"{path.name} (checksums)", path.stat().st_size, 0, say, every) if say else None
    position = 0
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            hashes.update(block)
            position += len(block)
            if progress:
                progress.at(position)
    return hashes.digits()


def parse(text: str | None) -> Checksum | None:
    """The checksum that a table gives; None for an empty one.

    text: 32 hexadecimal digits (md5) or 64 (sha256), in either case; `md5:` or `sha256:` may come before them.
    Raises ValueError, with the text, for anything else.
    """
    text = (text or "").strip()
    if not text:
        return None
    prefix, _, digits = text.rpartition(":")
    kinds = [kind for kind, count in DIGITS.items() if re.fullmatch(rf"[0-9a-fA-F]{{{count}}}", digits)]
    if not kinds or prefix.lower() not in ("", *kinds):
        raise ValueError(f"'{text}' is not a checksum: {NEEDED}, with or without md5: or sha256: before them")
    return Checksum(kinds[0], digits.lower())

"""The md5 of local files, which tells a file from another one that was put in its place."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from prism.files.atomic import writing
from prism.files.checksums import md5_of

_LONG = 2_000_000_000  # bytes; reading more is said


class LocalContent:
    """Answers with md5s, each worked out once for a file as it is.

    What a file system says of a file (size, times, inode) is only the key of this memory: as a parameter of a job it
    would make everything again after a move.

    memory: the JSON file that the md5s are kept in.
    """

    def __init__(self, memory: str | Path) -> None:
        self.memory = Path(memory)
        self._known: dict[str, list] | None = None

    def md5(self, path: str | Path) -> str:
        """Hexadecimal md5 of a file; '' where there is none.

        path: the file, or a link to it.
        """
        if not os.path.isfile(path):
            return ""
        real, known = os.path.realpath(path), self._read()
        found = known.get(real)
        key = _key(real)
        if found and found[:-1] == key:
            return found[-1]
        if key[0] > _LONG:
            print(f"{path}: reading {key[0] / 1e9:.0f} GB for its md5", file=sys.stderr, flush=True)
        digits = md5_of(real)
        if _key(real) == key:  # else it changed while it was read
            known[real] = [*key, digits]
            self._write()
        return digits

    def _read(self) -> dict[str, list]:
        if self._known is None:
            try:
                found = json.loads(self.memory.read_text())
            except (OSError, ValueError):
                found = {}
            self._known = found if isinstance(found, dict) else {}
        return self._known

    def _write(self) -> None:
        self.memory.parent.mkdir(parents=True, exist_ok=True)
        with writing(self.memory) as part:
            part.write_text(json.dumps(self._known, indent=1) + "\n")


def _key(path: str) -> list[int]:
    about = os.stat(path)
    return [about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino]

"""Files of this machine: copied from a file:// address, or found at a path."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from prism.fetch.addresses import Source
from prism.fetch.checksum import BLOCK
from prism.fetch.errors import RefusedError
from prism.fetch.partial import Partial
from prism.fetch.progress import Progress
from prism.fetch.redaction import public
from prism.fetch.request import Line


def copy(line: Line, partial: Partial, address: str) -> None:
    """Bring the bytes of a file:// address into `partial`, from the start.

    line: what all requests for the file share.
    partial: where they go.
    address: the file's.
    Raises RefusedError if there is no such file.
    """
    parts = urlsplit(address)
    if parts.hostname not in (None, "localhost"):
        raise RefusedError(f"{public(address)}: a file address has three slashes, file:///absolute/path")
    origin = Path(unquote(parts.path))
    if not origin.is_file():
        raise RefusedError(f"{origin}: no such file; correct the address")
    partial.restart(address, None, None, origin.stat().st_size)
    progress = Progress(line.name, origin.stat().st_size, 0, line.say, line.patience.progress_every)
    with open(origin, "rb") as file:
        while block := file.read(BLOCK):
            partial.append(block)
            progress.at(partial.offset)
    partial.finish()


def local_file(source: Source, out: Path) -> Path:
    """The user's own file at a path.

    source: the path, as the table has it.
    out: where the link to it goes.
    Raises RefusedError if there is no such file, or the link would lie in its place.
    """
    target = Path(os.path.abspath(Path(source.text).expanduser()))
    if not target.is_file():
        raise RefusedError(
            f"{target}: no such file; correct the path (a relative one starts at {Path.cwd()})"
        )
    if os.path.realpath(target) == os.path.join(os.path.realpath(out.parent), out.name):
        raise RefusedError(f"{target} is where the link to it would be; move the file elsewhere")
    return target

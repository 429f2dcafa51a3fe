"""One member of a zip file."""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from prism.fetch.checksum import BLOCK, Hashes
from prism.fetch.errors import RefusedError, WrongError
from prism.fetch.progress import Progress, Say


def extract(
    archive: Path, member: str, part: Path, say: Say, every: float = 10.0
) -> tuple[dict[str, str], int]:
    """Unpack one member of a zip file, block by block, and return its checksums, by kind, and its size in bytes.

    archive: the zip file.
    member: path inside the zip, or the file's name alone if only one member has it.
    part: where to write it; replaced if it exists.
    say: writes one line of the log.
    every: seconds between lines of progress; default 10.
    Raises RefusedError, with the members that are there, if there is no such member; WrongError if the zip is
    damaged.
    """
    part.unlink(missing_ok=True)
    hashes, size = Hashes(), 0
    try:
        with zipfile.ZipFile(archive) as opened:
            found = _find(opened, member, archive.name)
            progress = Progress(f"{found.filename} (unpacking)", found.file_size, 0, say, every)
            with opened.open(found) as packed, open(part, "xb") as file:
                while block := packed.read(BLOCK):
                    file.write(block)
                    hashes.update(block)
                    size += len(block)
                    progress.at(size)
                file.flush()
                os.fsync(file.fileno())
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as trouble:
        part.unlink(missing_ok=True)
        raise WrongError(
            f"{archive.name}: cannot unpack {member} ({trouble}); the zip is damaged or encrypted"
        ) from None
    return hashes.digits(), size


def _find(opened: zipfile.ZipFile, member: str, name: str) -> zipfile.ZipInfo:
    files = [info for info in opened.infolist() if not info.is_dir()]
    matches = [info for info in files if info.filename == member] or [
        info for info in files if PurePosixPath(info.filename).name == member
    ]
    if len(matches) == 1:
        return matches[0]
    listed = ", ".join(info.filename for info in files[:20]) + (", ..." if len(files) > 20 else "")
    what = f"{len(matches)} members are called" if matches else "no member is called"
    raise RefusedError(f"{name}: {what} '{member}'; its members: {listed}")

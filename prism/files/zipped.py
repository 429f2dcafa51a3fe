"""Files of torch.save are zips, whose checksums torch writes and does not compare."""

from __future__ import annotations

import errno
import struct
import zipfile
import zlib
from pathlib import Path

_BLOCK = 1 << 20
_IS_FOLDER = 0x10  # torch reads a member with this mark as empty, whatever its bytes


def check_zip(path: str | Path) -> None:
    """Compare the checksum of every member of a zip, as torch does not when it loads one.

    path: the file.
    Raises ValueError, with the file and the member, for a damaged zip; OSError where the disk does not give it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.is_dir() or info.external_attr & _IS_FOLDER:
                    raise ValueError(f"{info.filename} is said to be a folder")
                with archive.open(info) as member:
                    while member.read(_BLOCK):
                        pass
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        LookupError,
        UnicodeError,
        ValueError,  # also an offset that no file has
    ) as error:
        raise ValueError(f"{path}: damaged ({error})") from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # which a place before the file's beginning gives
            raise
        raise ValueError(f"{path}: damaged ({error})") from None

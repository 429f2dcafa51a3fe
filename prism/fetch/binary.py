"""Binary genomics formats: the right magic number, and an end that is there."""

from __future__ import annotations

import struct
from pathlib import Path

from prism.fetch.errors import WrongError

_BIGWIG = 0x888FFC26
_BIGBED = 0x8789F2EB
_HDF5 = b"\x89HDF\r\n\x1a\n"


def check_bigwig(path: Path, head: bytes, whole: bool) -> None:
    """Check that a file is a bigWig whose indices lie within the file.

    path: the file.
    head: its first bytes (512 are enough).
    whole: whether its last bytes must be its magic number too. Writers put it there so that a cut transfer
    shows.
    Raises WrongError if it is not.

    Layout: Kent et al. 2010, Bioinformatics 26:2204, supplementary tables 5-7.
    """
    order = next((order for order in "<>" if head[:4] == struct.pack(f"{order}I", _BIGWIG)), None)
    if order is None:
        if head[:4] in (struct.pack("<I", _BIGBED), struct.pack(">I", _BIGBED)):
            raise WrongError("a bigBed, not a bigWig; choose the bigWig of the same experiment")
        raise WrongError(f"not a bigWig (it begins with {head[:16]!r})")
    if len(head) < 64:
        raise WrongError("bigWig is cut within its header")
    n_zooms = struct.unpack_from(f"{order}H", head, 6)[0]
    offsets = list(struct.unpack_from(f"{order}QQQ", head, 8))
    for zoom in range(n_zooms):
        at = 64 + 24 * zoom + 8
        if at + 16 <= len(head):
            offsets.extend(struct.unpack_from(f"{order}QQ", head, at))
    size = path.stat().st_size
    with open(path, "rb") as file:
        file.seek(-4, 2)
        end = file.read(4)
    if max(offsets) >= size:
        raise WrongError(f"bigWig is cut: an index should be at byte {max(offsets)} of these {size}")
    if whole and end != head[:4]:
        raise WrongError(
            f"bigWig is cut: these {size} bytes lack the closing mark (an old file without one needs its md5)"
        )


def check_hic(path: Path, head: bytes) -> None:
    """Check that a file is a .hic file (versions 6 to 9) whose footer lies within the file.

    path: the file.
    head: its first bytes (512 are enough).
    Raises WrongError if it is not.
    """
    if head[:4] != b"HIC\x00" or len(head) < 16:
        raise WrongError(f"not a .hic file (it begins with {head[:16]!r})")
    version, footer = struct.unpack_from("<iq", head, 4)
    size = path.stat().st_size
    width = 8 if version > 8 else 4
    if 0 < footer <= size - width:
        with open(path, "rb") as file:
            file.seek(footer)
            length = int.from_bytes(file.read(width), "little", signed=True)
        if footer + width + length <= size:
            return
    raise WrongError(f".hic file is cut: its index should be at byte {footer} of these {size}")


def check_cooler(path: Path, head: bytes) -> None:
    """Check that a file is HDF5 (.cool, .mcool) and as long as its superblock says.

    path: the file.
    head: its first bytes (512 are enough).
    Raises WrongError if it is not.
    """
    if head[:8] != _HDF5 or len(head) < 48:
        raise WrongError(f"not an HDF5 file (.cool, .mcool) (it begins with {head[:16]!r})")
    # Superblock: the end-of-file address, for addresses of 8 bytes (HDF5 file format specification, II.A).
    at = {0: 40, 1: 44, 2: 28, 3: 28}.get(head[8])
    if at is None:
        raise WrongError(f"HDF5 superblock version {head[8]} is not known")
    end, size = struct.unpack_from("<Q", head, at)[0], path.stat().st_size
    if size < end:
        raise WrongError(f"HDF5 file is cut: {size} of {end} bytes")

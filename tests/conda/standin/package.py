"""Writes a conda package (.conda) from files that lie anywhere."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import zstandard

LEVEL = 1  # read once or twice from the same disk
MODE = 0o744  # of files that are written here; scripts among them
TIMESTAMP = 1_700_000_000_000  # ms; any, the solver asks for one


@dataclass
class Package:
    """`files`: path in the environment -> the file to take, a symbolic link's target (str), or its text (bytes)."""

    name: str
    version: str
    depends: list[str] = field(default_factory=list)
    files: dict[str, Path | str | bytes] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)  # path -> sha256 (hex) where it is known already
    build: str = "standin"
    build_number: int = 0

    def write(self, folder: Path) -> tuple[str, dict]:
        """Write into `folder`, a channel's platform; the package's file name and its record for repodata.json."""
        stem = f"{self.name}-{self.version}-{self.build}"
        target, part = folder / f"{stem}.conda", folder / f"{stem}.conda.part"
        index = {"name": self.name, "version": self.version}
        index |= {"build": self.build, "build_number": self.build_number}
        index |= {"depends": self.depends, "subdir": folder.name, "timestamp": TIMESTAMP}
        paths = []
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
            with archive.open(f"pkg-{stem}.tar.zst", "w", force_zip64=True) as raw, _tar(raw) as tar:
                for path in sorted(self.files):
                    paths.append(self._add(tar, path))
            info = {
                "info/index.json": json.dumps(index),
                "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}),
                "info/files": "".join(f"{each['_path']}\n" for each in paths),
                "info/about.json": json.dumps(
                    {"summary": "stand-in for tests, made from this machine's files"}
                ),
            }
            with archive.open(f"info-{stem}.tar.zst", "w") as raw, _tar(raw) as tar:
                for path, text in info.items():
                    _add_bytes(tar, path, text.encode())
        with part.open("rb") as file:
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
        record = index | {"sha256": checksum, "size": part.stat().st_size}
        part.rename(target)
        return target.name, record

    def _add(self, tar: tarfile.TarFile, path: str) -> dict:
        """Add one file; its entry for paths.json."""
        source = self.files[path]
        if isinstance(source, str):
            link = tarfile.TarInfo(path)
            link.type, link.linkname = tarfile.SYMTYPE, source
            tar.addfile(link)
            empty = hashlib.sha256(b"").hexdigest()
            return {"_path": path, "path_type": "softlink", "sha256": empty, "size_in_bytes": 0}
        if isinstance(source, bytes):
            _add_bytes(tar, path, source)
            checksum, size = hashlib.sha256(source).hexdigest(), len(source)
        else:
            entry = tar.gettarinfo(source, path)
            with source.open("rb") as file:
                checksum = self.hashes.get(path) or hashlib.file_digest(file, "sha256").hexdigest()
                file.seek(0)
                tar.addfile(entry, file)
            size = entry.size
        return {"_path": path, "path_type": "hardlink", "sha256": checksum, "size_in_bytes": size}


@contextlib.contextmanager
def _tar(raw: BinaryIO) -> Iterator[tarfile.TarFile]:
    """A tar file, compressed with zstandard, into `raw`."""
    compressor = zstandard.ZstdCompressor(level=LEVEL)
    with (
        compressor.stream_writer(raw, closefd=False) as stream,
        tarfile.open(fileobj=stream, mode="w|", dereference=True) as tar,
    ):
        yield tar


def _add_bytes(tar: tarfile.TarFile, path: str, content: bytes) -> None:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(content), MODE
    tar.addfile(entry, io.BytesIO(content))

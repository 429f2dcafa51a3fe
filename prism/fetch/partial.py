"""The bytes of an unfinished download, kept between runs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from prism.fetch.checksum import BLOCK, Hashes
from prism.fetch.redaction import identity
from prism.files.atomic import writing


@dataclass(frozen=True)
class Origin:
    """What the server said of the file that the bytes belong to.

    address: of the file, as `prism.fetch.redaction.identity` gives it.
    etag: the server's ETag; None if it sent none.
    last_modified: the server's Last-Modified; None if it sent none.
    size: of the whole file, bytes; None if the server did not say.
    announced: False if nobody but the end of the connection said where the file ends, so that a cut would not
    show; default True.
    """

    address: str
    etag: str | None
    last_modified: str | None
    size: int | None
    announced: bool = True


class Partial:
    """`<out>.part`, and beside it `<out>.part.json`, which says which file of which server it is a piece of.

    out: the final place of the file.

    Attributes: `origin`, None if nothing usable is here; `offset`, the bytes here; `hashes`, of them;
    `spliced`, True if they come from more than one answer of the server.
    """

    def __init__(self, out: Path):
        self.path = Path(f"{out}.part")
        self.sidecar = Path(f"{out}.part.json")
        self._file = None
        self._forget()

    def load(self) -> None:
        """Take over what an earlier run left and hash it; delete what cannot be trusted."""
        self._forget()
        origin = self._read_origin()
        # A link is never written through: it may lead to the user's own file.
        if origin is None or self.path.is_symlink() or not self.path.is_file():
            self.discard()
            return
        length = self.path.stat().st_size
        if length == 0 or (origin.size is not None and length > origin.size):
            self.discard()
            return
        with open(self.path, "rb") as file:
            while block := file.read(BLOCK):
                self.hashes.update(block)
                self.offset += len(block)
        self.origin, self.spliced = origin, True

    @property
    def complete(self) -> bool:
        """True when every byte that the server announced is here."""
        return self.origin is not None and self.offset == self.origin.size

    @property
    def announced(self) -> bool:
        """True when a server, or the disk, said how long the whole file is."""
        return self.origin is not None and self.origin.size is not None and self.origin.announced

    def is_from(self, address: str) -> bool:
        """True if the bytes here came from an address.

        address: the address, with or without its secrets.
        """
        return self.origin is not None and identity(self.origin.address) == identity(address)

    def range_headers(self, address: str, checksum_known: bool) -> dict[str, str]:
        """Headers that ask for the missing bytes only; {} if the whole file must be asked for.

        address: what will be asked.
        checksum_known: whether a checksum will be compared.

        A validator that cannot vouch for every byte (a weak ETag, or none) is enough only with a known
        checksum, which would show a splice of two versions of the file.
        """
        if not self.offset or not self.is_from(address):
            return {}
        headers = {"Range": f"bytes={self.offset}-"}
        if self.origin.etag and not self.origin.etag.startswith("W/"):
            return headers | {"If-Range": self.origin.etag}
        if self.origin.last_modified:
            return headers | {"If-Range": self.origin.last_modified}
        return headers if checksum_known else {}

    def agrees(self, headers: Mapping[str, str], checksum_known: bool) -> bool:
        """True if an answer's ETag and Last-Modified show that the server's file is still the same.

        headers: of the answer.
        checksum_known: whether a checksum will be compared. Without one, the answer must repeat the validator
        that it was asked for; else pieces of two versions could be joined.
        """
        etag, date = self.origin.etag, self.origin.last_modified
        if not checksum_known:
            name = "ETag" if etag and not etag.startswith("W/") else "Last-Modified"
            if not headers.get(name):
                return False
        pairs = ((etag, "ETag"), (date, "Last-Modified"))
        return all(not was or headers.get(name, was) == was for was, name in pairs)

    def learn_size(self, size: int) -> None:
        """Note the size of the whole file, which only a later answer gave.

        size: in bytes.
        """
        self.origin = replace(self.origin, size=size, announced=True)
        self._write_origin()

    def restart(self, address: str, etag: str | None, last_modified: str | None, size: int | None) -> None:
        """Drop what is here and begin the file that the server describes.

        address: of the file.
        etag: the server's ETag, or None.
        last_modified: the server's Last-Modified, or None.
        size: of the whole file, bytes, or None.
        """
        # The old bytes go before the new description comes: killed in between, nothing can be mixed.
        self.discard()
        self.origin = Origin(identity(address), etag, last_modified, size)
        self._write_origin()

    def append(self, block: bytes) -> None:
        """Add bytes at the end.

        block: the bytes.
        """
        if self._file is None:
            self._file = open(self.path, "ab" if self.offset else "xb")  # noqa: SIM115  (closed by close())
        self._file.write(block)
        self.hashes.update(block)
        self.offset += len(block)

    def finish(self) -> None:
        """Close the file, synced to the disk, and record that it is whole."""
        if self._file is None and not self.offset:
            self.path.touch(exist_ok=False)
        self.close(sync=True)
        if self.origin.size != self.offset:
            self.origin = replace(self.origin, size=self.offset, announced=False)
            self._write_origin()

    def close(self, sync: bool = False) -> None:
        """Close the file; the bytes stay for the next attempt or run.

        sync: whether to sync them to the disk; default False.
        """
        if self._file is not None:
            self._file.flush()
            if sync:
                os.fsync(self._file.fileno())
            self._file.close()
            self._file = None

    def discard(self) -> None:
        """Delete the bytes and their description."""
        if self._file is not None:
            self._file.close()
        self.path.unlink(missing_ok=True)
        self.sidecar.unlink(missing_ok=True)
        self._forget()

    def _forget(self) -> None:
        self._file = None
        self.origin: Origin | None = None
        self.offset = 0
        self.spliced = False
        self.hashes = Hashes()

    def _read_origin(self) -> Origin | None:
        try:
            return Origin(**json.loads(self.sidecar.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def _write_origin(self) -> None:
        with writing(self.sidecar) as part:
            part.write_text(json.dumps(asdict(self.origin), indent=2) + "\n")

"""The description of a fetched file, as JSON beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prism.fetch.addresses import Source
from prism.fetch.checksum import Checksum, hashed
from prism.fetch.content import check
from prism.fetch.errors import WrongError
from prism.fetch.portal import Record
from prism.fetch.progress import Say
from prism.fetch.redaction import identity, public
from prism.files.atomic import writing
from prism.files.checked_json import read_checked, with_checksum


@dataclass(frozen=True)
class Wanted:
    """One file to fetch.

    out: its final place.
    manifest: the place of its description.
    kind: one of `prism.fetch.addresses.KINDS`; default 'any'.
    checksum: of what is downloaded, so of the zip if there is a `member`; default None.
    size: bytes of what is downloaded; default None.
    member: path inside the zip; default None: not a zip.
    checksum_from: where the checksum is written, for messages; default 'the table'.
    """

    out: Path
    manifest: Path
    kind: str = "any"
    checksum: Checksum | None = None
    size: int | None = None
    member: str | None = None
    checksum_from: str = "the table"


def entry(source: Source, address: str, found: Record, digits: Mapping[str, str], size: int) -> dict:
    """The manifest of a file.

    source: where the file was asked for.
    address: where the bytes came from.
    found: what the portal records of it.
    digits: md5 and sha256 of the file, hexadecimal, by kind.
    size: of the file, bytes.

    Keys: requested (as in the table), address (without secrets), identity (names the file, whatever
    the secrets), provider, accession, md5, sha256, size
    (bytes), date (UTC), output_type, assembly, file_format (None unless a portal reports them). The caller
    adds md5_vouched_by (whose checksum, md5 or sha256, was compared: 'table', 'ENCODE', '4DN' or None for
    nobody) and, where they apply, link (a path's target), member and archive (md5, sha256 and size of the
    zip).
    """
    return {
        "requested": public(source.text),
        "address": public(address),
        "identity": identity(source.text),
        "provider": {"encode": "ENCODE", "4dn": "4DN"}.get(source.kind, source.kind),
        "accession": source.accession,
        **digits,
        "size": size,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "output_type": found.output_type,
        "assembly": found.assembly,
        "file_format": found.file_format,
    }


def settle(part: Path, wanted: Wanted, contents: dict) -> None:
    """Put a verified file under its final name, with its manifest.

    part: the verified bytes.
    wanted: the file's final place and that of its manifest.
    contents: the manifest.

    The file gets its name last, so a file under its final name always has its own manifest. After a kill
    before the rename, the next run finds the whole `.part`, hashes it and renames it without a transfer.
    """
    with writing(wanted.manifest) as unfinished:
        unfinished.write_text(_as_text(contents))
        # Only now: a disk that is full fails above, and leaves the old file and its manifest as they were.
        wanted.out.unlink(missing_ok=True)
    os.replace(part, wanted.out)


def write_manifest(path: Path, contents: dict) -> None:
    """Write a manifest, whole or not at all, with its checksum.

    path: the file.
    contents: the manifest.
    """
    with writing(path) as unfinished:
        unfinished.write_text(_as_text(contents))


def description(path: Path) -> dict | None:
    """The manifest in a file; None for one that is absent or damaged.

    path: the file.
    """
    try:
        return read_checked(path, "download manifest", "download again")
    except (OSError, ValueError):
        return None


def _as_text(contents: dict) -> str:
    return json.dumps(with_checksum(contents), indent=2, sort_keys=True) + "\n"


def present(wanted: Wanted, texts: list[str], say: Say, every: float = 10.0) -> dict | None:
    """The manifest of a file that is here already and is what is wanted; else None.

    wanted: the file.
    texts: the addresses of its table row.
    say: writes one line of progress.
    every: seconds between these lines; default 10.

    The file is hashed again, because its bytes must still be those of the manifest.
    """
    contents = description(wanted.manifest)
    if contents is None or not wanted.out.is_file():
        return None
    size = wanted.out.stat().st_size
    asked = [identity(text.strip()) for text in texts]
    # a manifest of 0.1.0 shows what chooses the file in its address
    if (contents.get("identity") or identity(str(contents.get("requested")))) not in asked:
        return None
    if contents.get("member") != wanted.member or size != contents.get("size"):
        return None
    fetched = contents.get("archive", contents)
    if (wanted.size or fetched.get("size")) != fetched.get("size"):
        return None
    try:
        check(wanted.out, wanted.out.name, wanted.kind)
    except WrongError as trouble:
        say(f"{wanted.out.name}: what is here is {trouble}; fetching it again")
        return None
    digits = hashed(wanted.out, say, every)
    if digits["md5"] != contents.get("md5"):
        return None
    if (
        wanted.checksum
        and _recorded(fetched, contents, digits, wanted.checksum.kind) != wanted.checksum.digits
    ):
        return None
    return contents


def _recorded(fetched: dict, contents: dict, digits: Mapping[str, str], kind: str) -> str | None:
    """Digits of what was downloaded; a manifest of before sha256 has none, but then the file itself tells."""
    return fetched.get(kind) or (digits[kind] if fetched is contents else None)

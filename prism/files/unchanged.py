"""Whether a file is still what it was when it was downloaded or made."""

from __future__ import annotations

from pathlib import Path

from prism.files.checked_json import read_checked
from prism.files.checksums import holds, refuse_damaged


def refuse_changed(path: str | Path) -> dict:
    """Refuse a file that is not what it was when it was downloaded or made, and return its download manifest.

    path: the file, or the link to a user's file; its manifest, if there is one, is `<path>.json`, and its checksum,
        if this workflow made it, `<path>.sha256`.

    Returns {} where there is no manifest.
    Raises ValueError for another content, and for a manifest that cannot be read.
    """
    path = Path(path)
    refuse_damaged(path)
    manifest = Path(f"{path}.json")
    if not manifest.is_file():
        return {}
    found = read_checked(manifest, "download manifest", "download again")
    kind = (
        "sha256" if found.get("sha256") else "md5"
    )  # a manifest of 0.1.0 has no sha256, and it is the faster one
    if not (digits := found.get(kind)):
        return found
    if path.stat().st_size != found.get("size") or not holds(path, digits, kind, manifest):
        raise ValueError(
            f"{path}: {found.get('link') or 'the file'} is not what it was when {manifest} was written ({kind} "
            f"{digits}); delete both and run again"
        )
    return found

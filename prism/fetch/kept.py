"""The last verified version of a file, kept under a second name until the next one is whole.

Snakemake deletes a rule's output before its job begins and after it fails. So where an address or a checksum changed
and the new file cannot be had, the old one would be gone under its own name.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from prism.fetch.manifest import Wanted, description, present, write_manifest
from prism.fetch.progress import Say

PREFIX = ".kept."


def second(wanted: Wanted) -> Wanted:
    """The same file under its second name, `.kept.<name>` beside it, with its manifest.

    wanted: the file.
    """
    place = wanted.out.with_name(f"{PREFIX}{wanted.out.name}")
    return replace(wanted, out=place, manifest=Path(f"{place}.json"))


def keep(wanted: Wanted, contents: dict) -> None:
    """Give a verified file its second name, in place of the version before.

    wanted: the file, in place.
    contents: its manifest.

    It is a hard link, which takes no room. Where a file system has none, the file itself gets the second name and the
    first is a link to it. A link to a user's own file is not kept: that file is theirs.
    """
    kept = second(wanted)
    if wanted.out.is_symlink():
        if not (kept.out.exists() and kept.out.samefile(wanted.out)):
            forget(wanted)
        return
    if not (kept.out.exists() and kept.out.samefile(wanted.out)):
        _same_file(wanted.out, kept.out)
    if description(kept.manifest) != json.loads(json.dumps(contents)):
        write_manifest(kept.manifest, contents)


def restore(wanted: Wanted, texts: list[str], say: Say, every: float = 10.0) -> dict | None:
    """Put the kept version under its own name and return its manifest, if it is what is wanted; else None.

    wanted: the file, which is not in place.
    texts: the addresses of its table row.
    say: writes one line of progress.
    every: seconds between these lines; default 10.
    """
    kept = second(wanted)
    contents = present(kept, texts, say, every)
    if contents is None:
        return None
    write_manifest(wanted.manifest, contents)
    wanted.out.unlink(missing_ok=True)
    try:
        os.link(kept.out, wanted.out)
    except OSError:
        wanted.out.symlink_to(kept.out.name)
    os.utime(wanted.out)  # made now, for whoever compares it with what was made from another version
    return contents


def told(wanted: Wanted) -> str:
    """The sentence that says where the version before is; '' where there is none.

    wanted: the file.
    """
    kept = second(wanted)
    before = description(kept.manifest)
    if before is None or not kept.out.is_file():
        return ""
    return (
        f". The file from before ({before.get('requested')}, md5 {before.get('md5')}) stays as {kept.out}; with its "
        "address and checksum in the table again it is taken from there, without a download"
    )


def forget(wanted: Wanted) -> None:
    """Remove the second name.

    wanted: the file.
    """
    kept = second(wanted)
    kept.manifest.unlink(missing_ok=True)
    kept.out.unlink(missing_ok=True)


def _same_file(out: Path, kept: Path) -> None:
    """Give one file both names."""
    part = Path(f"{kept}.part")
    with suppress(FileNotFoundError):
        part.unlink()
    try:
        os.link(out, part)
    except OSError:
        os.replace(out, kept)
        out.symlink_to(kept.name)
    else:
        os.replace(part, kept)

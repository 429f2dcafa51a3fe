"""The signals that a dataset is cut from, and where their files come from."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

from prism.files.checksums import md5_of
from prism.files.unchanged import refuse_changed
from prism.genome.tracks.contacts import RESOLUTION
from prism.genome.tracks.transforms import NONE, named

KINDS = ("bigwig", "contacts")
RESERVED = ("sequence", "blacklist", "peaks", "genes", "elements")
_LARGEST_HASHED = 256 << 20  # bytes; a larger file without a manifest is described by its size alone


@dataclass(frozen=True)
class Signal:
    """One signal of a cell type, as the table of cell types declares it."""

    name: str
    kind: str  # bigwig or contacts
    files: tuple[str, ...]  # replicates of a bigWig are averaged; contacts have one file
    transform: str = NONE.name  # of a bigWig's values: a name in `transforms.TRANSFORMS`
    output_type: str = ""  # what the values are, as the source calls them
    sources: tuple = ()  # per file an address or accession, or a dict of such facts
    resolution: int = RESOLUTION  # bp, of contacts


def parse_signals(text: str) -> list[Signal]:
    """Signals from JSON.

    text: a list of objects with the fields of `Signal`.
    Raises ValueError with the signal and its fault.
    """
    try:
        entries = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"--signals is not JSON ({error}): {text[:80]!r}") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(
            '--signals must be a JSON list of objects like {"name": "DNase", "kind": "bigwig", "files": [..]}'
        )
    signals = [_signal(entry) for entry in entries]
    names = [signal.name for signal in signals]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(
            f"two signals are named {', '.join(repeated)}; rename one, or list both files as replicates"
        )
    return signals


def _signal(entry: dict) -> Signal:
    known = [field.name for field in fields(Signal)]
    if unknown := sorted(set(entry) - set(known)):
        raise ValueError(
            f"signal {entry.get('name')}: unknown {', '.join(unknown)}; known are {', '.join(known)}"
        )
    if missing := [key for key in ("name", "kind", "files") if not entry.get(key)]:
        raise ValueError(f"signal {entry.get('name')}: {', '.join(missing)} missing")
    signal = Signal(**{**entry, "files": tuple(entry["files"]), "sources": tuple(entry.get("sources") or ())})
    if signal.name in RESERVED or "/" in signal.name:
        raise ValueError(f"signal {signal.name!r}: this name is taken or holds a '/'; choose another")
    if signal.kind not in KINDS:
        raise ValueError(f"signal {signal.name}: kind {signal.kind!r} is not one of {', '.join(KINDS)}")
    changes = named(signal.transform, f"signal {signal.name}: transform").changes
    if signal.kind == "contacts" and (len(signal.files) != 1 or changes):
        raise ValueError(
            f"signal {signal.name}: contacts take one file and transform none (log10 is part of them)"
        )
    return signal


def describe_file(path: str | Path, given: str | dict | None = None) -> dict:
    """Where a file comes from: its download manifest `<path>.json`, if there is one, over the table's words.

    path: the file.
    given: the table's address, or a dict of such facts; default None.
    Raises ValueError as `refuse_changed` does.

    Without a manifest: path, size, and the md5 of files up to 256 MiB (larger ones are not read for it).
    """
    path = Path(path)
    facts = {"path": str(path), "size": path.stat().st_size}
    if given:
        facts |= given if isinstance(given, dict) else {"address": given}
    manifest = refuse_changed(path)
    if manifest:
        facts |= manifest
    elif facts["size"] <= _LARGEST_HASHED:
        facts["md5"] = md5_of(path)
    return facts


def describe(signal: Signal, **facts) -> dict:
    """Provenance of a signal: output type, transform, address and md5 (comma-separated), and the facts of
    each file.

    signal: the signal.
    facts: more to record.
    Raises ValueError for replicates of the same content.
    """
    given = [*signal.sources, *[None] * (len(signal.files) - len(signal.sources))]
    files = [describe_file(path, source) for path, source in zip(signal.files, given, strict=False)]
    seen: dict[str, dict] = {}
    for file in files:
        if (other := seen.setdefault(file.get("md5", file["path"]), file)) is not file:
            raise ValueError(
                f"signal {signal.name}: the replicates {other['path']} and {file['path']} are one file twice (md5 "
                f"{file.get('md5')}); they are averaged, so name each once"
            )
    return {
        "kind": signal.kind,
        "output_type": signal.output_type,
        "transform": signal.transform,
        "address": ",".join(str(file["address"]) for file in files if file.get("address")),
        "md5": ",".join(str(file["md5"]) for file in files if file.get("md5")),
        "files": files,
        **facts,
    }

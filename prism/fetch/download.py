"""Fetches one file from wherever its table row says, and verifies it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import requests

from prism.fetch import archive, content, kept
from prism.fetch.addresses import Source, missing_key, portal_key, resolve
from prism.fetch.checksum import hashed, parse
from prism.fetch.errors import FetchError, RefusedError, WrongError
from prism.fetch.local import copy, local_file
from prism.fetch.lock import alone
from prism.fetch.manifest import Wanted, entry, present, settle
from prism.fetch.partial import Partial
from prism.fetch.portal import Record, record
from prism.fetch.progress import Say, size_in_words, to_stderr
from prism.fetch.redaction import public
from prism.fetch.request import Line
from prism.fetch.retry import Patience
from prism.fetch.transfer import transfer


@dataclass(frozen=True)
class Portals:
    """Base addresses of the portals, for tests and mirrors.

    encode: of ENCODE; default None: the environment's, else the public one.
    fourdn: of 4DN; default None: the environment's, else the public one.
    """

    encode: str | None = None
    fourdn: str | None = None


def fetch(
    texts: list[str],
    out: str | Path,
    manifest: str | Path | None = None,
    *,
    kind: str = "any",
    checksum: str | None = None,
    checksum_from: str = "the table",
    size: int | None = None,
    member: str | None = None,
    portals: Portals = Portals(),  # noqa: B008  (frozen)
    patience: Patience = Patience(),  # noqa: B008  (frozen)
    environ: Mapping[str, str] | None = None,
    keep: bool = False,
    say: Say = to_stderr,
) -> dict:
    """Make `out` the verified file and `manifest` its description, and return the description.

    texts: addresses, accessions or paths, tried in this order. A path is linked, never copied.
    out: the file to make.
    manifest: where to write the description; default `<out>.json`.
    kind: one of `prism.fetch.addresses.KINDS`; default 'any'.
    checksum: what the downloaded file must have, an md5 or a sha256 (`prism.fetch.checksum.parse`); default
    None: the portal's, if it gives one.
    checksum_from: where that checksum is written, for messages; default 'the table'.
    size: bytes that the downloaded file must have; default None.
    member: path inside the zip that is downloaded; `checksum` and `size` are then the zip's. Default None: not a
    zip.
    portals: other portals than the public ones.
    patience: how long to wait and how often to try again.
    environ: where the 4DN key is looked up; default: this process's environment.
    keep: whether the verified file gets a second name, which stays until the next version is whole
    (`prism.fetch.kept`): for a caller that deletes `out` before it calls. Default False.
    say: writes one line of the log; default: to stderr.
    Raises FetchError (a ValueError) with the file, the value and the fix. Wrong bytes are deleted and never
    have the final name. The version before stays until then.
    """
    out = Path(os.path.abspath(out))
    manifest = Path(os.path.abspath(manifest)) if manifest else Path(f"{out}.json")
    wanted = Wanted(out, manifest, kind, parse(checksum), size, member or None, checksum_from)
    sources = [resolve(text, kind, portals.encode, portals.fourdn) for text in texts]
    if not sources:
        raise ValueError(f"{out.name}: no address given")
    if trouble := missing_key([source.text for source in sources], environ):
        raise FetchError(f"{out.name}: {trouble}")
    out.parent.mkdir(parents=True, exist_ok=True)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    with requests.Session() as session, alone(out, say):
        line = Line(session, patience, out.name, say)
        there = ([source.text for source in sources], say, patience.progress_every)
        done = present(wanted, *there) or (kept.restore(wanted, *there) if keep else None)
        if done:
            say(f"{out.name}: here already, {_told(wanted, done)}")
            Partial(out).discard()
            _remove(_zip_of(wanted))
        else:
            try:
                done = _from_first(line, wanted, sources, portal_key(environ))
            except FetchError as trouble:
                raise FetchError(f"{trouble}{kept.told(wanted) if keep else ''}") from None
        if keep:
            kept.keep(wanted, done)
        return done


def _from_first(line: Line, wanted: Wanted, sources: list[Source], key: tuple[str, str] | None) -> dict:
    """The first source that gives the right file; the errors of all when none does."""
    troubles = []
    for source in sources:
        try:
            if source.needs_key and key is None:
                raise RefusedError(missing_key([source.text], {}))
            if wanted.member:
                done = _fetch_member(line, wanted, source, key)
            elif source.kind == "path":
                done = _link(line, wanted, source)
            else:
                done = _fetch_source(line, wanted, source, key)
            vouched = done["md5_vouched_by"] or "nobody; put it into the table to have it checked"
            size = size_in_words(done["size"])
            line.say(f"{wanted.out.name}: done, {size}, {_told(wanted, done)} (vouched for by {vouched})")
            return done
        except FetchError as trouble:
            troubles.append(f"{trouble}")
            if source is not sources[-1]:
                line.say(f"{wanted.out.name}: {trouble}; trying the next address")
    raise FetchError(f"{wanted.out.name}: " + "; then ".join(troubles))


def _fetch_source(line: Line, wanted: Wanted, source: Source, key: tuple[str, str] | None) -> dict:
    """Download from the addresses of one source, verify, and put in place."""
    required = source.kind == "encode" and wanted.checksum is None
    found = record(line, source, wanted.kind, key if source.needs_key else None, required)
    if required and found.checksum is None:
        raise RefusedError(f"{source.accession}: the portal gives no checksum for it; give one in the table")
    _refuse_disagreement(wanted, source, found)
    expected = replace(wanted, checksum=wanted.checksum or found.checksum, size=wanted.size or found.size)
    if wanted.checksum is None:
        expected = replace(expected, checksum_from="the table (it gives none, so the portal's was compared)")
    partial = Partial(wanted.out)
    partial.load()
    for address in found.addresses:
        # The key belongs to the portal alone.
        its_key = key if source.needs_key and _host(address) == _host(source.addresses[0]) else None
        try:
            _obtain(line, expected, partial, address, its_key)
            break
        except FetchError as trouble:
            if address == found.addresses[-1]:
                raise
            line.say(f"{line.name}: {trouble}; trying its open copy")
    contents = entry(source, address, found, partial.hashes.digits(), partial.offset)
    contents["md5_vouched_by"] = (
        "table" if wanted.checksum else contents["provider"] if found.checksum else None
    )
    settle(partial.path, wanted, contents)
    partial.discard()
    return contents


def _obtain(
    line: Line, expected: Wanted, partial: Partial, address: str, key: tuple[str, str] | None
) -> None:
    """Bring `partial` to the verified file; a mismatch after a resumed transfer gets one fresh start."""
    while True:
        if urlsplit(address).scheme == "file":
            copy(line, partial, address)
        else:
            transfer(line, address, partial, key, expected.size, expected.checksum is not None)
        spliced = partial.spliced
        try:
            _verify(partial, expected, address)
            return
        except WrongError as trouble:
            partial.discard()
            if not spliced:
                raise
            line.say(f"{line.name}: {trouble}; these bytes came in several pieces: starting over")


def _verify(partial: Partial, expected: Wanted, address: str) -> None:
    _verify_numbers(partial.hashes.digits(), partial.offset, expected, public(address))
    try:
        content.check(partial.path, expected.out.name, expected.kind, whole=expected.checksum is None)
        if expected.checksum is None and expected.size is None and not partial.announced:
            content.check_last_line(partial.path, expected.out.name, expected.kind)
    except WrongError as trouble:
        fix = f"correct the address ({public(address)}) or the kind '{expected.kind}'"
        raise WrongError(f"{trouble}; {fix}") from None


def _verify_numbers(digits: Mapping[str, str], size: int, expected: Wanted, place: str) -> None:
    where = expected.checksum_from
    fix = f"if {place} is the file you mean, correct {where}, else correct the address, and re-run"
    if expected.size is not None and size != expected.size:
        raise WrongError(f"size mismatch (expected {expected.size} bytes, got {size}); {fix}")
    wanted = expected.checksum
    if wanted is not None and digits[wanted.kind] != wanted.digits:
        raise WrongError(
            f"{wanted.kind} mismatch (expected {wanted.digits}, got {digits[wanted.kind]}); {fix}"
        )


def _refuse_disagreement(wanted: Wanted, source: Source, found: Record) -> None:
    ours, theirs = wanted.checksum, found.checksum
    # of two kinds nothing can be said before the bytes are here; then the table's is compared
    pairs = [(ours.kind, ours.digits, theirs.digits)] if ours and theirs and ours.kind == theirs.kind else []
    for name, ours, theirs in (*pairs, ("size", wanted.size, found.size)):
        if ours is not None and theirs is not None and ours != theirs:
            raise WrongError(
                f"{source.text}: {name} mismatch ({wanted.checksum_from} says {ours}, the portal {theirs}); "
                f"correct {wanted.checksum_from}"
            )


def _link(line: Line, wanted: Wanted, source: Source) -> dict:
    """A symbolic link to the user's own file, after the same checks."""
    target = local_file(source, wanted.out)
    size, digits = target.stat().st_size, hashed(target, line.say, line.patience.progress_every)
    _verify_numbers(digits, size, wanted, str(target))
    try:
        content.check(target, wanted.out.name, wanted.kind, whole=wanted.checksum is None)
    except WrongError as trouble:
        raise WrongError(f"{trouble}; correct the path {target} or the kind '{wanted.kind}'") from None
    link = Path(f"{wanted.out}.link")
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    contents = entry(source, str(target), Record(()), digits, size) | {"link": str(target)}
    contents["md5_vouched_by"] = "table" if wanted.checksum else None
    settle(link, wanted, contents)
    return contents


def _fetch_member(line: Line, wanted: Wanted, source: Source, key: tuple[str, str] | None) -> dict:
    """The zip to `<out>.zip`, then the member to `out`; the zip is deleted once its member is in place.

    Where the member is not in it, the zip stays for a re-run with another name.
    """
    whole = _zip_of(wanted)
    zip_line = replace(line, name=whole.out.name)
    fetched = present(whole, [source.text], line.say, line.patience.progress_every)
    if fetched is None and source.kind == "path":
        fetched = _link(zip_line, whole, source)
    elif fetched is None:
        fetched = _fetch_source(zip_line, whole, source, key)
    part = Path(f"{wanted.out}.part")
    try:
        digits, size = archive.extract(whole.out, wanted.member, part, line.say, line.patience.progress_every)
    except WrongError:
        _remove(whole)
        raise
    try:
        content.check(part, wanted.out.name, wanted.kind)
    except WrongError as trouble:
        part.unlink()
        raise WrongError(f"{wanted.member}: {trouble}; correct the member or the kind") from None
    contents = fetched | digits | {"size": size, "member": wanted.member}
    whats = ("md5", "sha256", "size")
    contents |= {"archive": {what: fetched[what] for what in whats if what in fetched}}
    contents.pop("link", None)
    settle(part, wanted, contents)
    _remove(whole)
    return contents


def _zip_of(wanted: Wanted) -> Wanted:
    zipped = Path(f"{wanted.out}.zip")
    return Wanted(
        zipped, Path(f"{zipped}.json"), "zip", wanted.checksum, wanted.size, None, wanted.checksum_from
    )


def _told(wanted: Wanted, done: dict) -> str:
    """The file's checksum, of the kind that was asked for."""
    kind = wanted.checksum.kind if wanted.checksum else "md5"
    return f"{kind} {done.get(kind) or wanted.checksum.digits}"


def _remove(wanted: Wanted) -> None:
    wanted.out.unlink(missing_ok=True)
    wanted.manifest.unlink(missing_ok=True)


def _host(address: str) -> str | None:
    return urlsplit(address).hostname

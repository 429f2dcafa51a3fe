"""Brings one http(s) address into a Partial: resumes what is here already, tries again after a break."""

from __future__ import annotations

import re
import shutil
from urllib.parse import urlsplit

import requests
import urllib3

from prism.fetch.checksum import BLOCK
from prism.fetch.errors import BrokenError, RefusedError, WrongError
from prism.fetch.partial import Partial
from prism.fetch.progress import Progress, size_in_words
from prism.fetch.request import Line, in_words, request


def transfer(
    line: Line,
    address: str,
    partial: Partial,
    key: tuple[str, str] | None = None,
    size: int | None = None,
    checksum_known: bool = False,
) -> None:
    """Bring `partial` to the whole file at an address.

    line: what all requests for the file share.
    address: of the file.
    partial: the bytes so far.
    key: (user, password) of HTTP basic authorisation, sent to this host only and dropped on a redirect to
    another; default None.
    size: bytes that the file must have; default None: unknown.
    checksum_known: whether the caller will compare a checksum; default False.
    Raises RefusedError if the address does not give the file or the attempts are used up (the bytes so far
    stay), WrongError if the size is another (the bytes are deleted).
    """
    if partial.complete and partial.is_from(address):
        return

    def attempt() -> None:
        try:
            _attempt(line, address, partial, key, size, checksum_known)
        finally:
            partial.close()

    line.patience.persist(attempt, line.name, line.say, lambda: partial.offset)
    partial.finish()


def _attempt(
    line: Line,
    address: str,
    partial: Partial,
    key: tuple[str, str] | None,
    size: int | None,
    checksum_known: bool,
) -> None:
    with request(line, address, partial.range_headers(address, checksum_known), key) as answer:
        _begin(line, answer, address, partial, size, checksum_known)
        if partial.complete:
            return
        total, host = partial.origin.size, urlsplit(address).hostname
        progress = Progress(line.name, total, partial.offset, line.say, line.patience.progress_every)
        try:
            for block in answer.raw.stream(BLOCK, decode_content=False):
                partial.append(block)
                progress.at(partial.offset)
                if size is not None and partial.offset > size:
                    partial.discard()
                    raise WrongError(f"size mismatch (expected {size} bytes, {host} sends more)")
        except urllib3.exceptions.HTTPError as trouble:
            raise BrokenError(f"{host}: {in_words(trouble, line.patience)} at {_share(partial)}") from None
        if total is not None and partial.offset != total:
            raise BrokenError(f"{host}: connection cut at {_share(partial)}")
        if size is not None and partial.offset < size:
            raise BrokenError(
                f"{host}: the answer ended at {_share(partial)}, {size_in_words(size)} expected"
            )


def _begin(
    line: Line,
    answer: requests.Response,
    address: str,
    partial: Partial,
    size: int | None,
    checksum_known: bool,
) -> None:
    """Compare the answer with what is here: go on, or start over."""
    host = urlsplit(address).hostname
    total = _total(answer)
    if answer.status_code != 200:
        start = _range_start(answer)
        there = partial.origin is not None and partial.agrees(answer.headers, checksum_known)
        if answer.status_code == 416 and there and total == partial.offset > 0:
            partial.learn_size(total)
            partial.finish()
            return
        known = partial.origin.size if partial.origin else None
        if not there or start != partial.offset or (known is not None and total not in (None, known)):
            partial.discard()
            raise BrokenError(f"{host}: the file there has changed, or cannot be resumed; starting over")
        if known is None and total is not None:
            partial.learn_size(total)
        partial.spliced = True
        line.say(f"{line.name}: going on at {_share(partial)}")
        return
    if size is not None and total is not None and total != size:
        partial.discard()
        raise WrongError(f"size mismatch (expected {size} bytes, {host} announces {total})")
    if partial.offset:
        line.say(f"{line.name}: {host} has another version, or cannot resume; starting over")
    partial.restart(address, answer.headers.get("ETag"), answer.headers.get("Last-Modified"), total)
    free = shutil.disk_usage(partial.path.parent).free
    if total is not None and total > free:
        partial.discard()
        raise RefusedError(
            f"needs {size_in_words(total)}, {partial.path.parent} has {size_in_words(free)} free; make room"
        )
    line.say(f"{line.name}: {size_in_words(total) if total is not None else 'unknown size'} from {host}")


def _total(answer: requests.Response) -> int | None:
    """Size of the whole file according to the answer, bytes; None when it does not say."""
    if answer.status_code == 200:
        length = answer.headers.get("Content-Length", "")
        return int(length) if length.isdigit() else None
    whole = re.search(r"/(\d+)\s*$", answer.headers.get("Content-Range", ""))
    return int(whole[1]) if whole else None


def _range_start(answer: requests.Response) -> int | None:
    start = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return int(start[1]) if start and answer.status_code == 206 else None


def _share(partial: Partial) -> str:
    total = partial.origin.size if partial.origin else None
    return size_in_words(partial.offset) + (f" of {size_in_words(total)}" if total else "")

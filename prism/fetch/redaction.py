"""Addresses without their secrets, fit for logs, errors, manifests and pages."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

STARS = "***"
# Keys of a query whose values say who asks, or until when, and not which file. Any value may be a secret and is
# starred; these alone are left out of a file's identity, so that a new token is no new file.
_WHO_ASKS = re.compile(
    r"(?i)[\w.-]*(token|secret|signature|credential|password|passwd|pwd|api_?key|access_?key(id)?|jwt|auth|"
    r"authorization|bearer|session|sas)|sig|x-amz-.*|x-goog-.*|expires|policy|key-pair-id"
)
# Keys that come with the `sig` of a shared access signature
_SHARED_ACCESS = (
    "sv",
    "st",
    "se",
    "sr",
    "sp",
    "spr",
    "ss",
    "srt",
    "skoid",
    "sktid",
    "skt",
    "ske",
    "sks",
    "skv",
)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"<>]+?(?=['),;:.\]}]*(?:[\s\"<>]|$))")


def public(address: str) -> str:
    """An address without user name, password and fragment, and with stars for every value of its query.

    address: any address or path; a path stays as it is.
    """
    parts = _split(address)
    if parts is None:
        return address if "://" not in address else f"{address.partition('://')[0]}://{STARS}"
    query = re.sub(r"[^&;]+", lambda found: _starred(found[0]), parts.query)
    return urlunsplit((parts.scheme, _host(parts), parts.path, query, ""))


def identity(address: str) -> str:
    """What names the file at an address, the same for every user name, password and token.

    address: any address or path, with its secrets or as `public` of version 0.1 left it.

    The values of a query that may choose the file count, as a checksum: they may be secrets too.
    """
    parts = _split(address)
    if parts is None:
        return public(address)
    pairs = re.findall(r"[^&;]+", parts.query)
    keys = [pair.partition("=")[0] for pair in pairs]
    beside = _SHARED_ACCESS if "sig" in keys else ()
    kept = [
        pair
        for key, pair in zip(keys, pairs, strict=True)
        if key not in beside and not ("=" in pair and _WHO_ASKS.fullmatch(key))
    ]
    plain = urlunsplit((parts.scheme, _host(parts), parts.path, "", ""))
    return f"{plain} {hashlib.sha256('&'.join(kept).encode()).hexdigest()[:16]}" if kept else plain


def redacted(text: str) -> str:
    """A text with `public` in place of every address in it.

    text: such as an error's, or a configuration's.
    """
    return _ADDRESS.sub(lambda found: public(found[0]), text)


def _split(address: str) -> SplitResult | None:
    """The parts of an address; None for a path and for what cannot be split."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return parts if parts.scheme and "://" in address else None


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def _starred(pair: str) -> str:
    key, equals, _ = pair.partition("=")
    return f"{key}={STARS}" if equals else STARS

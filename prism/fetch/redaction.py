"""Addresses without their secrets, fit for logs, errors and manifests."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

_SECRET = re.compile(
    r"(?i)\b((?:[\w.-]*(?:token|secret|signature|credential|password|passwd|api_?key|access_?key(?:id)?))|sig|key)=[^&]*"
)


def public(address: str) -> str:
    """An address without user name and password, and with stars for the values of secret query parameters.

    address: any address or path.
    """
    parts = urlsplit(address)
    if not parts.scheme:
        return address
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, _SECRET.sub(r"\1=***", parts.query), ""))

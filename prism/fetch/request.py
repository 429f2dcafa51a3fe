"""One GET, with failures sorted into those that may pass and those that will not."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
import urllib3

from prism import __version__
from prism.fetch.environment import filled
from prism.fetch.errors import BrokenError, RefusedError
from prism.fetch.progress import Say
from prism.fetch.retry import Patience

_RETRIED = (408, 425, 429, 500, 502, 503, 504, 507, 509, 520, 521, 522, 523, 524)
_REASONS = {
    401: "needs an account (401)",
    403: "does not allow it (403); the file may be unreleased, or need an account or a key",
    404: "has no such file (404); correct the address",
    410: "no longer has this file (410); give another address",
}


@dataclass(frozen=True)
class Line:
    """What all requests for one file share.

    session: the connections.
    patience: how long to wait and how often to try again.
    name: of the file, for messages.
    say: writes one line of the log.
    """

    session: requests.Session
    patience: Patience
    name: str
    say: Say


def request(
    line: Line, address: str, headers: dict[str, str] | None = None, key: tuple[str, str] | None = None
) -> requests.Response:
    """Send a GET and return the answer, its body not yet read.

    line: the transfer that it belongs to.
    address: what to get.
    headers: further headers; default None.
    key: (user, password) of HTTP basic authorisation; default None.
    Raises BrokenError for a failure that may pass, RefusedError for one that will not; any status other than
    200, 206 and 416 is a failure, and so is a variable of the address that is not set. Messages name the host only,
    because the address that a portal redirects to carries a signature.
    """
    host = urlsplit(address).hostname
    # The bytes must be the file's own: an answer compressed on the way would not match its md5 and size.
    headers = {"Accept-Encoding": "identity", "User-Agent": f"prism-workflow/{__version__}"} | (headers or {})
    timeout = (line.patience.connect, line.patience.read)
    try:
        answer = line.session.get(filled(address), headers=headers, auth=key, stream=True, timeout=timeout)
    except requests.TooManyRedirects:
        raise RefusedError(f"{host} redirects in a circle") from None
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
        raise RefusedError(
            f"{host}: the address, or one that it redirects to, is malformed or not http(s)"
        ) from None
    except requests.RequestException as trouble:
        raise BrokenError(f"{host}: {in_words(trouble, line.patience)}") from None
    if answer.status_code in (200, 206, 416):
        return answer
    status, wait = answer.status_code, _retry_after(answer)
    answer.close()
    if status in _RETRIED:
        raise BrokenError(f"{host} answers {status}", wait)
    raise RefusedError(f"{host} {_REASONS.get(status, f'answers {status}')}")


def in_words(trouble: Exception, patience: Patience) -> str:
    """Name a network error without its own text, which may hold a signed address.

    trouble: the error.
    patience: the waiting times, for the message.
    """
    chain, seen = [trouble], trouble
    while seen := (getattr(seen, "reason", None) or seen.__cause__ or seen.__context__):
        if not isinstance(seen, BaseException) or seen in chain:
            break
        chain.append(seen)
    nested = [part for link in chain for part in (link, *link.args) if isinstance(part, BaseException)]
    families = (
        (urllib3.exceptions.ReadTimeoutError, f"no byte in {patience.read:g} s"),
        (urllib3.exceptions.NameResolutionError, "this host name is not known here"),
        (urllib3.exceptions.ProxyError, "the proxy does not let it through"),
        (urllib3.exceptions.SSLError, "TLS failed (certificate or connection)"),
        (urllib3.exceptions.NewConnectionError, "cannot connect"),
        (urllib3.exceptions.ConnectTimeoutError, f"no answer in {patience.connect:g} s"),
        (urllib3.exceptions.ProtocolError, "connection cut"),
    )
    for family, words in families:
        if any(isinstance(part, family) for part in nested):
            return words
    return "connection failed"


def _retry_after(answer: requests.Response) -> float:
    seconds = answer.headers.get("Retry-After", "")
    return float(seconds) if seconds.isdigit() else 0.0

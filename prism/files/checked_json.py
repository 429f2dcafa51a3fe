"""JSON records with a checksum over what they say, so that one changed digit shows.

A record of version 0.1.0 has none, and is read as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEY = "checksum"
_MARK = "sha256:"  # begins the value, so that a record whose key is damaged is not taken for one without


def with_checksum(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record, as JSON holds it, and its checksum under the key `checksum`.

    record: what JSON can hold, without that key.
    """
    content = json.loads(json.dumps(record, allow_nan=False))
    return {**content, KEY: _checksum(content)}


def read_checked(path: str | Path, what: str, again: str) -> dict[str, Any]:
    """Read a record; the result lacks the checksum.

    path: the JSON file.
    what: its name in messages ("run's record").
    again: how to make it again, in words.
    Raises ValueError, with the file and the fix, for what is not JSON in UTF-8, is no object, or has another checksum;
    OSError where the file cannot be opened.
    """
    body = Path(path).read_bytes()
    try:
        record = json.loads(body.decode("utf-8"))
    except ValueError as error:  # JSON's and UTF-8's are such
        raise ValueError(f"{path}: not JSON ({error}); delete it and {again}") from None
    if not isinstance(record, dict):
        raise ValueError(f"{path}: not a {what} but a JSON {type(record).__name__}; delete it and {again}")
    said = record.pop(KEY, None)
    lost = said is None and any(
        isinstance(value, str) and value.startswith(_MARK) for value in record.values()
    )
    if lost or (said is not None and said != _checksum(record)):
        raise ValueError(
            f"{path}: this {what} is damaged, or was changed by hand (checksum mismatch); delete it and {again}; or "
            f'remove "{KEY}" from it if you changed it on purpose'
        )
    return record


def _checksum(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return _MARK + hashlib.sha256(text.encode()).hexdigest()

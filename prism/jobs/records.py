"""Small JSON records, such as those beside a run's state; a damaged one is known by its checksum.

Standard library only, because the workflow reads them before a job starts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prism.files.atomic import writing
from prism.files.checked_json import read_checked, with_checksum


def read(path: str | Path) -> dict[str, Any] | None:
    """The record in a file, or None if there is no readable one.

    path: the JSON file.
    """
    try:
        return read_checked(path, "record", "run again")
    except (OSError, ValueError):
        return None


def write(path: str | Path, record: Mapping[str, Any]) -> None:
    """Write a record, whole or not at all.

    path: the JSON file.
    record: what JSON can hold.
    """
    with writing(path) as part:
        part.write_text(json.dumps(with_checksum(without_nan(record)), indent=1) + "\n")


def without_nan(value: Any) -> Any:
    """The same value with None in place of every number that is not finite, as JSON needs it.

    value: any nesting of dicts and lists.
    """
    if isinstance(value, Mapping):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

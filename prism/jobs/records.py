"""Small JSON records beside a run's state.

Standard library only, because the workflow reads them before a job starts.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from prism.files.atomic import writing


def read(path: str | Path) -> dict[str, Any] | None:
    """The record in a file, or None if there is no readable one.

    path: the file.
    """
    try:
        record = json.loads(Path(path).read_text())
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def write(path: str | Path, record: dict[str, Any]) -> None:
    """Write a record, whole or not at all.

    path: the file.
    record: what JSON can hold.
    """
    with writing(path) as part:
        part.write_text(json.dumps(record, indent=1) + "\n")

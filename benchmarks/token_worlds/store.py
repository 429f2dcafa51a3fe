"""The table of worlds: one row a world, written whole or not at all, so that a killed run goes on where it was."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from benchmarks.resumable import locked
from benchmarks.token_worlds.protocol import ARMS, NULL, Task, hash_of
from prism.files.atomic import writing

KEY = list(Task._fields)
FIRST = [*KEY, "settings_hash", "revision", "seconds"]


def read_worlds(path: Path) -> pd.DataFrame:
    """The rows that hold for the protocol as it is now; others are left in the file and not given.

    path: the table; it need not exist.
    """
    if not path.is_file():
        return pd.DataFrame(columns=FIRST)
    table = pd.read_csv(path, sep="\t", dtype={"settings_hash": str, "revision": str})
    now = {arm: hash_of(Task(arm, 0)) for arm in (*ARMS, NULL)}
    return table[table["settings_hash"] == table["arm"].map(now)].reset_index(drop=True)


def add_world(path: Path, row: dict[str, object]) -> None:
    """Add a row, of whatever process; a column that the table lacks is added to it.

    path: the table; made if it is not there.
    row: column -> value.
    """
    with locked(path):
        before = pd.read_csv(path, sep="\t", dtype=str) if path.is_file() else pd.DataFrame(columns=FIRST)
        told = {name: f"{each:.6g}" if isinstance(each, float) else str(each) for name, each in row.items()}
        text = io.StringIO()
        pd.concat([before, pd.DataFrame([told])]).to_csv(text, sep="\t", index=False, na_rep="")
        with writing(path) as part:
            part.write_text(text.getvalue(), encoding="utf-8")


def done(worlds: pd.DataFrame) -> set[Task]:
    """The tasks that have a row.

    worlds: of `read_worlds`.
    """
    return {Task(*row) for row in worlds[KEY].itertuples(index=False)}

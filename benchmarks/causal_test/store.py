"""The table of runs: one row a run, written whole or not at all, so that a killed test goes on where it was."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.causal_test.protocol import Task, hash_of
from benchmarks.resumable import locked
from prism import NUMBERS_VERSION
from prism.files.atomic import writing

KEY = list(Task._fields)
VALUES = [
    *(f"{output}_{what}" for what in ("mse_same", "mse_shifted", "r_same", "r_shifted", "slope_background",
                                      "slope_mark") for output in ("observed", "intervened")),
    "context_sd_genes", "context_sd_channels", "context_cosine", "best_step", "seconds",
]  # fmt: skip
COLUMNS = [*KEY, "seed", "settings_hash", "numbers_version", "revision", *VALUES]


def read_runs(path: Path) -> pd.DataFrame:
    """The rows that hold for the protocol as it is now; others are left in the file and not given.

    path: the table; it need not exist.
    """
    if not path.is_file():
        return pd.DataFrame(columns=COLUMNS)
    table = pd.read_csv(path, sep="\t", dtype={"settings_hash": str, "revision": str})
    now = []
    for row in table[[*KEY, "settings_hash", "numbers_version"]].itertuples(index=False):
        try:
            expected = hash_of(Task(*row[: len(KEY)]))
        except KeyError:  # a family or an arm that there is no more
            expected = ""
        now.append(row.settings_hash == expected and row.numbers_version == NUMBERS_VERSION)
    return table[now].reset_index(drop=True)


def add_run(path: Path, row: dict[str, object]) -> None:
    """Add a row, of whatever process.

    path: the table; made if it is not there.
    row: column -> value; a column that it lacks is left empty.
    """
    with locked(path):
        before = path.read_text() if path.is_file() else "\t".join(COLUMNS) + "\n"
        with writing(path) as part:
            part.write_text(before + "\t".join(_told(row.get(name)) for name in COLUMNS) + "\n")


def done(runs: pd.DataFrame) -> set[Task]:
    """The tasks that have a row.

    runs: of `read_runs`.
    """
    return {Task(*row) for row in runs[KEY].itertuples(index=False)}


def _told(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)

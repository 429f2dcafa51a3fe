"""Where the files of a run go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CHECKPOINT, HISTORY, PREDICTIONS, RECORD = "best.ckpt", "history.csv", "predictions.tsv.gz", "metrics.json"
STATE = "state"


@dataclass(frozen=True)
class RunPaths:
    """The files of a run: best.ckpt, history.csv, predictions.tsv.gz and metrics.json.

    state: folder of its resumable state, which a finished run removes.
    """

    checkpoint: Path
    history: Path
    predictions: Path
    metrics: Path
    state: Path

    @classmethod
    def within(cls, folder: str | Path) -> RunPaths:
        """The files of a run by their usual names in one folder, its state in a folder `state` there.

        folder: of the run; it need not exist yet.
        """
        return cls(*(Path(folder) / name for name in (CHECKPOINT, HISTORY, PREDICTIONS, RECORD, STATE)))

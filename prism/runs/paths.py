"""Where the files of a run go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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

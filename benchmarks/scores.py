"""The test scores of finished runs as one table: python -m benchmarks.scores FOLDER [FOLDER ...] > scores.tsv

FOLDER: a working directory of the workflow, with results/runs/.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from prism.runs.record import RunRecord
from prism.scores import METRICS, SELECTED_BY


def row(path: Path) -> dict:
    """One run's identity and test scores."""
    record = RunRecord.read(path)
    return {
        **{key: getattr(record, key) for key in ("cell_type", "model", "fold", "seed")},
        "training_steps": (record.entry.get("training") or {}).get("steps"),
        "best_step": record.best_step,
        "genes": record.genes("test"),
        **{name: round(record.score("test", name), 4) for name in METRICS},
        f"train_mean_{SELECTED_BY}": round(record.floor("test")[SELECTED_BY], 4),
        "numbers_version": record.provenance["numbers_version"],
    }


def main() -> None:
    paths = [
        path for folder in sys.argv[1:] for path in Path(folder).glob("results/runs/*/*/*/*/metrics.json")
    ]
    table = pd.DataFrame([row(path) for path in paths])
    table = table.sort_values(["cell_type", "fold", "model", "seed"], key=lambda column: column.astype(str))
    for name in ("training_steps", "best_step"):
        table[name] = table[name].astype("Int64")  # none for ridge
    table.to_csv(sys.stdout, sep="\t", index=False)


if __name__ == "__main__":
    main()

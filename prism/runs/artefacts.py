"""The files of a run: best.ckpt, history.csv, predictions.tsv.gz, metrics.json.

Each appears whole or not at all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from prism.files.atomic import writing


@dataclass(frozen=True)
class RunPaths:
    """Where a run's files go; `state` is the directory of its resumable state."""

    checkpoint: Path
    history: Path
    predictions: Path
    metrics: Path
    state: Path
    tensorboard: Path | None = None  # folder of event files, None for none


def write_checkpoint(path: str | Path, checkpoint: dict[str, Any]) -> None:
    """Write best.ckpt: tensors and plain values only, so that it loads with weights_only=True."""
    with writing(path) as part:
        torch.save(checkpoint, part)


def write_history(path: str | Path, rows: list[dict[str, float]]) -> None:
    """Write history.csv, one row a validation."""
    first = ["step", "epoch", "seconds", "steps_per_s", "peak_memory_gb", "learning_rate", "grad_norm"]
    first.append("train_loss")
    last = ["valid_mse", "valid_mae", "valid_pearson"]
    terms = sorted({name for row in rows for name in row} - {*first, *last})
    with writing(path) as part:
        pd.DataFrame(rows, columns=[*first, *terms, *last]).to_csv(part, index=False)


def write_predictions(path: str | Path, table: pd.DataFrame) -> None:
    """Write a gzipped table of predictions; equal tables make equal bytes."""
    with writing(path) as part:
        table.to_csv(part, sep="\t", index=False, compression={"method": "gzip", "mtime": 0})


def write_metrics(path: str | Path, record: dict[str, Any]) -> None:
    """Write metrics.json; a score that does not exist is null, for JSON has no NaN."""
    with writing(path) as part:
        part.write_text(json.dumps(without_nan(record), indent=1, allow_nan=False) + "\n")


def prediction_table(windows, indices: Sequence[int], prediction: np.ndarray) -> pd.DataFrame:
    """gene_id, chrom, tss, expression (where known) and prediction of some genes.

    Numbers are the shortest text that gives the same float32 back.
    """
    columns = {
        "gene_id": [windows.gene_id[i] for i in indices],
        "chrom": [windows.chrom[i] for i in indices],
        "tss": [int(windows.tss[i]) for i in indices],
    }
    if windows.expression is not None:
        known = windows.expression.detach().cpu().numpy()[np.asarray(indices)]
        columns["expression"] = [_shortest(value) for value in known]
    return pd.DataFrame(columns | {"prediction": [_shortest(value) for value in prediction]})


def without_nan(value: Any) -> Any:
    """`value` (nested dicts and lists) with None for every number that is not finite."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _shortest(value: np.float32) -> str:
    return "" if math.isnan(value) else str(np.float32(value))

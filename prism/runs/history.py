"""history.csv: how a training went, one row a validation."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from prism import scores
from prism.files.checksums import refuse_damaged, writing_checked

FIRST = (
    "step", "epoch", "seconds", "steps_per_s", "peak_memory_gb", "learning_rate", "grad_norm", "train_loss",
)  # fmt: skip


def valid_column(metric: str, cell_type: str = "") -> str:
    """The column of a validation score: valid_mse for mse, valid_mse_K562 for that of one cell type of several.

    metric: a name in `prism.scores.METRICS`.
    cell_type: one of those that a model was trained on; default: of all genes.
    """
    return f"valid_{metric}" + (f"_{cell_type}" if cell_type else "")


def write_history(path: str | Path, rows: list[dict[str, float]]) -> None:
    """Write the history of a training; the file appears whole or not at all.

    path: the file, comma separated.
    rows: one a validation; keys that are not known columns, the terms of the loss, come between train_loss and
    the validation's scores. Those of single cell types come last.
    """
    last = [valid_column(metric.name) for metric in scores.headlines()]
    begin = valid_column(scores.SELECTED_BY, " ").rstrip()
    last += list(dict.fromkeys(name for row in rows for name in row if name.startswith(begin)))
    terms = sorted({name for row in rows for name in row} - {*FIRST, *last})
    with writing_checked(path) as part:
        pd.DataFrame(rows, columns=[*FIRST, *terms, *last]).to_csv(part, index=False)


def read_history(path: str | Path) -> pd.DataFrame:
    """Read a history, one row a validation.

    path: the history of a training.
    Raises ValueError, naming the file and the fix, for a damaged file.
    """
    refuse_damaged(path, "re-run the training")
    try:
        return pd.read_csv(path)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read ({error}); re-run the training") from None

"""predictions.tsv.gz: what a model predicts, gene by gene."""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from prism.files.atomic import writing

TEXT = ("gene_id", "chrom", "split")


def prediction_table(windows, indices: Sequence[int], prediction: np.ndarray) -> pd.DataFrame:
    """gene_id, chrom, tss, expression (where known) and prediction of some genes.

    windows: a `Windows` reader.
    indices: places of the genes in it, (n,).
    prediction: log10(x + 1), (n,).
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


def write_predictions(path: str | Path, table: pd.DataFrame) -> None:
    """Write a gzipped table; it appears whole or not at all, and equal tables make equal bytes.

    path: the file to write.
    table: a row for each gene, as `prediction_table` makes it.
    """
    with writing(path) as part:
        table.to_csv(part, sep="\t", index=False, compression={"method": "gzip", "mtime": 0})


def read_predictions(path: str | Path) -> pd.DataFrame:
    """Read a table of predictions; gene_id, chrom and split are text.

    path: the file that `write_predictions` wrote.
    Raises ValueError, naming the file and the fix, for a damaged file.
    """
    try:
        return pd.read_csv(path, sep="\t", dtype=dict.fromkeys(TEXT, str))
    except (EOFError, gzip.BadGzipFile, zlib.error, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{path}: cannot be read ({error}); re-run the training") from None


def _shortest(value: np.float32) -> str:
    return "" if math.isnan(value) else str(np.float32(value))

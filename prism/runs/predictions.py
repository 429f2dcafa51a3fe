"""Tables of what a model, or several seeds of it, predict, gene by gene."""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from prism.files.atomic import writing

TEXT = ("cell_type", "gene_id", "symbol", "chrom", "split", "reason")


def prediction_table(windows, indices: Sequence[int], prediction: np.ndarray) -> pd.DataFrame:
    """gene_id, chrom, tss, expression (where known) and prediction of some genes; of joint windows cell_type before.

    windows: a `Windows` reader, or `JointWindows`.
    indices: places of the genes in it, (n,).
    prediction: log10(x + 1), (n,).
    Numbers are the shortest text that gives the same float32 back.
    """
    cell_types = getattr(windows, "cell_types", None)
    columns = {"cell_type": [cell_types[i] for i in indices]} if cell_types else {}
    columns |= {
        "gene_id": [windows.gene_id[i] for i in indices],
        "chrom": [windows.chrom[i] for i in indices],
        "tss": [int(windows.tss[i]) for i in indices],
    }
    if windows.expression is not None:
        known = windows.expression.detach().cpu().numpy()[np.asarray(indices)]
        columns["expression"] = [_shortest(value) for value in known]
    return pd.DataFrame(columns | {"prediction": [_shortest(value) for value in prediction]})


def cell_type_table(
    windows, indices: Sequence[int], prediction: np.ndarray, split: Sequence[str], reason: Sequence[str]
) -> pd.DataFrame:
    """gene_id, symbol, chrom, tss, split, expression (where known), prediction and reason of genes of any cell type.

    windows: a `Windows` reader with its genes table.
    indices: places of the genes in it, (n,).
    prediction: log10(x + 1), (n,); nan for a gene that is not predicted.
    split: (n,) in the fold of the model's training, '' where that does not have the gene.
    reason: (n,) why a gene is not predicted, else ''.
    """
    table = prediction_table(windows, indices, prediction)
    symbols = windows.gene_table.kept.set_index("gene_id")["symbol"].fillna("")
    table.insert(1, "symbol", symbols.loc[table["gene_id"]].to_numpy())
    table.insert(4, "split", list(split))
    return table.assign(reason=list(reason))


def ensemble_table(members: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """The predictions of several seeds side by side: mean, sd and n over the seeds, and each.

    members: by seed, a table as `cell_type_table` makes it and `read_predictions` reads it, of the same genes.

    Returns gene_id, symbol, chrom, tss, split, expression (where known), mean, sd (over n - 1; empty for one seed), n,
    a column seed<i> for each, and reason.
    Raises ValueError where the members are of other genes.
    """
    first = next(iter(members.values()))
    for seed, table in members.items():
        if list(table["gene_id"]) != list(first["gene_id"]):
            raise ValueError(
                f"seed {seed} has other genes than seed {next(iter(members))}; predict both again"
            )
    each = np.stack([table["prediction"].to_numpy(np.float64) for table in members.values()], axis=1)
    sd = each.std(axis=1, ddof=1) if each.shape[1] > 1 else np.full(len(each), np.nan)
    table = first.drop(columns=["prediction", "reason"]).astype({"tss": np.int64})
    if "expression" in table:
        table["expression"] = [_shortest(value) for value in table["expression"]]
    columns = {"mean": each.mean(axis=1), "sd": sd}
    table = table.assign(**{name: [_shortest(value) for value in values] for name, values in columns.items()})
    table["n"] = each.shape[1]
    for place, seed in enumerate(members):
        table[f"seed{seed}"] = [_shortest(value) for value in each[:, place]]
    return table.assign(reason=first["reason"])


def write_predictions(path: str | Path, table: pd.DataFrame) -> None:
    """Write a gzipped table; it appears whole or not at all, and equal tables make equal bytes.

    path: the file to write.
    table: a row for each gene, as `prediction_table` makes it.
    """
    with writing(path) as part:
        table.to_csv(part, sep="\t", index=False, compression={"method": "gzip", "mtime": 0})


def read_predictions(path: str | Path) -> pd.DataFrame:
    """Read a table of predictions; what is in `TEXT` is text, the rest numbers, nan where there is none.

    path: the file that `write_predictions` wrote.
    Raises ValueError, naming the file and the fix, for a damaged file.
    """
    try:
        numbers = [name for name in pd.read_csv(path, sep="\t", nrows=0).columns if name not in TEXT]
        return pd.read_csv(
            path,
            sep="\t",
            dtype=dict.fromkeys(TEXT, str),
            keep_default_na=False,  # a gene may be called NA
            na_values={name: ["", "nan"] for name in numbers},
        )
    except (EOFError, gzip.BadGzipFile, zlib.error, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{path}: cannot be read ({error}); re-run the training") from None


def with_own_names(table: pd.DataFrame) -> pd.DataFrame:
    """The same predictions with a gene_id of its own in every row: <cell type>/<gene_id> where there are several.

    table: as `read_predictions` reads it.
    """
    if "cell_type" not in table:
        return table
    return table.assign(gene_id=table["cell_type"] + "/" + table["gene_id"])


def over_cell_types(table: pd.DataFrame) -> pd.DataFrame:
    """The same predictions with one row a gene: label and prediction are the means over the cell types that have it.

    table: as `read_predictions` reads it; that of a single cell type stays as it is.
    """
    if "cell_type" not in table:
        return table
    by_gene = ["gene_id", "chrom", "tss", "split"]
    return table.groupby(by_gene, sort=False)[["expression", "prediction"]].mean().reset_index()


def _shortest(value: np.float32) -> str:
    return "" if math.isnan(value) else str(np.float32(value))

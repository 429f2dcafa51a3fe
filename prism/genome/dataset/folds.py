"""Which genes train, validate and test a fold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from prism.files.table import line_of, read_table
from prism.genome.genes.gtf import stable_id

SPLITS = ("train", "valid", "test")


def read(path) -> pd.DataFrame:
    """Read a folds table; all columns are text.

    path: tab-separated: fold, chromosome or gene_id, split.
    Raises ValueError if a column is missing, or a cell of one is empty.
    """
    table = read_table(path, ("fold", "split"))
    try:
        key = _key_column(table)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    for column in ("fold", key, "split"):
        if (empty := (table[column] == "").to_numpy()).any():
            line = line_of(table, int(empty.argmax()))
            raise ValueError(f"{path}, line {line}: no {column}; fill it in or remove the line")
    return table


def assign(folds: pd.DataFrame, fold: int | str, gene_id: Sequence[str], chrom: Sequence[str]) -> np.ndarray:
    """The split of every gene in one fold: (n,) text 'train', 'valid', 'test', or '' for genes it does not
    list.

    folds: columns fold, split and either chromosome (with or without 'chr') or gene_id (with or without version).
    fold: name of the fold in the table.
    gene_id: (n,) of the dataset's genes.
    chrom: (n,) of the dataset's genes.
    Raises ValueError for an unknown fold or split, a contradiction, an empty split, and a chromosome or gene
    of the valid
    or test set that the dataset lacks: scores on part of a test set cannot be compared with anybody's.
    """
    splits = splits_of(folds, fold, gene_id, chrom)
    key, rows = listed(folds, fold)
    plain, names = _plain(key), chrom if key == "chromosome" else gene_id
    _refuse_incomplete(rows, key, fold, plain, {plain(name) for name in names}, splits)
    return splits


def splits_of(
    folds: pd.DataFrame, fold: int | str, gene_id: Sequence[str], chrom: Sequence[str]
) -> np.ndarray:
    """The same as `assign`, but a split may be empty or incomplete.

    folds: columns fold, split and either chromosome (with or without 'chr') or gene_id.
    fold: name of the fold in the table.
    gene_id: (n,) of any genes.
    chrom: (n,) of the same genes.
    Raises ValueError for an unknown fold or split, and a contradiction.
    """
    key, rows = listed(folds, fold)
    plain = _plain(key)
    split_of = _split_by_name(rows, key, fold, plain)
    names = chrom if key == "chromosome" else gene_id
    return np.array([split_of.get(plain(name), "") for name in names], dtype="<U5")


def listed(folds: pd.DataFrame, fold: int | str) -> tuple[str, pd.DataFrame]:
    """What a fold is made of, chromosome or gene_id, and its rows.

    folds: columns fold, split and either chromosome or gene_id.
    fold: name of the fold in the table.
    Raises ValueError for an unknown fold.
    """
    key = _key_column(folds)
    rows = folds[folds["fold"].astype(str) == str(fold)]
    if rows.empty:
        known = ", ".join(dict.fromkeys(folds["fold"].astype(str)))
        raise ValueError(f"fold {fold} is not in the folds table; it has: {known}")
    return key, rows


def unmatched(
    folds: pd.DataFrame, fold: int | str, gene_id: Sequence[str], chrom: Sequence[str]
) -> dict[str, list[str]]:
    """By split, what a fold lists and none of the genes has: chromosomes or gene ids; {} if there is nothing.

    folds: columns fold, split and either chromosome (with or without 'chr') or gene_id.
    fold: name of the fold in the table.
    gene_id: (n,) of the genes that are there.
    chrom: chromosomes on which there are genes.
    Raises ValueError for an unknown fold.
    """
    key, rows = listed(folds, fold)
    plain = _plain(key)
    there = {plain(name) for name in (chrom if key == "chromosome" else gene_id)}
    absent = rows[[plain(name) not in there for name in rows[key]]]
    return {
        split: list(absent.loc[absent["split"] == split, key])
        for split in SPLITS
        if split in set(absent["split"])
    }


def _plain(key: str):
    return _without_chr if key == "chromosome" else stable_id


def _without_chr(name: str) -> str:
    return str(name).removeprefix("chr")


def _key_column(folds: pd.DataFrame) -> str:
    keys = [column for column in ("chromosome", "gene_id") if column in folds.columns]
    if len(keys) != 1 or not {"fold", "split"} <= set(folds.columns):
        raise ValueError(
            "a folds table needs the columns fold, split and one of chromosome or gene_id; "
            f"this one has: {', '.join(map(str, folds.columns))}"
        )
    return keys[0]


def _split_by_name(rows: pd.DataFrame, key: str, fold: int | str, plain) -> dict[str, str]:
    split_of: dict[str, str] = {}
    for name, split in zip(rows[key], rows["split"], strict=True):
        if split not in SPLITS:
            raise ValueError(f"fold {fold}, {name}: split '{split}' is not one of {', '.join(SPLITS)}")
        earlier = split_of.setdefault(plain(name), split)
        if earlier != split:
            raise ValueError(f"fold {fold}: {name} is listed both as {earlier} and as {split}; keep one row")
    return split_of


def _refuse_incomplete(rows, key: str, fold, plain, present: set[str], splits: np.ndarray) -> None:
    for split in SPLITS:
        listed = list(rows.loc[rows["split"] == split, key])
        what = {"chromosome": "chromosomes", "gene_id": "genes"}[key]
        if not (splits == split).any():
            raise ValueError(
                f"fold {fold}: no gene of the dataset is in its {split} split "
                f"({what} listed: {_some(listed) or 'none'}); choose another fold or correct the folds table"
            )
        missing = [name for name in listed if plain(name) not in present]
        if split != "train" and missing:
            raise ValueError(
                f"fold {fold}: its {split} split is incomplete, the dataset has no gene for {len(missing)} "
                f"of {len(listed)} {what}: {_some(missing)}; add them to the dataset or take them out of the fold"
            )


def _some(names: list[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")

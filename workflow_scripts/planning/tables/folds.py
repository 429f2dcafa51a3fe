"""The split of one fold as a string: what a trained model depends on, whatever the file's layout or place."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from prism.genome.dataset.folds import splits_of
from workflow_scripts.planning.tables.names import among


def split_of(table: pd.DataFrame, fold: str, path: Path) -> str:
    """A canonical description of a fold; chromosomes by name, gene lists by their checksum.

    table: the folds table.
    fold: its name there.
    path: of the table, for the error.
    Raises ValueError for a fold that is not in the table or lacks train, valid or test, for another split and for a
    chromosome or gene in two splits.
    """
    rows = table[table["fold"] == str(fold)]
    if rows.empty:
        known = sorted(set(table["fold"]))
        raise ValueError(
            f"{path}: fold {fold} is not in the table; {_quoted(known) or among(str(fold), known)}"
        )
    try:
        splits_of(table, fold, [], [])  # refuses other splits, and a chromosome or gene in two of them
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    for split in ("train", "valid", "test"):
        if split not in set(rows["split"]):
            raise ValueError(
                f"{path}: fold {fold} has nothing in its {split} split; name at least one chromosome or gene for it"
            )
    unit = "gene_id" if "gene_id" in table.columns else "chromosome"
    pairs = sorted(zip(rows[unit], rows["split"], strict=True))
    if unit == "gene_id":
        return "genes:" + hashlib.sha256(repr(pairs).encode()).hexdigest()[:16]
    return ",".join(f"{name}={split}" for name, split in pairs)


def _quoted(known: list[str]) -> str:
    """A hint where folds of the table begin with a zero, which YAML takes off a number."""
    zeros = [name for name in known if name.isdecimal() and name != str(int(name))]
    there = f"there are: {', '.join(known)}"
    return f"{there}; in YAML write {', '.join(map(repr, zeros))} with the quotation marks" if zeros else ""

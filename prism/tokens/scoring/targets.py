"""Known targets of factors: a table `source, target, weight`, or a list with a column of genes for each set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from prism.files.table import line_of, read_table

SOURCE, TARGET, WEIGHT = "source", "target", "weight"


@dataclass(frozen=True)
class Targets:
    """The targets of one factor.

    weight: gene -> 1 where the factor activates it, -1 where it represses it, 0 where that is not known.
    """

    weight: Mapping[str, float]

    def __len__(self) -> int:
        return len(self.weight)


def read_targets(path: str | Path, source: str) -> Targets:
    """The targets of one factor in a table with a row for each pair.

    path: columns source and target (ids or symbols), weight (a number) if there is one; tabs or commas.
    source: the factor, as the table writes it.
    Raises ValueError, with the line, for an absent factor, a weight that is no number, and a pair that is there twice
    with weights of different signs.

    Of `source_id` and `source`, and of `target_id` and `target`, the ids are read where the table has them and the
    source is given as one.
    """
    table = read_table(path, [SOURCE, TARGET])
    by_id = f"{SOURCE}_id" in table and f"{TARGET}_id" in table and source in set(table[f"{SOURCE}_id"])
    from_column, to_column = (f"{SOURCE}_id", f"{TARGET}_id") if by_id else (SOURCE, TARGET)
    found: dict[str, float] = {}
    for row, cells in table.iterrows():
        if cells[from_column] != source or not cells[to_column]:
            continue
        weight = _weight(cells, f"{path}, line {line_of(table, row)}")
        before = found.get(cells[to_column], weight)
        if before * weight < 0:
            raise ValueError(
                f"{path}, line {line_of(table, row)}: {source} both activates and represses {cells[to_column]}; leave "
                "one line, or write weight 0"
            )
        found[cells[to_column]] = before or weight
    if not found:
        there = ", ".join(sorted(set(table[SOURCE]))[:12])
        raise ValueError(f"{path}: no target of {source!r}; the column {SOURCE} has {there}")
    found.pop(source, None)
    return Targets(found)


def read_lists(path: str | Path) -> dict[str, list[str]]:
    """Sets of genes from a table that has a column for each: name of the column -> genes, in order, none twice.

    path: such as Geneformer's CSV of GATA4 and TBX5 targets; columns may be of different length.
    Raises ValueError for a table of pairs, which `read_targets` reads.
    """
    table = read_table(path)
    if {SOURCE, TARGET} <= set(table.columns):
        raise ValueError(
            f"{path}: has columns {SOURCE} and {TARGET}, so it is a table of pairs, not of lists"
        )
    return {name: list(dict.fromkeys(each for each in table[name] if each)) for name in table.columns}


def _weight(cells: pd.Series, where: str) -> float:
    text = cells.get(WEIGHT, "")
    try:
        return float(text) if text else 0.0
    except ValueError:
        raise ValueError(
            f"{where}: weight {text!r} is no number; 1 activates, -1 represses, 0 is unknown"
        ) from None

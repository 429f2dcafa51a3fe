"""Known targets of factors: a table `source, target, weight`, or a list with a column of genes for each set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from prism.files.table import line_of, read_table

SOURCE, TARGET, WEIGHT, KIND = "source", "target", "weight", "kind"
DIRECT, INDIRECT = "direct", "indirect"


@dataclass(frozen=True)
class Targets:
    """The targets of one factor.

    weight: gene -> 1 where the factor activates it, -1 where it represses it, 0 where that is not known.
    kind: gene -> direct or indirect, of those of which that is known; default: none.
    """

    weight: Mapping[str, float]
    kind: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.weight)


def read_targets(path: str | Path, source: str) -> Targets:
    """The targets of one factor in a table with a row for each pair.

    path: columns source and target (ids or symbols); weight (a number) and kind (direct or indirect) if they are there;
    tabs or commas.
    source: the factor, as the table writes it.
    Raises ValueError, with the line, for an absent factor, a weight that is no number, another kind, and a pair that is
    there twice with weights of different signs.

    Of `source_id` and `source`, and of `target_id` and `target`, the ids are read where the table has them and the
    source is given as one.
    """
    table = read_table(path, [SOURCE, TARGET])
    by_id = f"{SOURCE}_id" in table and f"{TARGET}_id" in table and source in set(table[f"{SOURCE}_id"])
    from_column, to_column = (f"{SOURCE}_id", f"{TARGET}_id") if by_id else (SOURCE, TARGET)
    found: dict[str, float] = {}
    kind: dict[str, str] = {}
    for row, cells in table.iterrows():
        if cells[from_column] != source or not cells[to_column]:
            continue
        weight = _weight(cells, f"{path}, line {line_of(table, row)}")
        if told := cells.get(KIND, ""):
            if told not in (DIRECT, INDIRECT):
                raise ValueError(
                    f"{path}, line {line_of(table, row)}: kind {told!r} is neither direct nor indirect"
                )
            kind[cells[to_column]] = told
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
    kind.pop(source, None)
    return Targets(found, kind)


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


def targets_of(path: str | Path, names: Sequence[str], indirect: str | None = None) -> Targets:
    """The targets of a factor, from a table of pairs or from one of lists.

    path: of the table.
    names: of the factor: in a table of pairs the first that is a source counts, in one of lists the first that is a
    column, whose genes are the direct targets.
    indirect: column of a table of lists with the indirect targets; default: none.
    Raises ValueError where no name is there, and as `read_targets` does.
    """
    table = read_table(path)
    if {SOURCE, TARGET} <= set(table.columns):
        sources = set(table[SOURCE]) | set(table.get(f"{SOURCE}_id", ()))
        return read_targets(path, next((name for name in names if name in sources), names[0]))
    lists = read_lists(path)
    direct = next((name for name in names if name in lists), None)
    for name in [direct, *([indirect] if indirect else [])]:
        if name not in lists:
            raise ValueError(
                f"{path}: has no column {name or names[0]!r}; it has {', '.join(lists)}: name the list of the factor "
                "as its `targets` (and `indirect`), or give a table with the columns source and target"
            )
    kind = dict.fromkeys(lists[indirect], INDIRECT) if indirect else {}
    kind |= dict.fromkeys(lists[direct], DIRECT)  # a gene of both lists is a direct target
    return Targets(dict.fromkeys(kind, 0.0), kind)


def _weight(cells: pd.Series, where: str) -> float:
    text = cells.get(WEIGHT, "")
    try:
        return float(text) if text else 0.0
    except ValueError:
        raise ValueError(
            f"{where}: weight {text!r} is no number; 1 activates, -1 represses, 0 is unknown"
        ) from None

"""Genes that a person names, by id or symbol."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from prism.files.text import open_text
from prism.genome.genes.gtf import stable_id
from prism.genome.genes.table import DROPPED, GeneTable, named

HEADERS = ("gene_id", "symbol")  # first line of a list that is a column of a table


def read_names(path: str | Path) -> list[str]:
    """The names in a list of genes, each once.

    path: text, one name a line, also as the first column of a tab-separated table; a first line gene_id or symbol,
        empty lines and lines that begin with # are skipped.
    Raises ValueError, naming the file, where it names no gene.
    """
    with open_text(path) as lines:
        found = [line.split("\t")[0].strip() for line in lines if not line.startswith("#")]
    if found and found[0] in HEADERS:
        del found[0]
    names = list(dict.fromkeys(name for name in found if name))
    if not names:
        raise ValueError(f"{path}: names no gene; give one gene id or symbol a line")
    return names


def chosen_genes(table: GeneTable, names: Sequence[str], source: str | Path) -> dict[str, str]:
    """The genes of some names, by id in the table's order, with '' or the reason why a gene was dropped.

    table: the genes of a cell type.
    names: gene ids, with or without version, or symbols; a symbol of several genes is all of them.
    source: the table's file, for the error.
    Raises ValueError, naming them and the nearest there is, for names that no gene has.
    """
    frame = table.frame
    rows_of: dict[str, list[int]] = {}
    columns = (
        frame["symbol"].fillna("").tolist(),
        map(stable_id, frame["gene_id"]),
        frame["gene_id"].tolist(),
    )
    for column in columns:  # an id counts before a symbol
        rows_in: dict[str, list[int]] = {}
        for row, name in enumerate(column):
            rows_in.setdefault(name, []).append(row)
        rows_of |= rows_in
    rows_of.pop("", None)
    rows: set[int] = set()
    unknown = []
    for name in names:
        found = rows_of.get(name) or rows_of.get(stable_id(name))
        rows.update(found or ())
        unknown += [] if found else [name]
    if unknown:
        raise ValueError(
            f"{source}: has no gene {named(_with_nearest(name, rows_of) for name in unknown)}; correct the names "
            "(ids or symbols), or take them out"
        )
    reasons = frame[DROPPED].tolist()
    return {frame["gene_id"].iloc[row]: reasons[row] for row in sorted(rows)}


def _with_nearest(name: str, known: dict[str, list[int]]) -> str:
    by_fold = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name.casefold(), by_fold, n=1)
    return f"{name!r} (did you mean {by_fold[close[0]]!r}?)" if close else repr(name)

"""The one reader of tables that people write: every cell is text, and a doubtful line is an error that names it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from prism.files.text import open_text

QUOTE = '"'
# Python's own blanks, the no-break space among them, and characters that have no width
BLANKS = "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u00ad"
LINES = "lines"  # key of `DataFrame.attrs`: the number of each row's line in the file


def read_table(path: str | Path, wanted: Sequence[str] = ()) -> pd.DataFrame:
    """Read a table with a header; every cell stays text, without the blanks around it.

    Cells are separated by tabs if the header has one, else by commas. Quotation marks belong to a cell, except where
    they enclose all of it. A line that begins with `#` is a comment, but for a first line that, without its `#`,
    holds the wanted columns: it is the header. Lines of nothing but empty cells are skipped, and so are empty cells
    behind the last column.

    path: plain or gzipped; UTF-8, or UTF-16 with its byte order mark.
    wanted: columns that the table must have and that every row must reach; default: none is needed.

    Returns the table, of columns in the file's order; `attrs["lines"]` has the number of each row's line.
    Raises ValueError, with file, line, value and fix, for an empty table, a lone header, a column that is absent,
    unnamed or there twice, and a line with too many or too few cells.
    """
    numbered = _lines(path, wanted)
    number, first = next(numbered, (0, ""))
    if not first.strip():
        raise ValueError(f"{path}: the table is empty; give a header line and one line a row")
    separator = "\t" if "\t" in first else ","
    header = _header(_cells(first.lstrip("#") if _is_comment(first) else first, separator), path, number)
    _require(header, wanted, path)
    rows, lines = [], []
    for number, line in numbered:
        row = _row(line, separator, header, wanted, f"{path}, line {number}")
        if any(row):
            rows.append(row)
            lines.append(number)
    if not rows:
        raise ValueError(f"{path}: the table has a header and no row; give one line a row")
    table = pd.DataFrame(rows, columns=header, dtype=str)
    table.attrs[LINES] = lines
    return table


def line_of(table: pd.DataFrame, row: int) -> int:
    """The number, from 1, of the file's line that a row was read from.

    table: as `read_table` returns it.
    row: number of the row in the table, from 0.
    """
    return table.attrs[LINES][row]


def _lines(path: str | Path, wanted: Sequence[str]) -> Iterator[tuple[int, str]]:
    """(number, text) of the header and of every line after it that is neither blank nor a comment."""
    header_seen = False
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            line = line.rstrip("\r\n")
            if "\0" in line:
                raise ValueError(f"{path}, line {number}: holds a zero byte; this is not a table of text")
            if not line.strip():
                continue
            if _is_comment(line) and (header_seen or number > 1 or not _is_header(line, wanted)):
                continue
            header_seen = True
            yield number, line


def _is_comment(line: str) -> bool:
    return line.lstrip(BLANKS).startswith("#")


def _is_header(comment: str, wanted: Sequence[str]) -> bool:
    names = _cells(comment.lstrip(BLANKS).lstrip("#"), "\t" if "\t" in comment else ",")
    return bool(wanted) and set(wanted) <= set(names)


def _header(names: list[str], path: str | Path, number: int) -> list[str]:
    while names and not names[-1]:
        names.pop()
    unnamed = [place for place, name in enumerate(names, start=1) if not name]
    if unnamed:
        raise ValueError(f"{path}, line {number}: column {unnamed[0]} has no name; give it one")
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise ValueError(f"{path}, line {number}: column {twice[0]!r} is there twice; rename or remove one")
    return names


def _require(header: list[str], wanted: Sequence[str], path: str | Path) -> None:
    missing = [name for name in wanted if name not in header]
    if missing:
        raise ValueError(f"{path}: no column {', '.join(map(repr, missing))}; it has {', '.join(header)}")


def _row(line: str, separator: str, header: list[str], wanted: Sequence[str], where: str) -> list[str]:
    """The cells of a line, as many as the header has."""
    cells, size = _cells(line, separator, len(header)), len(header)
    beyond = [cell for cell in cells[size:] if cell]
    if beyond:
        raise ValueError(
            f"{where}: {len(cells)} cells, where the header names {size} columns; the first cell without a column is "
            f"{beyond[0]!r}. Remove it or name its column (R leaves out the name of row names: write.table(..., "
            "col.names=NA))"
        )
    if len(cells) < size:
        unreached = [name for name in wanted if header.index(name) >= len(cells)]
        if unreached:
            raise ValueError(
                f"{where}: {len(cells)} cells, where the header names {size} columns: it ends before column "
                f"{unreached[0]!r}; is the line cut off?"
            )
        cells += [""] * (size - len(cells))
    return cells[:size]


def _cells(line: str, separator: str, size: int | None = None) -> list[str]:
    """The cells of a line: read with quotation marks, or without where only that gives `size` cells."""
    plain = line.split(separator)
    if QUOTE not in line:
        return [_stripped(cell) for cell in plain]
    quoted = [_stripped(cell) for cell in _quoted_cells(line, separator)]
    if size is not None and len(quoted) != size and len(plain) == size:
        return [_stripped(cell) for cell in plain]
    return quoted


def _quoted_cells(line: str, separator: str) -> Iterator[str]:
    """Cells of a line in which a separator within an enclosed cell does not end it."""
    rest: str | None = line
    while rest is not None:
        enclosed = _enclosed(rest, separator)
        if enclosed is None:
            cell, found, after = rest.partition(separator)
            rest = after if found else None
        else:
            cell, rest = enclosed
        yield cell


def _enclosed(text: str, separator: str) -> tuple[str, str | None] | None:
    """(cell, what comes after it) if the text begins with a cell in quotation marks; None if it does not."""
    begun = text.lstrip(" ")
    if not begun.startswith(QUOTE):
        return None
    place = 1
    while (place := begun.find(QUOTE, place)) != -1:
        if begun[place : place + 2] == 2 * QUOTE:
            place += 2
            continue
        after = begun[place + 1 :].lstrip(" ")
        if after and not after.startswith(separator):
            return None
        return begun[1:place].replace(2 * QUOTE, QUOTE), after[len(separator) :] if after else None
    return None


def _stripped(cell: str) -> str:
    return cell.strip().strip(BLANKS).strip()

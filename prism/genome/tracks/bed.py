"""Interval files line by line: BED, narrowPeak and what R, Excel and genome browsers make of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from prism.files.text import open_text

WHOLE = re.compile(r"\d+")
# as R writes 100000 (1e+05), and spreadsheets any number (600.0)
NUMBER = re.compile(r"\d+(\.\d+)?([eE]\+?\d+)?")


class BedLine(NamedTuple):
    """One interval of a file."""

    number: int  # of the line, from 1
    chrom: str  # as the file names it
    start: int  # 0-based bp
    end: int  # 0-based bp, exclusive
    fields: list[str]  # all columns, without the blanks around them


def read_bed(path: str | Path, without_a_base: bool = False) -> Iterator[BedLine]:
    """Every interval of a file, in its order.

    path: BED of any number of columns, narrowPeak; plain or gzipped; separated by tabs, or by blanks where a line has
        no tab. Comments, track and browser lines and empty lines are left out.

    without_a_base: whether intervals whose end is their start, which hold no base, come too; default False.

    Raises ValueError, with file, line and value, for a line of fewer than three columns, for a start or an end that is
    not a whole number of at least 0, for an end before its start and for a chromosome's name with a blank.
    """
    if not Path(path).is_file():
        raise ValueError(f"{path}: no such interval file")
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            fields = [field.strip() for field in (line.split("\t") if "\t" in line.strip() else line.split())]
            if not any(fields) or _is_no_interval(fields[0]):
                continue
            where = f"{path}, line {number}"
            if len(fields) < 3 or not fields[0]:
                raise ValueError(
                    f"{where}: not a BED or narrowPeak file: {line.strip()[:60]!r}; a line has chromosome, start, end"
                )
            if re.search(r"\s", fields[0]):
                raise ValueError(f"{where}: the chromosome {fields[0]!r} holds a blank; correct the line")
            start, end = position(fields[1], f"{where}: start"), position(fields[2], f"{where}: end")
            if end < start:
                raise ValueError(f"{where}: the end {end} is before the start {start}; correct the line")
            if end > start or without_a_base:
                yield BedLine(number, fields[0], start, end, fields)


def _is_no_interval(first: str) -> bool:
    """Whether a line that begins so is a comment, or tells a browser how to draw the others."""
    return first.startswith("#") or first.split()[:1] in (["track"], ["browser"])


def position(text: str, where: str) -> int:
    """A position as a whole number; `1e+05` is 100000, `600.0` is 600.

    text: as written.
    where: what an error begins with.
    Raises ValueError for anything else, such as a negative or a broken number.
    """
    if WHOLE.fullmatch(text) and text.isascii():
        return int(text)
    if NUMBER.fullmatch(text) and text.isascii() and (value := float(text)).is_integer():
        return int(value)
    raise ValueError(f"{where} {text!r} is not a position; give a whole number of at least 0, counted from 0")


def number_or_zero(text: str, where: str) -> float:
    """A score as a number; `.` and an empty field mean 0.

    text: as written.
    where: what an error begins with.
    Raises ValueError for other text.
    """
    if text in ("", "."):
        return 0.0
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{where} {text!r} is not a number; give one, or '.'")
    return value

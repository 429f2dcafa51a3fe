"""Peaks of a narrowPeak or BED file, made into elements: short, disjoint intervals around the summits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prism.genome.coordinates import resolve_chromosomes
from prism.genome.tracks.bed import BedLine, number_or_zero, position, read_bed
from prism.genome.tracks.intervals import Intervals

_NARROW_PEAK = 10  # columns; a BED file has 3 to 9, or 12
NO_SUMMIT = -1


@dataclass(frozen=True)
class Peaks:
    """Intervals of one chromosome, sorted by start."""

    start: np.ndarray  # (n,) int64
    end: np.ndarray  # (n,) int64
    summit: np.ndarray  # (n,) int64 position, -1 where unknown
    strength: (
        np.ndarray
    )  # (n, 2) float64 signal value and score: the strongest of overlapping peaks has the summit

    def __len__(self) -> int:
        return len(self.start)

    def kept(self, which: np.ndarray) -> Peaks:
        """Some of the peaks.

        which: mask or indices.
        """
        return Peaks(self.start[which], self.end[which], self.summit[which], self.strength[which])

    def cut(self, width: int) -> Peaks:
        """The peaks, with long ones cut to [summit - width/2, summit + width/2).

        width: the longest allowed, bp.

        A peak without a summit is cut around its centre. Nothing is added to a peak: one whose summit is near
        its edge becomes shorter than `width`.
        """
        middle = np.where(self.summit == NO_SUMMIT, (self.start + self.end) // 2, self.summit)
        long = self.end - self.start > width
        start = np.where(long, np.maximum(self.start, middle - width // 2), self.start)
        end = np.where(long, np.minimum(self.end, middle + width // 2), self.end)
        order = np.argsort(start, kind="stable")
        return Peaks(start, end, self.summit, self.strength).kept(order)

    def merged(self) -> Peaks:
        """The peaks, with those that share a base joined into one that has the strongest's summit.

        They must be sorted by start.
        """
        if not len(self):
            return self
        reach = np.maximum.accumulate(self.end)
        first = np.flatnonzero(np.concatenate([[True], self.start[1:] >= reach[:-1]]))
        group = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(self))))
        by_strength = np.lexsort((-self.strength[:, 1], -self.strength[:, 0], group))
        best = by_strength[first]  # groups are consecutive, so each begins where it did
        end = np.maximum.reduceat(self.end, first)
        return Peaks(self.start[first], end, self.summit[best], self.strength[best])


def read_peaks(path: str | Path, lengths: dict[str, int]) -> dict[str, Peaks]:
    """Read the peaks of each chromosome that has any.

    path: narrowPeak (ten columns; its summits and signal values are used) or BED.
    lengths: bp of the wanted chromosomes, by the genome's names.
    Raises ValueError for what `Intervals` refuses, for a summit outside its peak and for a line of fewer columns than
    the first.
    """
    path = Path(path)
    Intervals(path, lengths)  # refuses other names and assemblies, and an empty file
    columns: dict[str, list[tuple]] = {}
    first: BedLine | None = None
    for line in read_bed(path):
        first = first or line
        if len(line.fields) < len(first.fields):
            raise ValueError(
                f"{path}, line {line.number}: {len(line.fields)} columns, where line {first.number} has "
                f"{len(first.fields)}; is the line cut off?"
            )
        columns.setdefault(line.chrom, []).append((line.start, line.end, *_summit_and_strength(line, path)))
    names = resolve_chromosomes(lengths, columns, path, require_all=False)
    return {name: _peaks(columns[other]) for name, other in names.items()}


def _summit_and_strength(line: BedLine, path: Path) -> tuple[int, float, float]:
    """Position of the summit, or `NO_SUMMIT`; signal value and score of narrowPeak, else zeros."""
    if not _is_narrow_peak(line):
        return NO_SUMMIT, 0.0, 0.0
    where, offset = f"{path}, line {line.number}:", _offset(line.fields[9])
    if offset >= line.end - line.start:
        raise ValueError(f"{where} {line.chrom}:{line.start}: a summit {offset} bp into a peak of "
                         f"{line.end - line.start} bp")  # fmt: skip
    summit = line.start + offset if offset >= 0 else NO_SUMMIT
    return (
        summit,
        number_or_zero(line.fields[6], f"{where} signal value"),
        number_or_zero(line.fields[4], f"{where} score"),
    )


def _is_narrow_peak(line: BedLine) -> bool:
    """Whether ten columns are narrowPeak's, and not BED9 with one column of its own.

    BED9 has the thick part (two positions within the interval) and a colour where narrowPeak has three numbers.
    """
    if len(line.fields) != _NARROW_PEAK or _offset(line.fields[9]) is None:
        return False
    thick = [
        field for field in line.fields[6:8] if field.isdecimal() and line.start <= int(field) <= line.end
    ]
    return len(thick) < 2 and "," not in line.fields[8]


def _offset(text: str) -> int | None:
    """The tenth column of a narrowPeak, where the summit is from the start (-1: unknown); None for no whole number."""
    if re.fullmatch(r"-\d+(\.0+)?", text):
        return NO_SUMMIT
    try:
        return position(text, "summit")
    except ValueError:
        return None


def _peaks(rows: list[tuple]) -> Peaks:
    table = np.array(rows, np.float64)
    start, end, summit = table[:, :3].astype(np.int64).T
    return Peaks(start, end, summit, table[:, 3:]).kept(np.argsort(start, kind="stable"))

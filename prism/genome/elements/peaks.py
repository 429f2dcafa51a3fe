"""Peaks of a narrowPeak or BED file, made into elements: short, disjoint intervals around the summits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prism.genome.coordinates import resolve_chromosomes
from prism.genome.tracks.intervals import Intervals, opened_bed

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
    Raises ValueError for what `Intervals` refuses and for a summit outside its peak.
    """
    path = Path(path)
    Intervals(path, lengths)  # refuses other names and assemblies, and an empty file
    columns: dict[str, list[tuple]] = {}
    with opened_bed(path) as bed:
        for interval in bed:
            fields = interval.fields
            summit, strength = NO_SUMMIT, (0.0, 0.0)
            if len(fields) == _NARROW_PEAK:
                offset = int(fields[9])
                if offset >= interval.end - interval.start:
                    raise ValueError(f"{interval.chrom}:{interval.start}: a summit {offset} bp into a peak of "
                                     f"{interval.end - interval.start} bp")  # fmt: skip
                summit = interval.start + offset if offset >= 0 else NO_SUMMIT
                strength = (float(fields[6]), float(fields[4]))
            columns.setdefault(interval.chrom, []).append((interval.start, interval.end, summit, *strength))
    names = resolve_chromosomes(lengths, columns, path, require_all=False)
    return {name: _peaks(columns[other]) for name, other in names.items()}


def _peaks(rows: list[tuple]) -> Peaks:
    table = np.array(rows, np.float64)
    start, end, summit = table[:, :3].astype(np.int64).T
    return Peaks(start, end, summit, table[:, 3:]).kept(np.argsort(start, kind="stable"))

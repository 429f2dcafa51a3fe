"""Intervals of the genome: the blacklist and the peaks, as masks of windows."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from prism.genome.coordinates import resolve_chromosomes
from prism.genome.tracks.bed import read_bed


class Intervals:
    """Merged intervals of a BED or narrowPeak file (.gz too), by the genome's names of chromosomes.

    path: the file; chromosomes without an interval may be absent.
    lengths: bp of the chromosomes that will be read, by the genome's names.
    Raises ValueError for a file that is not BED, is empty, names chromosomes in another way, or has intervals
    that begin after the end of a chromosome (another assembly).
    """

    def __init__(self, path: str | Path, lengths: dict[str, int]):
        self.path = Path(path)
        found = _merged(self.path)
        names = resolve_chromosomes(lengths, found, self.path, require_all=False)
        self._intervals = {name: found[other] for name, other in names.items()}
        for name, (starts, _) in self._intervals.items():
            if starts[-1] >= lengths[name]:
                raise ValueError(
                    f"{self.path}: an interval begins at {starts[-1]} of {name}, which has {lengths[name]} bp in "
                    "the genome; it was made on another assembly: use a file of the genome's assembly"
                )

    def windows(self, chrom: str, starts: np.ndarray, length: int) -> np.ndarray:
        """Mask (n, length) bool of windows, True inside an interval.

        chrom: the genome's name.
        starts: (n,) starts of the windows, 0-based bp.
        length: of the windows, bp.
        """
        mask = np.zeros((len(starts), length), bool)
        if chrom not in self._intervals:
            return mask
        begins, ends = self._intervals[chrom]
        # Merged intervals are disjoint and in order, so those that touch a window are consecutive.
        first = np.searchsorted(ends, starts, side="right")
        after = np.searchsorted(begins, starts + length, side="left")
        for row in np.flatnonzero(first < after).tolist():
            start, inside = int(starts[row]), slice(first[row], after[row])
            for begin, end in zip(begins[inside].tolist(), ends[inside].tolist(), strict=True):
                mask[row, max(begin - start, 0) : end - start] = True
        return mask

    def overlaps(self, chrom: str, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Whether each of some regions shares a base with an interval: (n,) bool.

        chrom: the genome's name.
        starts: (n,) 0-based bp.
        ends: (n,) 0-based bp, exclusive.
        """
        if chrom not in self._intervals:
            return np.zeros(len(starts), bool)
        begins, stops = self._intervals[chrom]
        return np.searchsorted(stops, starts, side="right") < np.searchsorted(begins, ends, side="left")


def _merged(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Starts and ends of the file's merged intervals, by its own names of chromosomes."""
    # bedtools reads 1e+05 as 1, and tells a wrong line from a right one by the first: it is given plain ones
    plain = "".join(f"{line.chrom}\t{line.start}\t{line.end}\n" for line in read_bed(path))
    if not plain:
        raise ValueError(f"{path}: holds no interval; download it again, or leave it out of the table")
    if shutil.which("bedtools") is None:
        raise ValueError("bedtools is not on PATH; install it (the workflow's conda environments hold it)")
    import pybedtools  # here, for slow to import and not needed by the processes that only make masks

    try:
        merged = pybedtools.BedTool(plain, from_string=True).sort().merge()
        return _by_chromosome((interval.chrom, interval.start, interval.end) for interval in merged)
    except (pybedtools.helpers.BEDToolsError, OverflowError) as error:
        reason = str(getattr(error, "msg", error)).strip().splitlines()
        raise ValueError(f"{path}: bedtools cannot merge it ({reason[-1] if reason else error})") from error
    finally:
        pybedtools.cleanup()


def _by_chromosome(intervals: Iterable[tuple[str, int, int]]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    collected: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for chrom, start, end in intervals:
        collected[chrom].append((start, end))
    return {chrom: tuple(np.array(pairs, np.int64).T) for chrom, pairs in collected.items()}

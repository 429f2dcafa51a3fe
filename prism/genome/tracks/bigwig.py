"""Epigenomic signals: windows of bigWig files (raw values; missing or off the chromosome -> 0)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyBigWig

from prism.files.checked_json import read_checked
from prism.genome.coordinates import check_lengths, clip, resolve_chromosomes
from prism.genome.tracks.transforms import named

_MAGIC = struct.pack("<I", 0x888FFC26)
# A block of a bigWig's values is decompressed whole and covers some 10-100 kb, so near windows are read together.
_GAP = 20_000  # bp
_MOST_READ = 1 << 20  # bp


def open_bigwig(path: str | Path):
    """Open a bigWig file with pyBigWig.

    path: the bigWig.
    Raises ValueError for a file that is not bigWig or is cut short. One of an old writer, without the end mark, is
    taken where its download manifest says that a checksum vouches for it.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such bigWig file")
    with open(path, "rb") as raw:
        start = raw.read(20)
        raw.seek(0, 2)
        size = raw.tell()
        raw.seek(max(0, size - 4))
        end = raw.read(4)
    if start[:4] != _MAGIC:
        raise ValueError(f"{path}: not a bigWig file (it starts with {start!r}); give a .bw/.bigWig file")
    # Today's writers (UCSC, libBigWig, bigtools) repeat the magic number as the last four bytes.
    if end != _MAGIC and not _vouched(path, size):
        raise ValueError(
            f"{path}: a truncated bigWig file ({size} bytes, end mark missing); delete and download it again, or "
            f"give its md5 or sha256 if it is whole (an old writer's)"
        )
    try:
        return pyBigWig.open(str(path))
    except RuntimeError as error:
        raise ValueError(f"{path}: damaged bigWig file ({error}); delete and download it again") from error


def _vouched(path: Path, size: int) -> bool:
    """True if a checksum that the user or a portal gave was compared when these bytes were downloaded."""
    try:
        manifest = read_checked(f"{path}.json", "download manifest", "download again")
        return bool(manifest.get("md5_vouched_by")) and manifest.get("size") == size
    except (OSError, ValueError):
        return False


def overlapping(
    starts: np.ndarray, length: int, gap: int = 0, most: int = 0
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Regions (start, end, rows) that cover windows of one length; windows that overlap share a region.

    starts: (n,) window starts, bp, in any order; rows are in order of their starts.
    length: of the windows, bp.
    gap: windows less than this many bp apart are joined too; default 0.
    most: bp that a region with gaps may have; default 0.

    So dense windows are read once, not once for each gene. Without a gap a region is never longer than its
    windows together.
    """
    order = np.argsort(starts, kind="stable")
    ordered = np.asarray(starts)[order].tolist()
    first = 0
    for i in range(1, len(ordered) + 1):
        if i < len(ordered):
            apart = ordered[i] - ordered[i - 1] - length
            if apart < 0 or (apart < gap and ordered[i] + length - ordered[first] <= most):
                continue
        yield ordered[first], ordered[i - 1] + length, order[first:i]
        first = i


class BigWigSignal:
    """One signal: the mean of its replicates' raw values, then its transform.

    name: of the signal.
    files: bigWig replicates; missing values count as 0.
    transform: a name in `transforms.TRANSFORMS`.
    lengths: bp of the chromosomes that will be read, by the genome's names.
    Raises ValueError for files that are not bigWig, are truncated, lack a chromosome or were made on another
    assembly.

    It can be pickled; files are opened on first use.
    """

    def __init__(self, name: str, files: Sequence[str | Path], transform: str, lengths: dict[str, int]):
        self._transform = named(transform, f"signal {name}: transform")
        if not files:
            raise ValueError(f"signal {name}: no bigWig file given")
        self.name, self.lengths = name, lengths
        self.files = [Path(file) for file in files]
        self._names = [_matched(file, lengths) for file in self.files]
        self._open = None

    def __getstate__(self):
        # a transform's function may be one that cannot be pickled; its name takes its place
        return {**self.__dict__, "_open": None, "_transform": self._transform.name}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._transform = named(state["_transform"], f"signal {self.name}: transform")

    def windows(self, chrom: str, starts: np.ndarray, length: int) -> np.ndarray:
        """Values (n, length) float32 of windows of one chromosome.

        chrom: the genome's name.
        starts: (n,) starts of the windows, 0-based bp.
        length: of the windows, bp.
        """
        values = np.zeros((len(starts), length), np.float32)
        chrom_length = self.lengths[chrom]
        for start, end, rows in overlapping(starts, length, _GAP, _MOST_READ):
            region_low, region_high = clip(start, end, chrom_length)
            if region_low == region_high:
                continue
            region = self._region(chrom, region_low, region_high, _between(starts[rows], length))
            for row in rows:
                first = int(starts[row])
                low, high = clip(first, first + length, chrom_length)
                values[row, low - first : high - first] = region[low - region_low : high - region_low]
        return values

    def _region(self, chrom: str, low: int, high: int, unused: np.ndarray) -> np.ndarray:
        """Values (high - low,) of a region; what it holds in the parts `unused` (k, 2) is not looked at."""
        if self._open is None:
            self._open = [open_bigwig(file) for file in self.files]
        total = None
        for file, handle, names in zip(self.files, self._open, self._names, strict=True):
            try:
                values = handle.values(names[chrom], low, high, numpy=True)
            except RuntimeError as error:
                raise ValueError(
                    f"{file}: {names[chrom]}:{low}-{high} cannot be read ({error}): damaged file"
                ) from error
            np.copyto(values, 0, where=np.isnan(values))
            total = values if total is None else total + values
        mean = total / np.float32(len(self.files)) if len(self.files) > 1 else total
        for first, after in unused.tolist():
            mean[max(first - low, 0) : max(after - low, 0)] = 0
        return self._transformed(mean, f"{chrom}:{low}-{high}")

    def _transformed(self, values: np.ndarray, where: str) -> np.ndarray:
        lowest, highest = values.min(), values.max()
        if not (np.isfinite(lowest) and np.isfinite(highest)):
            raise ValueError(f"signal {self.name}: an infinite value in {where}; repair the bigWig file")
        if lowest < self._transform.lowest:
            sign = "negative value" if self._transform.lowest == 0 else "value that small"
            raise ValueError(
                f"signal {self.name}: {self._transform.name} of a {sign} ({lowest}) in {where}; use transform none"
            )
        return self._transform.function(values)


def _between(starts: np.ndarray, length: int) -> np.ndarray:
    """Gaps (k, 2), start and end, between windows of one length whose `starts` (n,) are in order."""
    after, following = starts[:-1] + length, starts[1:]
    return np.stack([after, following], axis=1)[following > after]


def _matched(file: Path, lengths: dict[str, int]) -> dict[str, str]:
    with open_bigwig(file) as handle:
        found = dict(handle.chroms() or {})
    names = resolve_chromosomes(lengths, found, file)
    check_lengths(names, lengths, found, file)
    return names

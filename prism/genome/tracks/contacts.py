"""Hi-C contacts with the TSS as a signal: one value for each genome bin of a window."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prism.genome.coordinates import check_lengths, resolve_chromosomes
from prism.genome.tracks.hictk import hictkpy

RESOLUTION = 5000  # bp
_GATE_REACH = 500  # positions on each side of the TSS
_GATE_SUM = 0.01
_MOST_BINS = 256  # of one query beyond the reach of a window: bounds memory and the pixels read in vain
_NEAR = 16  # bins between two rows that still share a query: most of a small query's time is its start
_NORMALISATIONS = ("VC", "weight")  # in order of preference


def pseudocount(distance: float) -> float:
    """Expected contacts p(x) = exp(s - 0.87 ln(x + 1)), s = -4.80 + 11.63 * 0.87, at a distance.

    distance: x, bp.
    """
    gamma = 0.87
    return math.exp(-4.80 + 11.63 * gamma - gamma * math.log(distance + 1))


PSEUDOCOUNT = pseudocount(1_000_000)


def n_bins(length: int, resolution: int = RESOLUTION) -> int:
    """Bins stored for a window: enough wherever its start falls in a bin.

    length: of the window, bp.
    resolution: of the bins, bp; default 5,000.
    """
    return length // resolution + 2


class ContactMap:
    """The contacts feature of a .hic, .mcool or .cool file.

    name: of the signal.
    path: the file.
    lengths: bp of the chromosomes that will be read, by the genome's names.
    resolution: of the bins, bp; default 5,000.
    Raises ValueError for a file that is not a contact map, lacks the resolution (the message has those that
    are there) or a chromosome, or was made on another assembly.

    Between each bin of a window and the bin of the TSS: normalised observed contacts (VC; else ICE `weight`;
    else raw), missing -> 0, plus the pseudocount p(1 Mb), then log10(x + 1). A gene has no usable row in the
    map if its contacts before the pseudocount, summed over the 1,000 positions [tss - 500, tss + 500) (each
    position has its bin's value, 0 off the chromosome), are below 0.01; its whole feature is then 0.

    It can be pickled; the file is opened on first use.
    """

    def __init__(self, name: str, path: str | Path, lengths: dict[str, int], resolution: int = RESOLUTION):
        self.name, self.path, self.lengths, self.resolution = name, Path(path), lengths, resolution
        self._file = None
        file = self._opened()
        found = dict(file.chromosomes())
        self._names = resolve_chromosomes(lengths, found, self.path)
        check_lengths(self._names, lengths, found, self.path)
        there = file.avail_normalizations()
        self.normalisation = next((kind for kind in _NORMALISATIONS if kind in there), "none")
        self._file = None

    def __getstate__(self):
        return {**self.__dict__, "_file": None}

    def windows(self, chrom: str, tss: np.ndarray, length: int) -> np.ndarray:
        """Feature (n, n_bins) float32 of genes of one chromosome.

        chrom: the genome's name.
        tss: (n,) 0-based bp.
        length: of the windows, bp.

        Bin j of gene i covers the genome's bin floor((tss - length/2) / resolution) + j; it is 0 where that
        lies wholly off the chromosome.
        """
        tss = np.asarray(tss, np.int64)
        bins = ((tss - length // 2) // self.resolution)[:, None] + np.arange(n_bins(length, self.resolution))
        return np.log10(self.between(chrom, tss, bins) + 1).astype(np.float32)

    def between(self, chrom: str, tss: np.ndarray, bins: np.ndarray) -> np.ndarray:
        """Contacts (n, k) float64 of the bin of each TSS with other bins, before log10(x + 1).

        chrom: the genome's name.
        tss: (n,) 0-based bp.
        bins: (n, k) bins of the chromosome.

        Normalised, missing -> 0, plus the pseudocount; 0 for a bin off the chromosome and for a gene without
        a usable row.
        """
        near, share = self._gate_bins(tss, self.lengths[chrom])
        contacts = self._contacts(chrom, tss // self.resolution, np.hstack([bins, near]))
        wanted, gate = contacts[:, : bins.shape[1]], contacts[:, bins.shape[1] :]
        usable = (gate * share).sum(axis=1) >= _GATE_SUM
        on_chromosome = (bins >= 0) & (bins * self.resolution < self.lengths[chrom])
        return np.where(usable[:, None] & on_chromosome, wanted + PSEUDOCOUNT, 0)

    def _gate_bins(self, tss: np.ndarray, chrom_length: int) -> tuple[np.ndarray, np.ndarray]:
        """Bins (n, k) that [tss - 500, tss + 500) touches, and how many of its positions lie in each."""
        low, high = np.maximum(tss - _GATE_REACH, 0), np.minimum(tss + _GATE_REACH, chrom_length)
        bins = (low // self.resolution)[:, None] + np.arange(n_bins(2 * _GATE_REACH, self.resolution))
        start = bins * self.resolution
        share = np.minimum(high[:, None], start + self.resolution) - np.maximum(low[:, None], start)
        return bins, np.maximum(share, 0)

    def _contacts(self, chrom: str, tss_bin: np.ndarray, bins: np.ndarray) -> np.ndarray:
        """Contacts (n, k) float64 between each gene's TSS bin (n,) and its bins (n, k); 0 where missing."""
        last = (self.lengths[chrom] - 1) // self.resolution
        low = np.clip(np.minimum(bins.min(axis=1), tss_bin), 0, last)
        high = np.clip(np.maximum(bins.max(axis=1), tss_bin), 0, last)
        contacts = np.zeros(bins.shape)
        for first, end, rows in _stripes(low, high):
            square = self._square(chrom, first, end)
            wanted = bins[rows]
            inside = (wanted >= first) & (wanted <= end)
            values = square[(tss_bin[rows] - first)[:, None], np.where(inside, wanted - first, 0)]
            contacts[rows] = np.where(inside, values, 0)
        return contacts

    def _square(self, chrom: str, first: int, last: int) -> np.ndarray:
        """Symmetric contacts (k, k) between the bins first..last of a chromosome."""
        end = min((last + 1) * self.resolution, self.lengths[chrom])
        if self._file is None:
            self._file = self._opened()
        region = f"{self._names[chrom]}:{first * self.resolution}-{end}"
        normalisation = None if self.normalisation == "none" else self.normalisation
        try:
            # Queries on the diagonal only: hictk refuses those that reach below it.
            square = self._file.fetch(region, normalization=normalisation, count_type="float64").to_numpy()
        except RuntimeError as error:
            raise ValueError(f"{self.path}: {region} cannot be read ({error}): damaged file") from error
        return np.where(np.isfinite(square), square, 0)

    def _opened(self):
        path = self.path
        if not path.is_file():
            raise ValueError(f"{path}: no such contact file")
        try:
            many = hictkpy.is_mcool_file(path) or hictkpy.is_hic(path)
            if many:
                there = [int(resolution) for resolution in hictkpy.MultiResFile(path).resolutions()]
            elif hictkpy.is_cooler(path):
                there = [int(hictkpy.File(path).resolution())]
            else:
                start = path.open("rb").read(20)
                raise ValueError(f"{path}: not a .hic, .mcool or .cool file (it starts with {start!r})")
            if self.resolution in there:
                return hictkpy.File(path, self.resolution)
        except RuntimeError as error:
            raise ValueError(
                f"{path}: damaged contact file ({error}); delete and download it again"
            ) from error
        raise ValueError(
            f"{path}: no contacts at {self.resolution} bp; the resolutions there are "
            f"{', '.join(map(str, there))} bp: give a file with {self.resolution} bp, or set `resolution`"
        )


def _stripes(low: np.ndarray, high: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """Queries (first bin, last bin, rows) that cover each row's bins low..high; close rows share one."""
    order = np.argsort(low, kind="stable")
    rows: list[int] = []
    first = last = -1
    for row in order:
        joined = max(last, int(high[row]))
        wide = joined - first >= _MOST_BINS + 2 * int(high[row] - low[row])
        if rows and (low[row] > last + _NEAR or wide):
            yield first, last, np.array(rows)
            rows = []
        if not rows:
            first, last = int(low[row]), int(high[row])
        rows.append(row)
        last = max(last, int(high[row]))
    if rows:
        yield first, last, np.array(rows)

"""One pass over an open dataset file: a few numbers for each gene and signal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from prism.genome.tracks.sequence import UNKNOWN

CENTRE = 500  # bp on each side of the TSS; a quarter of the window where that is less
_BYTES_AT_ONCE = 32 << 20  # of one block's decoded windows, as float64


@dataclass(frozen=True)
class GeneSummary:
    """What the windows of n genes hold for k signals; shares are of positions on the chromosome.

    names: (k) of the signals.
    centre_half: bp on each side of the TSS that count as the centre.
    centre: (n, k) mean value over [tss - centre_half, tss + centre_half).
    flank: (n, k) mean value over the outer half of the window.
    window: (n, k) mean value over all of it.
    zeros: (n, k) share of positions that are exactly 0.
    unknown: (n,) share of bases other than A, C, G, T.
    blacklist: (n,) share of positions, or None.
    peaks: (n,) share of positions, or None.
    lowest: (k,) over all windows.
    highest: (k,) over all windows.
    pairs: (k, k) Pearson correlation over positions; nan for contacts and constants.
    decay: (k) mean contacts by distance; None for other signals.
    """

    names: list[str]
    centre_half: int
    centre: np.ndarray
    flank: np.ndarray
    window: np.ndarray
    zeros: np.ndarray
    unknown: np.ndarray
    blacklist: np.ndarray | None
    peaks: np.ndarray | None
    lowest: np.ndarray
    highest: np.ndarray
    pairs: np.ndarray
    decay: list[Decay | None]


@dataclass(frozen=True)
class Decay:
    """Contacts with the TSS by distance; genes without usable contacts (the whole feature 0) are left out.

    distance: (m,) bp between a bin and the TSS's bin.
    mean: (m,) of log10(x + 1).
    n: (m,) bins averaged.
    """

    distance: np.ndarray
    mean: np.ndarray
    n: np.ndarray


def summarise(windows: Mapping[str, Any], rows_at_once: int | None = None) -> GeneSummary:
    """Summarise an open dataset file in blocks of genes, in bounded memory.

    windows: the open file (layout: `prism.genome.dataset.layout`).
    rows_at_once: genes read together; default None: as many as fill 32 MiB. It does not change the result.
    """
    length, names = int(windows.attrs["length"]), json.loads(windows.attrs["signals"])
    tss, ends = windows["genes/tss"][:], windows["genes/chrom_length"][:]
    n, k = len(tss), len(names)
    bin_sizes = [int(windows[f"signals/{name}"].attrs.get("bin_size", 0)) for name in names]
    found = {part: np.zeros((n, k)) for part in ("centre", "flank", "window", "zeros")}
    shares = {name: np.zeros(n) for name in ("sequence", "blacklist", "peaks") if name in windows}
    lowest, highest = np.full(k, np.inf), np.full(k, -np.inf)
    tracks = [i for i in range(k) if not bin_sizes[i]]
    products = _Products(len(tracks))
    parts = _regions(length)
    for rows in _blocks(n, length * (len(tracks) + 1), rows_at_once):
        start = tss[rows] - length // 2
        held = []
        for i, name in enumerate(names):
            stored = windows[f"signals/{name}"][rows].astype(np.float64)
            lowest[i], highest[i] = min(lowest[i], stored.min()), max(highest[i], stored.max())
            values = _Values(stored, start, ends[rows], bin_sizes[i])
            for part, regions in parts.items():
                found[part][rows, i] = values.mean(regions)
            found["zeros"][rows, i] = values.zeros(length)
            if not bin_sizes[i]:
                held.append(stored.ravel())
        products.add(np.array(held))
        on = _on_chromosome(start, ends[rows], 0, length)
        for name, share in shares.items():
            hits = windows[name][rows]
            share[rows] = _share(hits >= UNKNOWN if name == "sequence" else hits, start, ends[rows], on)
    pairs = np.full((k, k), np.nan)
    pairs[np.ix_(tracks, tracks)] = products.correlation()
    decay = [_decay(windows[f"signals/{name}"], tss, ends, length, size) if size else None
             for name, size in zip(names, bin_sizes, strict=True)]  # fmt: skip
    return GeneSummary(
        names, _centre_half(length), **found, unknown=shares["sequence"], blacklist=shares.get("blacklist"),
        peaks=shares.get("peaks"), lowest=lowest, highest=highest, pairs=pairs, decay=decay,
    )  # fmt: skip


def _centre_half(length: int) -> int:
    return min(CENTRE, length // 4)


def _regions(length: int) -> dict[str, list[tuple[int, int]]]:
    """Parts of the window as offsets from its start."""
    tss, half, quarter = length // 2, _centre_half(length), length // 4
    return {
        "centre": [(tss - half, tss + half)],
        "flank": [(0, tss - quarter), (tss + quarter, length)],
        "window": [(0, length)],
    }


def _blocks(n: int, positions: int, rows_at_once: int | None) -> Iterator[slice]:
    step = rows_at_once or max(1, _BYTES_AT_ONCE // (8 * positions))
    for first in range(0, n, step):
        yield slice(first, min(first + step, n))


def _on_chromosome(start: np.ndarray, end: np.ndarray, low, high) -> np.ndarray:
    """How many of the positions low..high of windows that begin at `start` lie on chromosomes of length `end`."""
    return np.clip(np.minimum(start + high, end) - np.maximum(start + low, 0), 0, None)


def _share(hits: np.ndarray, start: np.ndarray, end: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Share (rows,) of True among the positions on the chromosome; 0 where none is."""
    position = start[:, None] + np.arange(hits.shape[1])
    inside = (position >= 0) & (position < end[:, None])
    return (hits & inside).sum(axis=1) / np.maximum(on, 1)


class _Values:
    """One signal of a block of genes, per position or, for contacts, per genome bin."""

    def __init__(self, stored: np.ndarray, start: np.ndarray, end: np.ndarray, bin_size: int):
        self.stored, self.start, self.end, self.bin_size = stored, start, end, bin_size
        if bin_size:
            first = (start // bin_size)[:, None] + np.arange(stored.shape[1])
            self._offset = first * bin_size - start[:, None]  # of each bin from the window's start

    def mean(self, regions: list[tuple[int, int]]) -> np.ndarray:
        """Mean (rows,) over the positions of the regions that lie on the chromosome."""
        total = np.zeros(len(self.stored))
        on = np.zeros(len(self.stored))
        for low, high in regions:
            on += _on_chromosome(self.start, self.end, low, high)
            if self.bin_size:
                total += (self.stored * self._overlap(low, high)).sum(axis=1)
            else:
                total += self.stored[:, low:high].sum(axis=1)  # off the chromosome the values are 0
        return total / np.maximum(on, 1)

    def zeros(self, length: int) -> np.ndarray:
        """Share (rows,) of positions on the chromosome that are exactly 0."""
        on = _on_chromosome(self.start, self.end, 0, length)
        if self.bin_size:
            return ((self.stored == 0) * self._overlap(0, length)).sum(axis=1) / np.maximum(on, 1)
        return _share(self.stored == 0, self.start, self.end, on)

    def _overlap(self, low: int, high: int) -> np.ndarray:
        """Positions (rows, bins) of the window's part low..high that lie in each bin and on the chromosome."""
        start, end = self.start[:, None], self.end[:, None]
        first = np.maximum(self._offset, low)
        last = np.minimum(self._offset + self.bin_size, high)
        return np.maximum(_on_chromosome(start, end, first, last), 0)


class _Products:
    """Sums of products of k tracks over positions, shifted by the first block's means against cancellation."""

    def __init__(self, k: int):
        self.n, self.shift = 0, None
        self.sums, self.products = np.zeros(k), np.zeros((k, k))

    def add(self, values: np.ndarray) -> None:
        """values: (k, positions)"""
        if not len(values):
            return
        if self.shift is None:
            self.shift = values.mean(axis=1)
        shifted = values - self.shift[:, None]
        self.n += values.shape[1]
        self.sums += shifted.sum(axis=1)
        self.products += shifted @ shifted.T

    def correlation(self) -> np.ndarray:
        """Pearson correlation (k, k), nan for a constant track."""
        if not self.n:
            return self.products
        covariance = self.products / self.n - np.outer(self.sums, self.sums) / self.n**2
        variance = np.diag(covariance).copy()
        variance[variance <= 1e-12 * np.diag(self.products) / self.n] = np.nan
        with np.errstate(invalid="ignore", divide="ignore"):
            return covariance / np.sqrt(np.outer(variance, variance))


def _decay(signal: Any, tss: np.ndarray, ends: np.ndarray, length: int, bin_size: int) -> Decay:
    """Mean contacts by the distance of a bin from the TSS's bin."""
    values = signal[:].astype(np.float64)
    bins = ((tss - length // 2) // bin_size)[:, None] + np.arange(values.shape[1])
    distance = np.abs(bins - (tss // bin_size)[:, None])
    counted = (bins >= 0) & (bins * bin_size < ends[:, None]) & values.any(axis=1)[:, None]
    n = np.bincount(distance[counted])
    total = np.bincount(distance[counted], weights=values[counted])
    there = np.flatnonzero(n)
    return Decay(there * bin_size, total[there] / n[there], n[there])

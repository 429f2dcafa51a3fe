"""Mean signal around the TSS in the direction of transcription, from streams of any length.

Windows are stored on the + strand, and only the drawing turns genes here; how a model reads them is its entry's
`orientation` (`prism.genome.reading`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

MAX_BINS = 401


@dataclass(frozen=True)
class Profile:
    """Mean signal around the TSS of groups of genes.

    mean: (groups, bins) in the signal's own units.
    sem: (groups, bins) standard error over genes; nan for a group of one.
    n: (groups,) genes.
    """

    mean: np.ndarray
    sem: np.ndarray
    n: np.ndarray


def bin_width(length: int, max_bins: int = MAX_BINS) -> int:
    """Smallest odd width (bp) of bins, one centred on the TSS, of which a window has few enough.

    length: of the window, bp.
    max_bins: the most; default 401.
    """
    width = 1
    while (length - 1) // width > max_bins:
        width += 2
    return width


def bin_centres(length: int, width: int) -> np.ndarray:
    """Centres of the bins (bins,), bp downstream of the TSS, symmetric around 0.

    length: of the window, bp.
    width: of the bins, bp.
    Raises ValueError if no bin fits.
    """
    half = ((length - 1) // 2 - width // 2) // width
    if length < 2 or length % 2 or half < 0:
        raise ValueError(
            f"window of {length} bp with bins of {width} bp; a window has an even length above the bin width"
        )
    return np.arange(-half, half + 1) * width


def binned(values: np.ndarray, minus: np.ndarray, width: int) -> np.ndarray:
    """Turn minus-strand genes around and average into bins around the TSS: (genes, bins) float64.

    values: (genes, length) on the + strand, with the TSS at index length / 2.
    minus: (genes,) bool, True on the minus strand.
    width: of the bins, bp.

    The first position has no counterpart downstream and is left out, as are positions outside the last full
    bins.
    """
    length = values.shape[1]
    half = abs(int(bin_centres(length, width)[0])) + width // 2
    around = values[:, length // 2 - half : length // 2 + half + 1].astype(np.float64)
    around[minus] = around[minus, ::-1]
    return around.reshape(len(values), -1, width).mean(axis=2)


def expand_contacts(
    bins: np.ndarray, tss: np.ndarray, chrom_length: np.ndarray, length: int, bin_size: int
) -> np.ndarray:
    """Contacts per position (genes, length), 0 off the chromosome, from contacts per genome bin.

    bins: (genes, n_bins).
    tss: (genes,) 0-based bp.
    chrom_length: (genes,) bp.
    length: of the windows, bp.
    bin_size: bp.
    """
    position = (tss - length // 2)[:, None] + np.arange(length)
    column = position // bin_size - ((tss - length // 2) // bin_size)[:, None]
    values = np.take_along_axis(bins, column, axis=1)
    return np.where((position >= 0) & (position < chrom_length[:, None]), values, 0)


def blocks(n_genes: int, length: int, megabytes: int = 64) -> Iterator[slice]:
    """Slices of genes whose float64 windows fit into a piece of memory.

    n_genes: how many there are.
    length: of the windows, bp.
    megabytes: the most; default 64.
    """
    step = max(1, megabytes * 2**20 // (8 * length))
    for start in range(0, n_genes, step):
        yield slice(start, min(start + step, n_genes))


def mean_profile(stream: Iterable[tuple[np.ndarray, np.ndarray]], groups: int) -> Profile:
    """Mean and standard error over genes, by group and bin, in one pass (Chan's update).

    stream: pairs of (genes, bins) values and (genes,) group numbers; a negative number leaves the gene out.
    groups: how many there are.
    Raises ValueError for an empty stream.
    """
    n, mean, squares = np.zeros(groups), None, None
    for values, group in stream:
        if mean is None:
            mean, squares = np.zeros((groups, values.shape[1])), np.zeros((groups, values.shape[1]))
        for number in range(groups):
            rows = values[group == number]
            if len(rows):
                block = rows.mean(axis=0)
                total = n[number] + len(rows)
                step = block - mean[number]
                squares[number] += ((rows - block) ** 2).sum(axis=0) + step**2 * n[number] * len(rows) / total
                mean[number] += step * len(rows) / total
                n[number] = total
    if mean is None:
        raise ValueError("the windows file holds no gene, so there is no profile to draw")
    with np.errstate(divide="ignore", invalid="ignore"):
        sem = np.sqrt(squares / (n - 1)[:, None] / n[:, None])
    sem[n < 2] = np.nan
    mean[n == 0] = np.nan
    return Profile(mean, sem, n.astype(int))


def tertiles(expression: np.ndarray | None, n_genes: int) -> tuple[np.ndarray, list[str]]:
    """Group numbers (genes,) and group names: top and bottom third of the genes with a known expression.

    expression: (genes,) log10(x + 1), nan where unknown; or None.
    n_genes: how many there are.

    The middle third and unknown genes get -1. If nothing is known or the thirds do not differ, all genes are
    one group.
    """
    everything = np.zeros(n_genes, int), ["all genes"]
    if expression is None or not np.isfinite(expression).any():
        return everything
    low, high = np.quantile(expression[np.isfinite(expression)], [1 / 3, 2 / 3])
    if low == high:
        return everything
    group = np.full(n_genes, -1)
    group[expression >= high] = 0
    group[expression <= low] = 1
    return group, ["top third", "bottom third"]

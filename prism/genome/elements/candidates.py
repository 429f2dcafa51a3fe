"""Candidate elements of genes: peaks of at most 2 kb, 1 to 100 kb from a TSS (EPInformer)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prism.genome.elements.peaks import Peaks, read_peaks
from prism.genome.genes.activity import interval_activity
from prism.genome.genes.loci import Loci
from prism.genome.tracks.contacts import ContactMap
from prism.genome.tracks.intervals import Intervals

WIDTH = 2000  # bp, the longest element
NEAREST, FARTHEST = 1_000, 100_000  # bp between centre and TSS: NEAREST < distance <= FARTHEST
MOST = 60  # elements of a gene


@dataclass(frozen=True)
class Elements:
    """Disjoint elements that at least one gene has, by chromosome in the genes' order, then by position."""

    chrom: np.ndarray  # (m,) str, the genome's names
    start: np.ndarray  # (m,) int64
    end: np.ndarray  # (m,) int64; may lie off the chromosome

    def __len__(self) -> int:
        return len(self.start)

    @property
    def centre(self) -> np.ndarray:
        """(m,) int64 position of each element's centre."""
        return (self.start + self.end) // 2


@dataclass(frozen=True)
class Candidates:
    """The elements of each gene, nearest first; columns from `count` on are padding (0)."""

    elements: Elements
    index: np.ndarray  # (n, 60) int32 of `elements`
    count: np.ndarray  # (n,) int32

    @property
    def present(self) -> np.ndarray:
        """(n, 60) bool, False where padded."""
        return np.arange(MOST) < self.count[:, None]

    def padded(self, values: np.ndarray) -> np.ndarray:
        """Values of the elements as (n, 60), 0 where padded.

        values: (m,) one for each element.
        """
        return np.where(self.present, values[self.index], 0)


def choose(loci: Loci, peaks: str | Path, blacklist: str | Path | None = None) -> Candidates:
    """Choose the candidate elements of each gene from a narrowPeak or BED file.

    loci: the genes.
    peaks: the file.
    blacklist: BED file of regions to avoid; default None.
    Raises ValueError for what the readers refuse, and if no gene has an element.

    Peaks are cut to 2 kb around their summit (or centre, if they have none). Those that share a base with the
    blacklist are left out; overlapping ones are merged and cut again around the strongest's summit. Of two
    equally near ones, the first on the + strand comes first.
    """
    lengths = loci.lengths()
    by_chrom = read_peaks(peaks, lengths)
    ignored = Intervals(blacklist, lengths) if blacklist else None
    chroms, parts, offset = np.array(loci.chrom), [], 0
    index, count = np.zeros((len(loci), MOST), np.int32), np.zeros(len(loci), np.int32)
    for chrom in (name for name in lengths if name in by_chrom):
        elements = made(by_chrom[chrom], chrom, ignored)
        for row in np.flatnonzero(chroms == chrom):
            nearest = _nearest((elements.start + elements.end) // 2, loci.tss[row])
            index[row, : len(nearest)], count[row] = nearest + offset, len(nearest)
        parts.append((chrom, elements))
        offset += len(elements)
    if not count.any():
        raise ValueError(
            f"{peaks}: no gene has a peak more than {NEAREST} and at most {FARTHEST} bp from its TSS; "
            "give peaks of the genes' chromosomes"
        )
    return _used(parts, index, count)


def made(peaks: Peaks, chrom: str, blacklist: Intervals | None = None) -> Peaks:
    """Elements from the peaks of one chromosome, sorted and disjoint.

    peaks: of the chromosome.
    chrom: the genome's name.
    blacklist: regions to avoid; default None.
    """
    cut = peaks.cut(WIDTH)
    if blacklist is not None:
        cut = cut.kept(~blacklist.overlaps(chrom, cut.start, cut.end))
    return cut.merged().cut(WIDTH)


def _nearest(centre: np.ndarray, tss: int) -> np.ndarray:
    """Indices of the elements within reach of a TSS, nearest first; centres (m,) ascend, as disjoint elements do."""
    low, high = np.searchsorted(centre, [tss - FARTHEST, tss + FARTHEST + 1])
    distance = np.abs(centre[low:high] - tss)
    order = np.argsort(distance, kind="stable")
    return low + order[distance[order] > NEAREST][:MOST]


def _used(parts: list[tuple[str, Peaks]], index: np.ndarray, count: np.ndarray) -> Candidates:
    """Candidates without the elements that no gene has."""
    present = np.arange(MOST) < count[:, None]
    used, renumbered = np.unique(index[present], return_inverse=True)
    index[present] = renumbered
    chrom = np.concatenate([np.full(len(peaks), name, object) for name, peaks in parts])
    start, end = (np.concatenate([getattr(each, name) for _, each in parts]) for name in ("start", "end"))
    return Candidates(Elements(chrom[used], start[used], end[used]), index, count)


def distance(candidates: Candidates, loci: Loci) -> np.ndarray:
    """(n, 60) float32 bp between the centre of each element and the TSS, never negative.

    candidates: of the genes.
    loci: the genes.
    """
    centre = candidates.elements.centre[candidates.index]
    return np.where(candidates.present, np.abs(centre - loci.tss[:, None]), 0).astype(np.float32)


def contact(candidates: Candidates, loci: Loci, contacts: ContactMap | None) -> np.ndarray:
    """(n, 60) float32 contacts between the bins of element centre and TSS, before log10(1 + x).

    candidates: of the genes.
    loci: the genes.
    contacts: the contact map; without one every contact is 0.

    The pseudocount is included. A gene without a usable row in the map has 0
    (`prism.genome.tracks.contacts`).
    """
    values = np.zeros(candidates.index.shape, np.float32)
    if contacts is None:
        return values
    chroms = np.array(loci.chrom)
    for chrom in loci.lengths():
        rows = np.flatnonzero((chroms == chrom) & (candidates.count > 0))
        if not len(rows):
            continue
        # A padded column asks for the bin of the TSS, which is read anyway.
        tss, present = loci.tss[rows], candidates.present[rows]
        centre = np.where(present, candidates.elements.centre[candidates.index[rows]], tss[:, None])
        found = contacts.between(chrom, tss, centre // contacts.resolution)
        values[rows] = np.where(present, found, 0)
    return values


def activity(
    candidates: Candidates, signals: Mapping[str, Sequence[str]], lengths: dict[str, int]
) -> np.ndarray:
    """(n, 60) float32: sqrt(H3K27ac * DNase), of their mean raw values over each element; 0 without signals.

    candidates: of the genes.
    signals: name -> bigWig replicates, as for the promoter activity (`prism.genome.genes.activity`).
    lengths: bp of the chromosomes, by the genome's names.
    """
    if not signals:
        return np.zeros(candidates.index.shape, np.float32)
    elements = candidates.elements
    names = [
        f"{chrom}:{start}-{end}"
        for chrom, start, end in zip(elements.chrom, elements.start, elements.end, strict=True)
    ]
    values = interval_activity(
        elements.chrom, elements.start, elements.end, signals, lengths, names, "element activity", "element"
    )
    return candidates.padded(values).astype(np.float32)

"""The structure of a simulated gene: exons, introns, UTRs and coding sequence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MIN_FIRST_EXON = 60  # the promoter zone reaches this far into the transcript and must not meet an intron
MIN_UTR5 = MIN_FIRST_EXON
MIN_INTRON = 80
STOP = 3  # bases of the stop codon, which belongs neither to the CDS nor to the 3'UTR (as in Ensembl's GTF)


@dataclass(frozen=True)
class Transcript:
    """One spliced transcript, read in its own direction.

    utr5: its length, bases.
    cds: its length, bases; divisible by 3, without the stop codon.
    utr3: its length, bases.
    exon_ends: (n_exons,) cumulative ends in mRNA coordinates; the last is the mRNA's length.
    introns: (n_exons - 1,) lengths.

    "Body" coordinates count from the TSS along the unspliced gene.
    """

    utr5: int
    cds: int
    utr3: int
    exon_ends: np.ndarray
    introns: np.ndarray

    @property
    def mrna_length(self) -> int:
        """Bases of the spliced transcript."""
        return self.utr5 + self.cds + STOP + self.utr3

    @property
    def body_length(self) -> int:
        """Bases from the first to the last exon."""
        return self.mrna_length + int(self.introns.sum())

    @property
    def coding_exons(self) -> int:
        """Exons that hold some of the coding sequence."""
        inside = (self.exon_ends > self.utr5) & (self.exon_ends < self.utr5 + self.cds)
        return int(inside.sum()) + 1

    def pieces(self, start: int, end: int) -> np.ndarray:
        """An mRNA interval [start, end) as (n, 2) half-open intervals in body coordinates, in order.

        start: in mRNA coordinates.
        end: in mRNA coordinates, exclusive.
        """
        exon_starts = np.concatenate([[0], self.exon_ends[:-1]])
        shift = np.concatenate([[0], np.cumsum(self.introns)])
        left, right = np.maximum(exon_starts, start), np.minimum(self.exon_ends, end)
        kept = left < right
        return np.stack([left + shift, right + shift], axis=1)[kept]


def draw_transcripts(rng: np.random.Generator, n: int, longest_body: int) -> list[Transcript]:
    """Draw transcripts.

    rng: source of chance.
    n: how many.
    longest_body: bp that none exceeds.

    Lengths are log-normal around human medians (5'UTR 200, CDS 1,200, 3'UTR 900, exons of 180 bases, introns
    5 kb in all). Each gene has its own typical exon length, so exon density varies independently of CDS
    length.
    """
    longest_mrna = 0.6 * longest_body
    utr5 = _lengths(rng, n, 200, 0.6, MIN_UTR5, 0.12 * longest_mrna)
    cds = 3 * (_lengths(rng, n, 1200, 0.55, 240, 0.55 * longest_mrna) // 3)
    utr3 = _lengths(rng, n, 900, 0.7, 80, 0.3 * longest_mrna)
    exon_length = rng.lognormal(np.log(180), 0.45, n).clip(90, 700)
    intron_total = rng.lognormal(np.log(5000), 0.6, n)
    transcripts = []
    for i in range(n):
        room = longest_body - int(utr5[i] + cds[i] + STOP + utr3[i])
        exon_ends = _exon_ends(
            rng, int(utr5[i]), int(cds[i]), int(utr3[i]), exon_length[i], room // MIN_INTRON
        )
        introns = _introns(rng, len(exon_ends) - 1, intron_total[i], room)
        transcripts.append(Transcript(int(utr5[i]), int(cds[i]), int(utr3[i]), exon_ends, introns))
    return transcripts


def _lengths(rng: np.random.Generator, n: int, median: int, sd: float, least: int, most: float) -> np.ndarray:
    return rng.lognormal(np.log(median), sd, n).clip(least, most).astype(np.int64)


def _exon_ends(
    rng: np.random.Generator, utr5: int, cds: int, utr3: int, exon_length: float, most_introns: int
) -> np.ndarray:
    """Exon ends in mRNA coordinates; junctions lie before the stop codon: the 3'UTR is in the last exon."""
    spliced = utr5 + cds
    n_exons = max(1, min(round(spliced / exon_length), most_introns + 1))
    jitter = rng.uniform(-0.3, 0.3, n_exons - 1)
    junctions = (spliced * (np.arange(1, n_exons) + jitter) / n_exons).astype(np.int64)
    junctions = junctions[junctions >= MIN_FIRST_EXON]
    return np.append(junctions, spliced + STOP + utr3)


def _introns(rng: np.random.Generator, n: int, total: float, room: int) -> np.ndarray:
    """Lengths of `n` introns, `total` together where the gene has room for that."""
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    spare = max(0.0, min(total, float(room)) - n * MIN_INTRON)
    return MIN_INTRON + np.floor(spare * rng.dirichlet(np.full(n, 1.5))).astype(np.int64)

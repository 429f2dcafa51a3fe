"""The bases of a chromosome: random, with genes, splice sites, codons and promoter motifs written into them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from prism.genome.tracks.sequence import LETTERS, encode
from prism.simulate.landscape import Landscape
from prism.simulate.promoters import ZONE_END, ZONE_START, random_bases, reverse_complement
from prism.simulate.settings import TELOMERE
from prism.simulate.transcripts import STOP, Transcript

STOPS = ("TAA", "TAG", "TGA")
SENSE_CODONS = np.stack(
    [encode(a + b + c) for a in LETTERS for b in LETTERS for c in LETTERS if a + b + c not in STOPS]
)


def draw_sequence(landscape: Landscape, chrom: str) -> np.ndarray:
    """Bases of one chromosome: (length,) uint8 codes A0 C1 G2 T3, 4 in the telomeres.

    landscape: the genome.
    chrom: its name.
    """
    settings = landscape.settings
    rng = settings.stream("sequence", chrom)
    codes = random_bases(rng, settings.chromosome_length, gc=0.42)
    codes[:TELOMERE] = 4
    codes[-TELOMERE:] = 4
    for row in landscape.of(chrom):
        gene = landscape.genes.loc[row]
        body = _draw_body(rng, landscape.transcripts[row])
        zone = landscape.promoters[row]
        if gene["strand"] == "+":
            codes[gene["start"] : gene["end"]] = body
            codes[gene["tss"] + ZONE_START : gene["tss"] + ZONE_END] = zone
        else:
            codes[gene["start"] : gene["end"]] = reverse_complement(body)
            codes[gene["tss"] + 1 - ZONE_END : gene["tss"] + 1 - ZONE_START] = reverse_complement(zone)
    return codes


def _draw_body(rng: np.random.Generator, transcript: Transcript) -> np.ndarray:
    """The unspliced gene in its own direction: (body_length,) codes."""
    body = random_bases(rng, transcript.body_length, gc=0.44)
    mrna = random_bases(rng, transcript.mrna_length, gc=0.5)
    coding_end = transcript.utr5 + transcript.cds
    mrna[transcript.utr5 : coding_end] = _draw_orf(rng, transcript.cds // 3)
    mrna[coding_end : coding_end + STOP] = encode(STOPS[rng.integers(len(STOPS))])
    exons = transcript.pieces(0, transcript.mrna_length)
    copied = 0
    for start, end in exons:
        body[start:end] = mrna[copied : copied + end - start]
        copied += end - start
    for (_, intron_start), (intron_end, _) in pairwise(exons):
        body[intron_start : intron_start + 2] = encode("GT")
        body[intron_end - 2 : intron_end] = encode("AG")
    return body


def _draw_orf(rng: np.random.Generator, n_codons: int) -> np.ndarray:
    """ATG and `n_codons` - 1 random sense codons: (3 * n_codons,) codes."""
    codons = SENSE_CODONS[rng.integers(len(SENSE_CODONS), size=n_codons)]
    codons[0] = encode("ATG")
    return codons.reshape(-1)


def soft_masked(landscape: Landscape, chrom: str) -> np.ndarray:
    """Which bases are written in lower case, as repeats are: (length,) bool, about a fifth, in runs.

    landscape: the genome.
    chrom: its name.
    """
    length = landscape.settings.chromosome_length
    rng = landscape.settings.stream("repeats", chrom)
    starts = rng.integers(TELOMERE, length - TELOMERE - 600, size=length // 1500)
    masked = np.zeros(length, dtype=bool)
    for start, size in zip(starts, rng.integers(50, 600, size=len(starts)), strict=True):
        masked[start : start + size] = True
    return masked

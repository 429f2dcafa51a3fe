"""The eight mRNA features of EPInformer's table (Xpresso, Agarwal and Shendure 2020), from a GTF and a
genome.

Every definition here was inferred from the published table of 18,377 genes; docs/rna_features.md has the
evidence.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from prism.genome.genes.table import RNA_FEATURES
from prism.genome.genes.transcripts import Segments, Transcripts
from prism.genome.tracks.fasta import Genome

log = logging.getLogger(__name__)

LENGTHS = ("UTR5LEN", "CDSLEN", "INTRONLEN", "UTR3LEN")
PSEUDO_LENGTH = 0.1  # bp added before the logarithm, so that a length of zero is -1

# Mean and standard deviation of log10(length + 0.1) over the 18,377 genes: what the published z-scores were made with.
PUBLISHED_SCALE = {
    "UTR5LEN": (2.116472547688605, 0.7023122386257608),
    "CDSLEN": (3.1221738161453447, 0.3202298842622234),
    "INTRONLEN": (4.128012211033565, 1.0447096130234106),
    "UTR3LEN": (2.728380984465432, 0.8638573022367165),
}


@dataclass(frozen=True)
class Parts:
    """The pieces of mRNAs.

    utr5: 5' UTRs.
    coding: coding segments, without the stop codons.
    stops: stop codons.
    utr3: 3' UTRs.
    """

    utr5: Segments
    coding: Segments
    stops: Segments
    utr3: Segments


def split(transcripts: Transcripts) -> Parts:
    """Cut exons into 5' UTR, coding segments, stop codon and 3' UTR; a transcript without CDS has no pieces.

    transcripts: of a GTF.

    The stop codon belongs neither to the coding segments nor to the 3' UTR, whether or not the GTF counts it
    to the CDS.
    """
    n = len(transcripts.frame)
    forward = (transcripts.frame["strand"] == "+").to_numpy()
    stop_low, stop_high = _bounds(transcripts.stops, n)
    coding = transcripts.coding
    plus = forward[coding.row]
    coding = _clip(
        coding,
        np.where(plus, coding.start, np.maximum(coding.start, stop_high[coding.row])),
        np.where(plus, np.minimum(coding.end, stop_low[coding.row]), coding.end),
    )
    low, high = _bounds(coding, n)
    low, high = np.minimum(low, stop_low), np.maximum(high, stop_high)
    exons = transcripts.exons.select((transcripts.coding.count(n) > 0)[transcripts.exons.row])
    left = _clip(exons, exons.start, np.minimum(exons.end, low[exons.row]))
    right = _clip(exons, np.maximum(exons.start, high[exons.row]), exons.end)
    utr5 = _joined(left.select(forward[left.row]), right.select(~forward[right.row]))
    utr3 = _joined(right.select(forward[right.row]), left.select(~forward[left.row]))
    return Parts(utr5, coding, transcripts.stops, utr3)


def _bounds(pieces: Segments, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Lowest start and highest end per transcript; (huge, -1) where it has no piece."""
    low = np.full(n, np.iinfo(np.int64).max)
    high = np.full(n, -1, dtype=np.int64)
    np.minimum.at(low, pieces.row, pieces.start)
    np.maximum.at(high, pieces.row, pieces.end)
    return low, high


def _clip(pieces: Segments, start: np.ndarray, end: np.ndarray) -> Segments:
    return Segments(pieces.row, start, end).select(start < end)


def _joined(first: Segments, second: Segments) -> Segments:
    return Segments(
        *(np.concatenate([getattr(first, name), getattr(second, name)]) for name in ("row", "start", "end"))
    )


def longest_coding(transcripts: Transcripts) -> np.ndarray:
    """Row of each gene's transcript for the features, in order of gene id; genes without CDS are absent.

    transcripts: of a GTF.

    The longest CDS wins, then the longest 5' UTR, then the longest 3' UTR (Xpresso's rule), then the first
    transcript id.
    """
    parts, n = split(transcripts), len(transcripts.frame)
    order = transcripts.frame[["gene_id", "transcript_id"]].assign(
        cds=-parts.coding.total(n), utr5=-parts.utr5.total(n), utr3=-parts.utr3.total(n)
    )
    order = order[order["cds"] < 0].sort_values(["gene_id", "cds", "utr5", "utr3", "transcript_id"])
    return order.drop_duplicates("gene_id").index.to_numpy()


def lengths(transcripts: Transcripts, parts: Parts) -> pd.DataFrame:
    """UTR5LEN, CDSLEN, INTRONLEN, UTR3LEN in bp and `coding_exons`, one row for each transcript.

    transcripts: of a GTF.
    parts: their pieces.

    As in the published table, a piece counts GTF end minus GTF start, one less than its bases. The intron
    length is the rest of the transcript's span (counted alike), so a gene of one exon has 3 to 5, not 0.
    """
    n = len(transcripts.frame)
    out = pd.DataFrame(index=transcripts.frame.index)
    for name, pieces in (("UTR5LEN", parts.utr5), ("CDSLEN", parts.coding), ("UTR3LEN", parts.utr3)):
        out[name] = pieces.total(n, pieces.end - pieces.start - 1)
    span = transcripts.frame["end"] - transcripts.frame["start"] - 1
    out["INTRONLEN"] = span - out["UTR5LEN"] - out["CDSLEN"] - out["UTR3LEN"]
    out["coding_exons"] = parts.coding.count(n)
    return out


def gc_content(pieces: Segments, chrom: np.ndarray, genome: Genome) -> np.ndarray:
    """(n,) share of G and C among the known bases of each transcript's pieces; 0 if there are none.

    pieces: of the transcripts.
    chrom: (n,) chromosome of each transcript, by the genome's names.
    genome: to read bases from.
    """
    strong, known = np.zeros(len(chrom), dtype=np.int64), np.zeros(len(chrom), dtype=np.int64)
    for row, start, end in zip(pieces.row, pieces.start, pieces.end, strict=True):
        counts = np.bincount(genome.codes(chrom[row], int(start), int(end)), minlength=5)
        strong[row] += counts[1] + counts[2]
        known[row] += counts[:4].sum()
    return strong / np.maximum(known, 1)


def measure(transcripts: Transcripts, genome: Genome) -> pd.DataFrame:
    """Lengths (bp), GC shares and ORFEXONDENSITY (coding exons per 1,000 bp of CDSLEN) of each transcript.

    transcripts: of a GTF; `frame.chrom` must hold the genome's names.
    genome: to read bases from.

    CDSGC counts the stop codon, CDSLEN does not.
    """
    parts = split(transcripts)
    chrom = transcripts.frame["chrom"].to_numpy()
    out = lengths(transcripts, parts)
    out["UTR5GC"] = gc_content(parts.utr5, chrom, genome)
    out["CDSGC"] = gc_content(_joined(parts.coding, parts.stops), chrom, genome)
    out["UTR3GC"] = gc_content(parts.utr3, chrom, genome)
    out["ORFEXONDENSITY"] = 1000 * out["coding_exons"] / out["CDSLEN"].clip(lower=1)
    return out


def scaled(measured: pd.DataFrame, scale: Mapping[str, tuple[float, float]] | None = None) -> pd.DataFrame:
    """`RNA_FEATURES`, one row for each gene, with the lengths as z-scores of log10(length + 0.1).

    measured: what `measure` gives for the genes' transcripts.
    scale: mean and standard deviation of each length, such as `PUBLISHED_SCALE` (for released weights, or few
    genes);
    default None: of the given genes, with the population standard deviation.

    A length that is the same for all genes becomes 0.
    """
    out = measured.copy()
    for name in LENGTHS:
        values = np.log10(measured[name].to_numpy(dtype=float).clip(min=0) + PSEUDO_LENGTH)
        mean, deviation = (values.mean(), values.std()) if scale is None else scale[name]
        if deviation < 1e-12:
            log.warning("mRNA feature %s is the same for all %d genes: its z-score is 0", name, len(values))
            mean, deviation = values, 1.0
        out[f"{name}_log10zscore"] = (values - mean) / deviation
    return out[list(RNA_FEATURES)]

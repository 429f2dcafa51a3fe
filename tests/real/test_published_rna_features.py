"""mRNA features from Ensembl 75 (hg19, chr22) against the published table of 18,377 genes (docs/rna_features.md).

The table was made from a later Ensembl release, so some genes have another longest transcript there: exact agreement
of the rest is what shows that the definitions are right. There is no hg19 sequence: GC is checked on hg38 bases for the
genes whose transcript fits there, moved as a whole, with every intron GT..AG and the CDS starting with ATG.
"""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from prism.genome.genes import rna_features
from prism.genome.genes.gtf import read_gtf
from prism.genome.genes.rna_features import LENGTHS, PSEUDO_LENGTH, PUBLISHED_SCALE
from prism.genome.genes.table import RNA_FEATURES
from prism.genome.genes.transcripts import Segments, select_transcripts
from prism.genome.tracks.fasta import Genome, write_fasta
from prism.genome.tracks.sequence import decode

# Distances hg38 - hg19 seen in the part of chr22 whose sequence is at hand, in bp.
SHIFTS = [*range(12470, 12491), *range(-354295, -354280), *range(-480895, -480885)]


@pytest.fixture(scope="module")
def published(shared) -> pd.DataFrame:
    table = pd.read_csv(
        shared / "real/tables/mRNA_halflife_features.csv", dtype={"chrom": str}, float_precision="round_trip"
    )
    return table.set_index("gene_id")


@pytest.fixture(scope="module")
def chosen(shared, published):
    """The transcript of each gene of the table's chr22, by the rule of the features."""
    transcripts = read_gtf(shared / "real/human_chr22/annotation/chr22.GRCh37.75.hg19.gtf.gz", None)
    transcripts = select_transcripts(
        transcripts, transcripts.frame["gene_id"].isin(published.index).to_numpy()
    )
    keep = np.zeros(len(transcripts.frame), dtype=bool)
    keep[rna_features.longest_coding(transcripts)] = True
    return select_transcripts(transcripts, keep)


@pytest.fixture(scope="module")
def decoded(published) -> pd.DataFrame:
    """The table's lengths in bp, from its z-scores."""
    bp = {}
    for name, (mean, deviation) in PUBLISHED_SCALE.items():
        bp[name] = 10 ** (published[f"{name}_log10zscore"] * deviation + mean) - PSEUDO_LENGTH
    return pd.DataFrame(bp)


def test_the_published_scale_turns_every_z_score_into_a_whole_number_of_bp(decoded):
    off = (decoded - decoded.round()).abs() / decoded.clip(lower=1)
    assert off.to_numpy().max() < 1e-9


def test_the_published_scale_is_that_of_the_18377_genes(decoded, published):
    ours = rna_features.scaled(decoded.round().assign(UTR5GC=0, CDSGC=0, UTR3GC=0, ORFEXONDENSITY=0))
    for name in RNA_FEATURES[:4]:
        np.testing.assert_allclose(ours[name], published[name], atol=1e-9)


def test_lengths_and_exon_density(chosen, decoded, published):
    ours = rna_features.lengths(chosen, rna_features.split(chosen))
    ours.index = pd.Index(chosen.frame["gene_id"])
    theirs = decoded.round().loc[ours.index]
    assert len(ours) == 418
    exact = {name: (ours[name] == theirs[name]).mean() for name in LENGTHS}
    correlation = {
        name: np.corrcoef(np.log10(ours[name] + 0.1), np.log10(theirs[name] + 0.1))[0, 1] for name in LENGTHS
    }
    # Found: 0.880, 0.909, 0.801, 0.840 and 0.791, 0.989, 0.971, 0.722.
    assert exact["UTR5LEN"] > 0.85
    assert exact["CDSLEN"] > 0.88
    assert exact["INTRONLEN"] > 0.77
    assert exact["UTR3LEN"] > 0.81
    assert correlation["UTR5LEN"] > 0.75
    assert correlation["CDSLEN"] > 0.98
    assert correlation["INTRONLEN"] > 0.96
    assert correlation["UTR3LEN"] > 0.68
    density = 1000 * ours["coding_exons"] / ours["CDSLEN"]
    same_transcript = (
        ours[["UTR5LEN", "CDSLEN", "UTR3LEN"]] == theirs[["UTR5LEN", "CDSLEN", "UTR3LEN"]]
    ).all(axis=1)
    off = (density - published.loc[ours.index, "ORFEXONDENSITY"]).abs()
    assert same_transcript.sum() > 320  # found: 336
    assert (off[same_transcript] <= 0.0051).mean() > 0.99  # the table has two decimals
    assert (off <= 0.0051).mean() > 0.88  # found: 0.911


def _moved(one, shift: int):
    frame = one.frame.assign(chrom="chr22", start=one.frame["start"] + shift, end=one.frame["end"] + shift)
    pieces = {name: getattr(one, name) for name in ("exons", "coding", "stops")}
    moved = {name: Segments(each.row, each.start + shift, each.end + shift) for name, each in pieces.items()}
    return dataclasses.replace(one, frame=frame, **moved)


def _fits(transcript, genome: Genome) -> bool:
    """At least two introns, all GT..AG, CDS from ATG, and no unknown base in the exons."""
    forward = transcript.frame.loc[0, "strand"] == "+"
    exons = sorted(zip(transcript.exons.start, transcript.exons.end, strict=True))
    first, last = ("GT", "AG") if forward else ("CT", "AC")
    for (_, end), (start, _) in pairwise(exons):
        if (
            decode(genome.codes("chr22", end, end + 2)) != first
            or decode(genome.codes("chr22", start - 2, start)) != last
        ):
            return False
    low, high = transcript.coding.start.min(), transcript.coding.end.max()
    start_codon = decode(
        genome.codes("chr22", low, low + 3) if forward else genome.codes("chr22", high - 3, high)
    )
    known = all((genome.codes("chr22", start, end) < 4).all() for start, end in exons)
    return len(exons) > 2 and start_codon == ("ATG" if forward else "CAT") and known


def test_gc_on_hg38(shared, chosen, decoded, published, tmp_path):
    write_fasta(shared / "real/human_chr22/hg38_chr22.fa.gz", tmp_path / "chr22.fa")
    genome = Genome(tmp_path / "chr22.fa")
    near = np.flatnonzero(chosen.frame["start"].between(16_000_000, 22_200_000))
    rows = {}
    for row in near:
        one = select_transcripts(chosen, np.arange(len(chosen.frame)) == row)
        moved = (_moved(one, shift) for shift in SHIFTS)
        fitting = next((transcript for transcript in moved if _fits(transcript, genome)), None)
        if fitting is not None:
            rows[chosen.frame.loc[row, "gene_id"]] = rna_features.measure(fitting, genome).iloc[0]
    ours = pd.DataFrame(rows).T
    theirs = decoded.round().loc[ours.index]
    ours = ours[
        (ours[["UTR5LEN", "CDSLEN", "UTR3LEN"]] == theirs[["UTR5LEN", "CDSLEN", "UTR3LEN"]]).all(axis=1)
    ]
    off = {
        name: (ours[name] - published.loc[ours.index, name]).abs() for name in ("UTR5GC", "CDSGC", "UTR3GC")
    }
    exact = {
        name: (difference <= 0.00051).mean() for name, difference in off.items()
    }  # the table has three decimals
    # Found, 31 genes: 0.871, 1.000, 0.871.
    assert len(ours) >= 30
    assert exact["UTR5GC"] > 0.80
    assert exact["CDSGC"] > 0.95
    assert exact["UTR3GC"] > 0.85

"""mRNA features of transcripts worked out by hand: lengths, GC, exon density, stop codons, the choice of transcript."""

from __future__ import annotations

import numpy as np
import pytest

from prism.genome.genes import rna_features
from prism.genome.genes.gtf import read_gtf
from prism.genome.genes.transcripts import select_transcripts
from prism.genome.tracks.fasta import Genome
from tests.unit.genome.genes.gtf_text import CODING, FORWARD, REVERSE, line, write
from tests.unit.genome.tiny_genome import write_genome

# A (+): exons [10,30) [40,60) [70,100), CDS [20,30) [40,60) [70,77), stop [77,80): 5' UTR [10,20), 3' UTR [80,100).
#   Each piece counts one base less: 5' UTR 9, CDS 9 + 19 + 6 = 34, 3' UTR 19; span 89, so introns 89 - 62 = 27.
# B (-): exons [150,180) [110,130), CDS [150,170) [120,130), stop [117,120): 5' UTR [170,180), 3' UTR [110,117).
#   5' UTR 9, CDS 19 + 9 = 28, 3' UTR 6; span 69, so introns 26.
HAND = {
    "A1": {"UTR5LEN": 9, "CDSLEN": 34, "INTRONLEN": 27, "UTR3LEN": 19, "coding_exons": 3},
    "B1": {"UTR5LEN": 9, "CDSLEN": 28, "INTRONLEN": 26, "UTR3LEN": 6, "coding_exons": 2},
}


@pytest.fixture
def genome(tmp_path) -> Genome:
    """200 bp of A, with the bases that the GC tests need."""
    bases = ["A"] * 200
    for start, end, base in [
        (10, 14, "G"),  # A's 5' UTR: 4 of 10
        (40, 60, "c"),  # A's CDS and stop: 20 of 40, soft-masked
        (60, 70, "G"),  # A's intron: counts nowhere
        (80, 90, "N"),  # A's 3' UTR: 10 known bases,
        (90, 93, "G"),  # 3 of them strong
        (118, 120, "C"),  # B's stop codon: 2 of the 33 bases of CDS and stop
        (170, 171, "G"),  # B's 5' UTR: 1 of 10
        (110, 117, "S"),  # B's 3' UTR: no known base at all
    ]:
        bases[start:end] = [base] * (end - start)
    return Genome(write_genome(tmp_path / "genome.fa", {"chr1": "".join(bases)}))


def _by_transcript(transcripts, frame):
    return {name: frame.loc[row].to_dict() for row, name in enumerate(transcripts.frame["transcript_id"])}


def test_lengths_on_both_strands(tmp_path):
    transcripts = read_gtf(write(tmp_path / "x.gtf", FORWARD + REVERSE))
    found = rna_features.lengths(transcripts, rna_features.split(transcripts))
    assert _by_transcript(transcripts, found) == HAND


@pytest.mark.parametrize(
    ("strand", "lines", "stop_in_cds"), [("+", FORWARD, (71, 80)), ("-", REVERSE, (118, 130))]
)
def test_a_cds_that_includes_the_stop_codon_gives_the_same(tmp_path, strand, lines, stop_in_cds):
    gene = lines[0].split('"')[1]
    start, end = stop_in_cds
    old = f"CDS\t{start}\t77" if strand == "+" else f"CDS\t121\t{end}"
    changed = [text.replace(old, f"CDS\t{start}\t{end}") for text in lines]
    assert changed != lines
    transcripts = read_gtf(write(tmp_path / "x.gtf", changed))
    found = rna_features.lengths(transcripts, rna_features.split(transcripts))
    assert found.loc[0].to_dict() == HAND[f"{gene}1"]


def test_stop_codon_split_by_an_intron_is_in_no_part(tmp_path):
    # Exons [0,30) [50,80), CDS [10,28), stop [28,30) + [50,51), 3' UTR [51,80).
    lines = [
        line("transcript", 1, 80, "+", "C", "C1", more=CODING.format("gamma")),
        line("exon", 1, 30, "+", "C", "C1"),
        line("exon", 51, 80, "+", "C", "C1"),
        line("CDS", 11, 28, "+", "C", "C1"),
        line("stop_codon", 29, 30, "+", "C", "C1"),
        line("stop_codon", 51, 51, "+", "C", "C1"),
    ]
    transcripts = read_gtf(write(tmp_path / "x.gtf", lines))
    parts = rna_features.split(transcripts)
    assert [parts.utr5.start.tolist(), parts.utr5.end.tolist()] == [[0], [10]]
    assert [parts.coding.start.tolist(), parts.coding.end.tolist()] == [[10], [28]]
    assert [parts.utr3.start.tolist(), parts.utr3.end.tolist()] == [[51], [80]]


def test_single_exon_gene_has_introns_of_five(tmp_path):
    # As the 771 single-exon genes with both UTRs of the published table: 3 for the stop codon, 1 for each UTR.
    lines = [
        line("transcript", 1, 100, "-", "S", "S1", more=CODING.format("sigma")),
        line("exon", 1, 100, "-", "S", "S1"),
        line("CDS", 31, 90, "-", "S", "S1"),
        line("stop_codon", 28, 30, "-", "S", "S1"),
    ]
    transcripts = read_gtf(write(tmp_path / "x.gtf", lines))
    found = rna_features.lengths(transcripts, rna_features.split(transcripts)).loc[0].to_dict()
    assert found == {"UTR5LEN": 9, "CDSLEN": 59, "INTRONLEN": 5, "UTR3LEN": 26, "coding_exons": 1}


def test_gc_and_density(tmp_path, genome):
    transcripts = read_gtf(write(tmp_path / "x.gtf", FORWARD + REVERSE))
    found = _by_transcript(transcripts, rna_features.measure(transcripts, genome))
    assert found["A1"]["UTR5GC"] == 0.4
    assert found["A1"]["CDSGC"] == 0.5
    assert found["A1"]["UTR3GC"] == 0.3
    assert found["A1"]["ORFEXONDENSITY"] == 3 / 0.034
    assert found["B1"]["UTR5GC"] == 0.1
    assert found["B1"]["CDSGC"] == 2 / 33
    assert found["B1"]["UTR3GC"] == 0
    assert found["B1"]["ORFEXONDENSITY"] == 2 / 0.028


def test_transcript_without_cds_has_no_parts(tmp_path):
    lines = [text for text in FORWARD if "\tCDS\t" not in text]
    transcripts = read_gtf(write(tmp_path / "x.gtf", lines))
    parts = rna_features.split(transcripts)
    assert [len(piece.row) for piece in (parts.utr5, parts.coding, parts.utr3)] == [0, 0, 0]
    assert rna_features.longest_coding(transcripts).tolist() == []


def _one_exon(name: str, start: int, end: int, cds_start: int, cds_end: int) -> list[str]:
    return [
        line("transcript", start, end, "+", "G", name, more=CODING.format("G")),
        line("exon", start, end, "+", "G", name),
        line("CDS", cds_start, cds_end, "+", "G", name),
    ]


@pytest.mark.parametrize(
    ("transcripts", "chosen"),
    [
        ({"T1": (1, 90, 31, 60), "T2": (1, 90, 31, 63)}, "T2"),  # the longer CDS
        (
            {"T1": (11, 90, 31, 60), "T2": (1, 70, 31, 60)},
            "T2",
        ),  # same CDS: the longer 5' UTR, not the longer mRNA
        ({"T1": (1, 80, 31, 60), "T2": (1, 90, 31, 60)}, "T2"),  # and then the longer 3' UTR
        ({"T2": (1, 90, 31, 60), "T1": (1, 90, 31, 60)}, "T1"),  # and then the first id
    ],
)
def test_longest_coding(tmp_path, transcripts, chosen):
    lines = [text for name, numbers in transcripts.items() for text in _one_exon(name, *numbers)]
    found = read_gtf(write(tmp_path / "x.gtf", lines))
    rows = rna_features.longest_coding(found)
    assert found.frame.loc[rows, "transcript_id"].tolist() == [chosen]


def test_scaled_is_the_population_z_score_of_log10_plus_a_tenth(tmp_path, genome):
    transcripts = read_gtf(write(tmp_path / "x.gtf", FORWARD + REVERSE))
    measured = rna_features.measure(transcripts, genome)
    found = rna_features.scaled(measured)
    # Of two different values the population z-scores are 1 and -1; equal values become 0.
    assert found["CDSLEN_log10zscore"].tolist() == pytest.approx([1, -1])
    assert found["UTR5LEN_log10zscore"].tolist() == [0, 0]
    published = rna_features.scaled(measured, rna_features.PUBLISHED_SCALE)
    assert published.loc[0, "CDSLEN_log10zscore"] == pytest.approx(
        (np.log10(34.1) - 3.1221738161) / 0.3202298843
    )
    assert published["CDSGC"].tolist() == measured["CDSGC"].tolist()


def test_zero_length_is_minus_one_before_scaling(tmp_path, genome):
    transcripts = read_gtf(write(tmp_path / "x.gtf", FORWARD))
    measured = rna_features.measure(transcripts, genome).assign(UTR5LEN=0)
    scale = dict.fromkeys(rna_features.LENGTHS, (0.0, 1.0))
    assert rna_features.scaled(measured, scale)["UTR5LEN_log10zscore"].tolist() == pytest.approx([-1])


def test_select_transcripts_moves_the_pieces(tmp_path):
    transcripts = read_gtf(write(tmp_path / "x.gtf", FORWARD + REVERSE))
    only = select_transcripts(transcripts, np.array([False, True]))
    found = rna_features.lengths(only, rna_features.split(only))
    assert _by_transcript(only, found) == {"B1": HAND["B1"]}

"""One transcript id at several places, as in UCSC's annotations: as many transcripts, not one that spans them all."""

from __future__ import annotations

import pytest

from prism.genome.genes.gtf import read_gtf
from tests.unit.genome.genes.gtf_text import CODING, line, write

TYPE = CODING.format("G")


def numbered(kind: str, start: int, end: int, number: int, strand: str = "+", chrom: str = "chr1") -> str:
    return line(kind, start, end, strand, "G", "NM_1", chrom, f'{TYPE} exon_number "{number}";')


def copy(start: int, strand: str = "+", chrom: str = "chr1") -> list[str]:
    """Two exons and a CDS, without a transcript line."""
    return [
        numbered("exon", start, start + 9, 1, strand, chrom),
        numbered("CDS", start + 2, start + 9, 1, strand, chrom),
        numbered("exon", start + 20, start + 29, 2, strand, chrom),
    ]


def lined(start: int, strand: str = "+") -> list[str]:
    """The same with a transcript line and without numbers."""
    where = (strand, "G", "NM_1")
    return [
        line("transcript", start, start + 29, *where, more=TYPE),
        line("exon", start, start + 9, *where, more=TYPE),
        line("CDS", start + 2, start + 9, *where, more=TYPE),
        line("exon", start + 20, start + 29, *where, more=TYPE),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        copy(1) + copy(101),
        copy(1) + copy(101, "-"),
        lined(1) + lined(101),
        lined(1) + lined(101, "-"),
        [each for pair in zip(lined(1), lined(101), strict=True) for each in pair],
    ],
)
def test_copies_are_transcripts_of_their_own(tmp_path, lines):
    found = read_gtf(write(tmp_path / "x.gtf", lines))
    spans = sorted(zip(found.frame["start"], found.frame["end"], strict=True))
    assert spans == [(0, 30), (100, 130)]
    assert sorted(found.exons.total(2)) == [20, 20]
    assert sorted(found.coding.total(2)) == [8, 8]


def test_one_place_is_one_transcript_whatever_the_order_of_its_lines(tmp_path):
    lines = [*reversed(copy(1)), line("stop_codon", 30, 32, "+", "G", "NM_1", more=TYPE)]
    found = read_gtf(write(tmp_path / "x.gtf", lines))
    assert found.frame[["start", "end"]].to_numpy().tolist() == [[0, 32]]
    assert found.exons.count(1).tolist() == [2]


def test_a_chromosome_more_is_a_transcript_more(tmp_path):
    found = read_gtf(write(tmp_path / "x.gtf", copy(1) + copy(1, chrom="chr2")))
    assert found.frame["chrom"].tolist() == ["chr1", "chr2"]

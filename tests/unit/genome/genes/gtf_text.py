"""Tiny GTF files, written line by line in the format's own coordinates (1-based, both ends included)."""

from __future__ import annotations

import gzip
from pathlib import Path


def line(
    kind: str, start: int, end: int, strand: str, gene: str, transcript="", chrom="chr1", more=""
) -> str:
    """One GTF line; `more` are further attributes as text."""
    attributes = f'gene_id "{gene}"; ' + (f'transcript_id "{transcript}"; ' if transcript else "") + more
    return "\t".join([chrom, "test", kind, str(start), str(end), ".", strand, ".", attributes.strip()])


def write(path: Path, lines: list[str]) -> Path:
    """Write the lines, gzipped where the name ends in .gz."""
    text = "\n".join(["##description: a test", *lines]) + "\n"
    with gzip.open(path, "wt") if path.suffix == ".gz" else open(path, "w") as out:
        out.write(text)
    return path


CODING = 'gene_type "protein_coding"; gene_name "{0}";'

# Two genes of one chromosome, worked out by hand in test_rna_features.py.
FORWARD = [
    line("gene", 11, 100, "+", "A", more=CODING.format("alpha")),
    line("transcript", 11, 100, "+", "A", "A1", more=CODING.format("alpha")),
    line("exon", 11, 30, "+", "A", "A1"),
    line("exon", 41, 60, "+", "A", "A1"),
    line("exon", 71, 100, "+", "A", "A1"),
    line("CDS", 21, 30, "+", "A", "A1"),
    line("CDS", 41, 60, "+", "A", "A1"),
    line("CDS", 71, 77, "+", "A", "A1"),
    line("start_codon", 21, 23, "+", "A", "A1"),
    line("stop_codon", 78, 80, "+", "A", "A1"),
]
REVERSE = [
    line("gene", 111, 180, "-", "B", more=CODING.format("beta")),
    line("transcript", 111, 180, "-", "B", "B1", more=CODING.format("beta")),
    line("exon", 151, 180, "-", "B", "B1"),
    line("exon", 111, 130, "-", "B", "B1"),
    line("CDS", 151, 170, "-", "B", "B1"),
    line("CDS", 121, 130, "-", "B", "B1"),
    line("stop_codon", 118, 120, "-", "B", "B1"),
]

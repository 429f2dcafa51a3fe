"""A genome with peaks around one gene, worked out by hand, for the tests of elements."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from prism.genome.tracks.fasta import write_fasta
from prism.genome.tracks.signal_sources import Signal
from tests.unit.genome import tiny_genome

LENGTHS = {"chrA": 400_000, "chrB": 200_000, "chrC": 5_000}
LOCI = [
    ("far", "chrC", 4_500, "+"),  # its only peak is 500 bp away
    ("many", "chrB", 100_000, "-"),
    ("end", "chrC", 1_000, "+"),
    ("main", "chrA", 150_000, "-"),
]
# (start, end, score, signal value, summit offset), chrA
PEAKS = [
    (120_000, 125_000, 0, 1, -1),  # long, no summit: cut around its centre
    (130_000, 134_000, 0, 1, 100),  # long, summit near its edge
    (148_990, 149_008, 0, 1, 4),  # centre 148,999: 1,001 bp away
    (150_990, 151_010, 0, 1, 4),  # centre 151,000: exactly 1,000 bp away, so left out
    (170_000, 170_500, 0, 1, 50),  # these two overlap
    (170_400, 170_900, 0, 1, 50),
    (175_000, 175_101, 0, 1, 5),  # these two touch and stay apart; the first has an odd width
    (175_101, 175_201, 0, 1, 5),
    (
        180_000,
        181_500,
        9,
        2,
        700,
    ),  # these two overlap and are longer than 2 kb together: summit of the stronger
    (181_400, 182_900, 1, 5, 600),
    (190_000, 190_100, 0, 1, 5),  # shares its last base with the blacklist
    (195_000, 195_100, 0, 1, 5),  # touches the blacklist
    (200_000, 210_000, 0, 1, 3_000),  # long, with a summit
    (249_990, 250_010, 0, 1, 5),  # centre 250,000: exactly 100,000 bp away
    (49_989, 50_009, 0, 1, 5),  # centre 49,999: 100,001 bp away, so left out
]
BLACKLIST = "chrA\t190099\t190200\nchrA\t195100\t195200\n"
# Elements of `main`, nearest first: start, end, distance of centre and TSS.
MAIN = [
    (148_990, 149_008, 1_001),
    (130_000, 131_100, 19_450),
    (170_000, 170_900, 20_450),
    (175_000, 175_101, 25_050),
    (175_101, 175_201, 25_151),
    (121_500, 123_500, 27_500),
    (181_000, 182_900, 31_950),
    (195_000, 195_100, 45_050),
    (202_000, 204_000, 53_000),
    (249_990, 250_010, 100_000),
]
# 5 kb bins: chrA 0..79, chrB 80..119, chrC 120. The TSS of `main` is in bin 30, 203,000 in bin 40, 130,550 in bin 26.
PIXELS = [(26, 30, 3), (30, 30, 7), (30, 40, 2), (120, 120, 4)]


def narrow_peaks() -> str:
    """All peaks; `many` has 70, at 1,500, 3,000, .. bp on either side; `end` has one that hangs over its chromosome."""
    rows = [("chrA", *peak) for peak in PEAKS]
    for step in range(1, 36):
        rows += [("chrB", 100_000 + side * 1_500 * step - 50, 100_000 + side * 1_500 * step + 50, 0, 1, 50)
                 for side in (-1, 1)]  # fmt: skip
    rows.append(("chrC", 4_900, 5_100, 0, 1, 10))
    lines = [
        f"{chrom}\t{start}\t{end}\tp\t{score}\t.\t{signal}\t-1\t-1\t{summit}"
        for chrom, start, end, score, signal, summit in rows
    ]
    return "\n".join(reversed(lines)) + "\n"


def bases() -> dict[str, str]:
    """Random bases."""
    draw = np.random.default_rng(0)
    return {name: "".join(draw.choice(list("ACGTn"), length)) for name, length in LENGTHS.items()}


def write(folder: Path) -> Path:
    """Genome, genes, peaks, blacklist, two signals and a contact map."""
    write_fasta(tiny_genome.write_fasta(folder / "in.fa", bases()), folder / "genome.fa")
    tiny_genome.write_genes(folder / "genes.tsv", LOCI)
    (folder / "peaks.narrowPeak").write_text(narrow_peaks())
    (folder / "blacklist.bed").write_text(BLACKLIST)
    # Over [202,000, 204,000): a has a mean of 2, b one of 8. Over [121,500, 123,500): 1 and 0.
    a = {"chrA": [(122_000, 123_000, 2), (202_500, 203_500, 4)], "chrC": [(4_900, 5_000, 18)]}
    b = {"chrA": [(201_000, 202_400, 40)], "chrC": [(4_950, 5_000, 32)]}
    tiny_genome.write_bigwig(folder / "a.bw", a, LENGTHS)
    tiny_genome.write_bigwig(folder / "b.bw", b, LENGTHS)
    tiny_genome.write_cool(folder / "map.cool", LENGTHS, PIXELS)
    return folder


def inputs(folder: Path) -> dict:
    """Arguments of `make.make` for these files."""
    return {
        "genes": folder / "genes.tsv",
        "fasta": folder / "genome.fa",
        "peaks": folder / "peaks.narrowPeak",
        "cell_type": "X",
        "assembly": "tiny",
        "blacklist": folder / "blacklist.bed",
        "contacts": Signal("HiC", "contacts", (str(folder / "map.cool"),)),
        "activity": {"a": [str(folder / "a.bw")], "b": [str(folder / "b.bw")]},
    }

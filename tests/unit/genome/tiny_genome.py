"""A genome of two short chromosomes with a track, contacts and intervals, for the tests of windows and cutting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig

from prism.genome.tracks import fasta

LENGTHS = {"chrA": 30_000, "chrB": 12_000}
# The first gene's window hangs over the start of its chromosome, the third's over the end.
LOCI = [
    ("g1", "chrA", 150, "+"),
    ("g2", "chrB", 6_000, "-"),
    ("g3", "chrA", 29_990, "-"),
    ("g4", "chrA", 15_000, "+"),
    ("g5", "chrB", 6_700, "."),
    ("g6", "chrA", 15_300, "-"),
]


def bases(seed: int = 0) -> dict[str, str]:
    """Random bases with lower case, N and an IUPAC code among them."""
    draw = np.random.default_rng(seed)
    return {name: "".join(draw.choice(list("ACGTacgtNR"), length)) for name, length in LENGTHS.items()}


def write_fasta(path: Path, sequences: dict[str, str], width: int = 70) -> Path:
    """A plain FASTA file without index."""
    records = []
    for name, sequence in sequences.items():
        lines = [sequence[start : start + width] for start in range(0, len(sequence), width)]
        records.append("\n".join([f">{name} a description", *lines]))
    path.write_text("\n".join(records) + "\n")
    return path


def write_genome(path: Path, sequences: dict[str, str]) -> Path:
    """A FASTA file with its index, as the workflow keeps it."""
    fasta.write_fasta(write_fasta(path.with_suffix(".source.fa"), sequences), path)
    return path


def write_bigwig(
    path: Path, entries: dict[str, list[tuple[int, int, float]]], lengths: dict[str, int]
) -> Path:
    """A bigWig with intervals (start, end, value) of each chromosome; the rest is missing."""
    handle = pyBigWig.open(str(path), "w")
    handle.addHeader(list(lengths.items()))
    for name, intervals in entries.items():
        starts, ends, values = (list(column) for column in zip(*intervals, strict=True))
        handle.addEntries([name] * len(starts), starts, ends=ends, values=[float(value) for value in values])
    handle.close()
    return path


def random_track(seed: int) -> dict[str, list[tuple[int, int, float]]]:
    """Intervals of 1 to 40 bp with gaps between them."""
    draw = np.random.default_rng(seed)
    track = {}
    for name, length in LENGTHS.items():
        edges = np.cumsum(draw.integers(1, 40, length // 20))
        edges = edges[edges < length]
        kept = draw.random(len(edges) - 1) < 0.7
        values = draw.gamma(1.0, 2.0, len(kept))
        track[name] = [
            (int(start), int(end), float(value))
            for start, end, value, keep in zip(edges[:-1], edges[1:], values, kept, strict=True)
            if keep
        ]
    return track


def write_cool(
    path: Path,
    lengths: dict[str, int],
    pixels: list[tuple[int, int, int]],
    resolution: int = 5000,
    columns: dict[str, list[float]] | None = None,
) -> Path:
    """A .cool file with pixels (bin 1, bin 2, count) and columns of its bins (weight, VC)."""
    import cooler

    bins = cooler.binnify(pd.Series(lengths), resolution)
    for name, values in (columns or {}).items():
        bins[name] = values
    table = pd.DataFrame(sorted(pixels), columns=["bin1_id", "bin2_id", "count"])
    cooler.create_cooler(str(path), bins, table, ordered=True)
    return path


def write_genes(path: Path, loci=LOCI, **columns) -> Path:
    """A genes table; extra columns by name."""
    table = pd.DataFrame(loci, columns=["gene_id", "chrom", "tss", "strand"])
    table.insert(1, "symbol", table["gene_id"].str.upper())
    for name, values in columns.items():
        table[name] = values
    if "dropped" not in table:
        table["dropped"] = ""
    table.to_csv(path, sep="\t", index=False)
    return path

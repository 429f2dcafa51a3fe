"""Synthetic tracks as large and as dense as real ones, for benchmarks: FASTA, bigWigs, contacts, intervals, genes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cooler
import numpy as np
import pandas as pd
import pyBigWig

from prism.genome.tracks.fasta import write_fasta

CHROMOSOMES = {"chr20": 64_444_167, "chr21": 46_709_983, "chr22": 50_818_468}
RUNS = {"DNase": (10, 100), "H3K27ac": (20, 200)}  # bp with one value: shortest and longest, log-uniform
RESOLUTION = 5000  # bp
_REACH = 400  # bins (2 Mb) beyond which a contact map of ordinary depth is nearly empty
_UNCOVERED = 0.1  # share of the runs without a value
_VERSION = 1  # of what `make` writes
_ENTRIES_AT_ONCE = 1 << 20


def make(folder: Path) -> None:
    """Write the tracks into `folder`, unless they are there."""
    done = folder / "tracks.json"
    facts = {"version": _VERSION, "chromosomes": CHROMOSOMES, "runs": {k: list(v) for k, v in RUNS.items()}}
    if done.is_file() and json.loads(done.read_text()) == facts:
        return
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    _write_genome(folder / "genome.fa", rng)
    for name, bounds in RUNS.items():
        _write_bigwig(folder / f"{name}.bw", bounds, rng)
    _write_contacts(folder / "contacts.cool", rng)
    _write_intervals(folder / "blacklist.bed", 150_000, 10_000, rng)
    _write_intervals(folder / "peaks.bed", 20_000, 300, rng)
    done.write_text(json.dumps(facts))


def write_genes(path: Path, count: int) -> None:
    """A gene table of `count` genes spread evenly at random over the chromosomes; the first rows of a longer one."""
    rng = np.random.default_rng(1)
    names, lengths = list(CHROMOSOMES), np.array(list(CHROMOSOMES.values()))
    place = rng.random((count, 2))
    chrom = np.searchsorted(np.cumsum(lengths) / lengths.sum(), place[:, 0])
    tss = (place[:, 1] * lengths[chrom]).astype(np.int64)
    rows = [
        f"G{i:05d}\tS{i}\t{names[c]}\t{t}\t{'+-'[i % 2]}\t{i % 7 / 7}\t\n"
        for i, (c, t) in enumerate(zip(chrom.tolist(), tss.tolist(), strict=True))
    ]
    path.write_text("gene_id\tsymbol\tchrom\ttss\tstrand\texpression\tdropped\n" + "".join(rows))


def _write_genome(path: Path, rng: np.random.Generator) -> None:
    plain = Path(f"{path}.plain")
    with open(plain, "wb") as out:
        for name, length in CHROMOSOMES.items():
            steps = rng.integers(0, 256, length, dtype=np.uint8)
            bases = np.frombuffer(b"A" * 76 + b"C" * 52 + b"G" * 52 + b"T" * 76, np.uint8)[steps]
            bases[:10_000] = bases[-10_000:] = ord("N")
            out.write(f">{name}\n".encode() + bases.tobytes() + b"\n")
    write_fasta(plain, path)
    os.unlink(plain)


def _write_bigwig(path: Path, bounds: tuple[int, int], rng: np.random.Generator) -> None:
    low, high = np.log(bounds[0]), np.log(bounds[1])
    with pyBigWig.open(str(path), "w") as out:
        out.addHeader(list(CHROMOSOMES.items()))
        for name, length in CHROMOSOMES.items():
            mean = (bounds[1] - bounds[0]) / (high - low)
            runs = np.exp(rng.uniform(low, high, int(length / mean * 1.05))).astype(np.int64)
            ends = np.cumsum(runs)
            ends = ends[ends <= length]
            starts = ends - runs[: len(ends)]
            # Read counts times a scaling factor, as in files normalised by depth: few values, each often.
            values = rng.negative_binomial(0.5, 0.1, len(ends)) * 0.04381
            kept = rng.random(len(ends)) >= _UNCOVERED
            starts, ends, values = starts[kept], ends[kept], values[kept]
            for first in range(0, len(ends), _ENTRIES_AT_ONCE):
                part = slice(first, first + _ENTRIES_AT_ONCE)
                names = np.array([name] * len(ends[part]))
                out.addEntries(names, starts[part], ends=ends[part], values=values[part])


def _write_contacts(path: Path, rng: np.random.Generator) -> None:
    bins = cooler.binnify(pd.Series(CHROMOSOMES), RESOLUTION)
    bins["weight"] = rng.uniform(0.5, 1.5, len(bins)) / 20
    bins.loc[rng.random(len(bins)) < 0.03, "weight"] = np.nan  # bins that balancing leaves out
    expected = 300 / (np.arange(_REACH) + 1)

    def pixels():
        for _, part in bins.groupby("chrom", observed=True):
            first, after = part.index[0], part.index[-1] + 1
            for row in range(first, after, 2000):
                rows = np.arange(row, min(row + 2000, after))
                columns = rows[:, None] + np.arange(_REACH)
                counts = rng.poisson(expected, columns.shape)
                there = (counts > 0) & (columns < after)
                yield pd.DataFrame({"bin1_id": np.broadcast_to(rows[:, None], columns.shape)[there],
                                    "bin2_id": columns[there], "count": counts[there]})  # fmt: skip

    cooler.create_cooler(str(path), bins, pixels(), ordered=True)


def _write_intervals(path: Path, apart: int, width: int, rng: np.random.Generator) -> None:
    lines = []
    for name, length in CHROMOSOMES.items():
        starts = np.sort(rng.integers(0, length - 2 * width, length // apart))
        lines += [f"{name}\t{s}\t{s + w}\n" for s, w in zip(starts.tolist(), rng.integers(width // 2, 2 * width,
                                                            len(starts)).tolist(), strict=True)]  # fmt: skip
    path.write_text("".join(lines))

"""What benchmarks/windows.py measures: `cut`, the published way gene by gene, and the pieces of `cut`."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from benchmarks import tracks
from prism.genome.coordinates import clip
from prism.genome.dataset.cut import BLOCK_BYTES, _tasks
from prism.genome.dataset.cutter import Cutter
from prism.genome.dataset.layout import DatasetWriter, compressed, digest
from prism.genome.genes.loci import read_loci
from prism.genome.tracks.bigwig import _GAP, _MOST_READ, BigWigSignal, open_bigwig, overlapping
from prism.genome.tracks.contacts import ContactMap
from prism.genome.tracks.fasta import Genome
from prism.genome.tracks.intervals import Intervals

PEER_GENES = {20_000: 300, 1 << 40: 24}  # up to a window length: genes
PIECE_BLOCKS = 12
UNAVOIDABLE = ("bigWig decoding", "contacts", "FASTA", "deflate", "sha256", "HDF5 writing")


@dataclass(frozen=True)
class Case:
    """Windows of one length of some genes, in a folder of tracks."""

    folder: Path
    length: int
    genes: int
    threads: int

    @property
    def table(self) -> Path:
        return self.folder / f"genes.{self.genes}.tsv"

    @property
    def out(self) -> Path:
        return self.folder / f"windows.{self.length}.{self.genes}.h5"

    def cutter(self) -> Cutter:
        """What `cut` reads windows with."""
        lengths = tracks.CHROMOSOMES
        signals = {k: BigWigSignal(k, [self.folder / f"{k}.bw"], "none", lengths) for k in tracks.RUNS}
        signals["contacts"] = ContactMap("contacts", self.folder / "contacts.cool", lengths)
        masks = {name: Intervals(self.folder / f"{name}.bed", lengths) for name in ("blacklist", "peaks")}
        return Cutter(Genome(self.folder / "genome.fa"), self.length, signals, masks)


def cut_all(case: Case) -> dict:
    """Cut the dataset file through the workflow's own script."""
    signals = [
        {"name": k, "kind": "bigwig", "files": [str(case.folder / f"{k}.bw")]} for k in tracks.RUNS
    ] + [{"name": "contacts", "kind": "contacts", "files": [str(case.folder / "contacts.cool")]}]
    options = {
        "genes": case.table, "fasta": case.folder / "genome.fa", "length": case.length, "cell-type": "none",
        "assembly": "none", "signals": json.dumps(signals), "blacklist": case.folder / "blacklist.bed",
        "peaks": case.folder / "peaks.bed", "threads": case.threads, "out": case.out,
    }  # fmt: skip
    command = [
        sys.executable,
        "-m",
        "workflow_scripts.inputs.windows",
        *(f"--{k}={v}" for k, v in options.items()),
    ]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    wall, used = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "genes": case.genes,
        "bytes": case.out.stat().st_size,
    }


def peer(case: Case) -> dict:
    """Time the published way on some genes, then compare its numbers with the dataset file's."""
    import cooler
    import pandas as pd
    import pyBigWig
    import pyfaidx

    count = min(case.genes, next(n for most, n in PEER_GENES.items() if case.length <= most))
    genes = pd.read_csv(case.table, sep="\t")
    rows = np.linspace(0, len(genes) - 1, count).astype(int)
    rows = rows[np.argsort(genes["chrom"].to_numpy()[rows], kind="stable")]
    fasta = pyfaidx.Fasta(str(case.folder / "genome.fa"))
    bigwigs = [pyBigWig.open(str(case.folder / f"{name}.bw")) for name in tracks.RUNS]
    clr = cooler.Cooler(str(case.folder / "contacts.cool"))
    made, wall, cpu, contacts, chrom = [], 0.0, 0.0, None, None
    for row in rows:
        gene = genes.iloc[row]
        if gene["chrom"] != chrom:
            chrom = gene["chrom"]
            contacts = clr.matrix(balance=True, as_pixels=True, join=True).fetch(chrom)
            contacts = contacts[["start1", "start2", "balanced"]].fillna(0)
        started, used = time.perf_counter(), time.thread_time()
        made.append(_gene_by_lists(chrom, int(gene["tss"]), case.length, fasta, bigwigs, contacts))
        wall, cpu = wall + time.perf_counter() - started, cpu + time.thread_time() - used
    return {"wall": wall, "cpu": cpu, "genes": count, "differs": _differs(case, rows, made)}


def _gene_by_lists(
    chrom: str, tss: int, length: int, fasta, bigwigs: list, contacts
) -> tuple[list, list[list]]:
    size, step = tracks.CHROMOSOMES[chrom], tracks.RESOLUTION
    start, end = tss - length // 2, tss + length // 2
    low, high = max(start, 0), min(end, size)
    left, right = low - start, end - high
    rows = {"A": [1, 0, 0, 0], "C": [0, 1, 0, 0], "G": [0, 0, 1, 0], "T": [0, 0, 0, 1]}
    bases = "N" * left + str(fasta[chrom][low:high]).upper() + "N" * right
    one_hot = [rows.get(base, [0, 0, 0, 0]) for base in bases]
    signals = []
    for bigwig in bigwigs:
        values = [0.0 if value != value else value for value in bigwig.values(chrom, low, high)]
        signals.append([0.0] * left + values + [0.0] * right)
    own = tss // step * step
    up = contacts[
        (contacts["start1"] == own) & (contacts["start2"] >= low - step) & (contacts["start2"] < high)
    ]
    down = contacts[
        (contacts["start2"] == own) & (contacts["start1"] >= low - step) & (contacts["start1"] < high)
    ]
    found = dict(zip(up["start2"], up["balanced"], strict=True))
    found |= dict(zip(down["start1"], down["balanced"], strict=True))
    spread = [found.get(position // step * step, 0.0) for position in range(start, end)]
    usable = sum(spread[length // 2 - 500 : length // 2 + 500]) >= 0.01
    expected = np.exp(-4.80 + 11.63 * 0.87 - 0.87 * np.log(1_000_000 + 1))
    there = [usable and 0 <= position < size for position in range(start, end)]
    signals.append(
        [float(np.log10(x + expected + 1)) if on else 0.0 for x, on in zip(spread, there, strict=True)]
    )
    return one_hot, signals


def _differs(case: Case, rows: np.ndarray, made: list) -> float:
    """Largest difference of the peer's numbers from those of the dataset file."""
    from prism.genome.dataset.windows import Windows

    worst = 0.0
    windows = Windows(case.out, in_memory=False)
    for row, (one_hot, signals) in zip(rows.tolist(), made, strict=True):
        batch = windows.batch([row])
        worst = max(worst, float(np.abs(batch.sequence[0].numpy() - np.array(one_hot)).max()))
        worst = max(worst, float(np.abs(batch.signals[0].numpy() - np.array(signals).T).max()))
    return worst


def pieces(case: Case) -> dict:
    """Processor time in ms a gene of each piece of `cut`, and the rate of plain writing to the folder's disk."""

    cutter, loci = case.cutter(), read_loci(case.table, tracks.CHROMOSOMES)
    tasks = _tasks(loci, sum(array.row_bytes for array in cutter.arrays()), BLOCK_BYTES)
    tasks = [tasks[i] for i in np.unique(np.linspace(0, len(tasks) - 1, PIECE_BLOCKS).astype(int))]
    bigwigs = [open_bigwig(case.folder / f"{name}.bw") for name in tracks.RUNS]
    spent, genes = dict.fromkeys([*UNAVOIDABLE, "rows of signals", "masks"], 0.0), 0

    def timed(name, function, *arguments):
        started = time.thread_time()
        result = function(*arguments)
        spent[name] += time.thread_time() - started
        return result

    def decode(chrom, starts):
        for low, high, _ in overlapping(starts, case.length, _GAP, _MOST_READ):
            for bigwig in bigwigs:
                bigwig.values(chrom, *clip(low, high, tracks.CHROMOSOMES[chrom]), numpy=True)

    cutter.block(*tasks[0])  # opens files
    with (
        tempfile.TemporaryDirectory(dir=case.folder) as folder,
        h5py.File(Path(folder) / "x.h5", "w") as file,
    ):
        writer = DatasetWriter(file, loci, cutter.arrays())
        for rows, chrom, tss in tasks:
            starts, genes = tss - case.length // 2, genes + len(rows)
            timed("bigWig decoding", decode, chrom, starts)
            arrays = [timed("FASTA", cutter.genome.windows, chrom, starts, case.length)]
            arrays += [timed("rows of signals", cutter.signals[k].windows, chrom, starts, case.length)
                       for k in tracks.RUNS]  # fmt: skip
            timed("contacts", cutter.signals["contacts"].windows, chrom, tss, case.length)
            arrays += [
                timed("masks", mask.windows, chrom, starts, case.length) for mask in cutter.masks.values()
            ]
            for array in arrays:
                timed("deflate", lambda rows: [compressed(row) for row in rows], array)
                timed("sha256", lambda rows: [digest(row) for row in rows], array)
            timed("HDF5 writing", writer.add, cutter.block(rows, chrom, tss))
        spent["rows of signals"] -= spent["bigWig decoding"]
        rate = _disk_rate(Path(folder))
    return {
        "ms": {name: 1000 * seconds / genes for name, seconds in spent.items()},
        "genes": genes,
        "disk": rate,
    }


def _disk_rate(folder: Path, size: int = 256 << 20) -> float:
    """Bytes a second of writing and syncing one large file."""
    block, started = os.urandom(1 << 20), time.perf_counter()
    with open(folder / "plain", "wb") as out:
        for _ in range(size >> 20):
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return size / (time.perf_counter() - started)


CONTENDERS = {"cut": cut_all, "peer": peer, "pieces": pieces}

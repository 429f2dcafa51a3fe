"""Cuts the dataset file: windows of sequence, signals and intervals around each gene's TSS."""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import h5py
import numpy as np

from prism.files import hdf5
from prism.files.atomic import writing
from prism.genome.coordinates import check_length
from prism.genome.dataset.cutter import Cutter, Task, start_worker, work
from prism.genome.dataset.layout import SCHEMA_VERSION, Block, DatasetWriter
from prism.genome.genes.loci import Loci, read_loci
from prism.genome.tracks.bigwig import BigWigSignal
from prism.genome.tracks.contacts import ContactMap
from prism.genome.tracks.fasta import Genome
from prism.genome.tracks.intervals import Intervals
from prism.genome.tracks.signal_sources import Signal, describe, describe_file

BLOCK_BYTES = 32 << 20  # decoded bytes of a block: a worker holds about three times this
_MOST_GENES = 512  # of a block
_SECONDS_BETWEEN_LINES = 5.0


def cut(
    genes: str | Path,
    fasta: str | Path,
    length: int,
    signals: Iterable[Signal],
    out: str | Path,
    *,
    cell_type: str,
    assembly: str,
    blacklist: str | Path | None = None,
    peaks: str | Path | None = None,
    threads: int = 1,
    allow_constant: bool = False,
    block_bytes: int = BLOCK_BYTES,
) -> str:
    """Cut the windows of a genes table into a dataset file, whole or not at all, and return its content hash.

    genes: table with gene_id, chrom, tss (0-based bp), strand, dropped.
    fasta: plain FASTA with .fai.
    length: of the windows, bp, even.
    signals: those to cut.
    out: the file to write.
    cell_type: its name, for the record.
    assembly: its name, for the record.
    blacklist: BED file; default None.
    peaks: narrowPeak or BED file; default None.
    threads: processes that cut; default 1. This process writes.
    allow_constant: whether a signal may have one value in every window; default False.
    block_bytes: decoded bytes that are cut at a time; default 32 MiB.
    Raises ValueError for bad input (see the readers), and for a constant signal unless it is allowed.
    """
    check_length(length)
    signals, genome = list(signals), Genome(fasta)
    loci = read_loci(genes, genome.lengths, fasta)
    cutter = _cutter(genome, length, signals, loci.lengths(), blacklist, peaks)
    sources = _sources(signals, cutter, fasta, {"blacklist": blacklist, "peaks": peaks})
    tasks = _tasks(loci, sum(array.row_bytes for array in cutter.arrays()), block_bytes)
    with writing(out) as part, h5py.File(part, "w", libver=hdf5.NEW) as file:
        writer = DatasetWriter(file, loci, cutter.arrays())
        line = _progress(len(loci))
        for block in _blocks(cutter, tasks, threads):
            writer.add(block)
            line(len(block.rows))
        if not allow_constant:
            _refuse_constant(writer.bounds, sources)
        content_hash = writer.finish()
        file.attrs.update(
            schema_version=SCHEMA_VERSION, assembly=assembly, cell_type=cell_type, length=length,
            signals=json.dumps([signal.name for signal in signals]), sources=json.dumps(sources),
            content_hash=content_hash,
        )  # fmt: skip
        hdf5.seal(file)
    return content_hash


def _cutter(
    genome: Genome,
    length: int,
    signals: list[Signal],
    lengths: dict[str, int],
    blacklist: str | Path | None,
    peaks: str | Path | None,
) -> Cutter:
    readers: dict[str, BigWigSignal | ContactMap] = {}
    for signal in signals:
        if signal.kind == "contacts":
            readers[signal.name] = ContactMap(signal.name, signal.files[0], lengths, signal.resolution)
        else:
            readers[signal.name] = BigWigSignal(signal.name, signal.files, signal.transform, lengths)
    files = {"blacklist": blacklist, "peaks": peaks}
    return Cutter(
        genome, length, readers, {name: Intervals(path, lengths) for name, path in files.items() if path}
    )


def _sources(signals: list[Signal], cutter: Cutter, fasta: str | Path, masks: dict) -> dict[str, dict]:
    sources = {"sequence": describe_file(fasta)}
    for signal in signals:
        reader = cutter.signals[signal.name]
        binned = isinstance(reader, ContactMap)
        facts = {"normalisation": reader.normalisation, "resolution": reader.resolution} if binned else {}
        sources[signal.name] = describe(signal, **facts)
    return sources | {name: describe_file(path) for name, path in masks.items() if path}


def _tasks(loci: Loci, row_bytes: int, block_bytes: int) -> list[Task]:
    """Blocks of neighbouring genes, chromosome by chromosome, each about `block_bytes` when decoded."""
    size = max(1, min(_MOST_GENES, block_bytes // row_bytes))
    chroms = np.array(loci.chrom)
    tasks = []
    for chrom in loci.lengths():
        rows = np.flatnonzero(chroms == chrom)
        rows = rows[np.argsort(loci.tss[rows], kind="stable")]
        tasks += [(part, chrom, loci.tss[part]) for part in np.split(rows, range(size, len(rows), size))]
    return tasks


def _blocks(cutter: Cutter, tasks: list[Task], threads: int) -> Iterator[Block]:
    # A few blocks are done before worker processes would have started.
    if threads <= 1 or len(tasks) <= 2 * threads:
        yield from (cutter.block(*task) for task in tasks)
        return
    # Spawned, not forked: a caller may hold threads (torch, HDF5), which do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(threads, len(tasks)), context, start_worker, (cutter,)) as pool:
        waiting: set[Future] = set()
        queue = iter(tasks)
        try:
            while True:
                # Few blocks at a time, so that finished ones never pile up before the writer.
                while len(waiting) < 2 * threads and (task := next(queue, None)) is not None:
                    waiting.add(pool.submit(work, task))
                if not waiting:
                    return
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        except BrokenProcessPool as error:
            raise OSError(
                "a worker process was killed, most likely because memory ran out: use fewer threads"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _refuse_constant(bounds: dict[str, tuple[float, float]], sources: dict[str, dict]) -> None:
    for path, (low, high) in bounds.items():
        if low == high:
            name = path.removeprefix("signals/")
            files = ", ".join(file["path"] for file in sources[name]["files"])
            raise ValueError(
                f"signal {name} is {low:g} in every window ({files}): a model can learn nothing from it; check "
                "the file and its chromosomes, take the signal out of the table, or allow constant signals"
            )


def _progress(total: int) -> Callable[[int], None]:
    """A function that counts genes and prints a plain line now and then, with the time that is left."""
    started = shown = time.monotonic()
    done = 0

    def add(genes: int) -> None:
        nonlocal done, shown
        done += genes
        now = time.monotonic()
        if done == total or now - shown >= _SECONDS_BETWEEN_LINES:
            shown, spent = now, now - started
            left = f", about {spent / done * (total - done):.0f} s left" if done < total else ""
            print(f"windows: {done:,} of {total:,} genes in {spent:.0f} s{left}", file=sys.stderr, flush=True)

    return add

"""Cuts the windows of a few genes of one chromosome; the worker processes run this."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from prism.genome.coordinates import window_bounds
from prism.genome.dataset.layout import Array, Block, compressed, digest
from prism.genome.tracks.bigwig import BigWigSignal
from prism.genome.tracks.contacts import ContactMap, n_bins
from prism.genome.tracks.fasta import Genome
from prism.genome.tracks.intervals import Intervals

Task = tuple[np.ndarray, str, np.ndarray]  # rows (k,) of the file, chromosome, tss (k,)


@dataclass
class Cutter:
    """Everything that a window is cut from. It can be pickled, because files are opened where they are read.

    genome: sequences.
    length: of the windows, bp.
    signals: by name, in the file's order.
    masks: blacklist and peaks, as far as they are given; default none.
    """

    genome: Genome
    length: int  # bp
    signals: dict[str, BigWigSignal | ContactMap]
    masks: dict[str, Intervals] = field(default_factory=dict)  # blacklist, peaks

    def arrays(self) -> list[Array]:
        """The arrays of the dataset file, in its canonical order."""
        arrays = [Array("sequence", "uint8", self.length)]
        for name, signal in self.signals.items():
            if isinstance(signal, ContactMap):
                width = n_bins(self.length, signal.resolution)
                arrays.append(Array(f"signals/{name}", "float32", width, signal.resolution))
            else:
                arrays.append(Array(f"signals/{name}", "float32", self.length))
        return arrays + [Array(name, "bool", self.length) for name in self.masks]

    def block(self, rows: np.ndarray, chrom: str, tss: np.ndarray) -> Block:
        """Cut the windows of genes of one chromosome.

        rows: (k,) rows of the file.
        chrom: the genome's name.
        tss: (k,) 0-based bp.
        """
        block = Block(rows, {}, {}, {}, {})
        starts, _ = window_bounds(tss, self.length)
        self._add(block, "sequence", self.genome.windows(chrom, starts, self.length))
        for name, signal in self.signals.items():
            path = f"signals/{name}"
            if isinstance(signal, ContactMap):
                values = signal.windows(chrom, tss, self.length)
                block.binned[path] = values
                block.digests[path] = _stacked([digest(row) for row in values])
                block.bounds[path] = (float(values.min()), float(values.max()))
            else:
                values = signal.windows(chrom, starts, self.length)
                self._add(block, path, values)
                block.bounds[path] = _bounds(values, starts, self.genome.lengths[chrom])
        for name, intervals in self.masks.items():
            self._add(block, name, intervals.windows(chrom, starts, self.length))
        return block

    @staticmethod
    def _add(block: Block, path: str, values: np.ndarray) -> None:
        # Row by row, so that a row is hashed while the fastest caches still hold it.
        stored = [(compressed(row), digest(row)) for row in values]
        block.chunks[path] = [chunk for chunk, _ in stored]
        block.digests[path] = _stacked([found for _, found in stored])


def _stacked(found: list[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(found), np.uint8).reshape(-1, 32)


def _bounds(values: np.ndarray, starts: np.ndarray, chrom_length: int) -> tuple[float, float]:
    """Lowest and highest value on the chromosome: zeros off it would hide a constant signal."""
    length = values.shape[1]
    off = (starts < 0) | (starts + length > chrom_length)
    if not off.any():
        return float(values.min()), float(values.max())
    parts = [
        row[max(0, -first) : chrom_length - first] for row, first in zip(values, starts.tolist(), strict=True)
    ]
    return float(min(part.min() for part in parts)), float(max(part.max() for part in parts))


_CUTTER: list[Cutter] = []  # of this worker process


def start_worker(cutter: Cutter) -> None:
    """Keep the cutter in this worker process, so that a task need not carry it.

    cutter: what to cut from.
    """
    _CUTTER[:] = [cutter]


def work(task: Task) -> Block:
    """Cut one block in a worker process.

    task: rows, chromosome and TSS of the genes.
    """
    return _CUTTER[0].block(*task)

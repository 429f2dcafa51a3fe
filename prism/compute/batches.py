"""Batches of some genes, one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prism.genome.batch import Batch


class Batches:
    """Batches of some genes, in the order given and on the CPU; can be iterated over any number of times.

    windows: a `Windows` reader.
    indices: (n,) places of the genes in the dataset.
    batch_size: genes of a batch; the last one may hold fewer.
    """

    def __init__(self, windows, indices: Sequence[int], batch_size: int) -> None:
        self.windows, self.chunks = windows, chunks(indices, batch_size)

    def __len__(self) -> int:
        return len(self.chunks)

    def __iter__(self) -> Iterator[Batch]:
        for chunk in self.chunks:
            yield self.windows.batch(chunk).to("cpu")


def chunks(indices: Sequence[int], size: int) -> list[list[int]]:
    """Consecutive lists of at most `size` indices.

    indices: rows of a dataset, in any order, which is kept.
    size: most indices in one list.
    """
    indices = [int(index) for index in indices]
    return [indices[start : start + size] for start in range(0, len(indices), size)]

"""Batches of genes, in an order that is a pure function of the seed and the step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from torch.utils.data import Sampler

from prism.genome.batch import Batch


class Item(NamedTuple):
    """A batch and the places of its genes in the dataset."""

    indices: list[int]
    batch: Batch


class TrainingOrder:
    """Which genes every optimiser step sees.

    indices: (n,) places of the training genes. Step s belongs to epoch s // batches_per_epoch; each epoch
    is a new permutation drawn from (seed, epoch) alone, cut in full batches. So the place in the data is the
    step number, and a run that starts again at any step sees what it would have seen.
    """

    def __init__(self, indices: np.ndarray, batch_size: int, batches_per_epoch: int, seed: int) -> None:
        self.indices, self.batch_size, self.seed = np.asarray(indices), batch_size, seed
        self.batches_per_epoch = batches_per_epoch
        self._epoch, self._permuted = -1, self.indices

    def at(self, step: int) -> list[int]:
        """The genes of step `step`, counted from 0."""
        epoch, place = divmod(step, self.batches_per_epoch)
        if epoch != self._epoch:
            self._permuted = np.random.default_rng([self.seed, epoch]).permutation(self.indices)
            self._epoch = epoch
        start = place * self.batch_size
        return self._permuted[start : start + self.batch_size].tolist()


class StretchSampler(Sampler):
    """Batches up to the next validation: one pass over it is one of Lightning's epochs.

    It has no length on purpose: Lightning then validates exactly where a pass ends, also when the first
    pass of a resumed run starts between two validations.
    """

    def __init__(self, order: TrainingOrder, start: int, stop: int, interval: int) -> None:
        self.order, self.position, self.stop, self.interval = order, start, stop, interval

    def __iter__(self) -> Iterator[list[int]]:
        start, end = self.position, next_validation(self.position, self.interval, self.stop)
        for step in range(start, end):
            yield self.order.at(step)
        self.position = end


def next_validation(step: int, interval: int, stop: int) -> int:
    """Steps done when the next validation comes, seen from `step` steps done."""
    return min(stop, (step // interval + 1) * interval)


class Prefetched:
    """The same items, each read by a thread while the one before is being used."""

    def __init__(self, loader: Iterable[Item]) -> None:
        self.loader = loader

    def __iter__(self) -> Iterator[Item]:
        items = iter(self.loader)
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(next, items, None)
            while (item := coming.result()) is not None:
                coming = reader.submit(next, items, None)
                yield item


class Batches:
    """Batches of some genes in the dataset's order, on the CPU; may be gone through again and again."""

    def __init__(self, windows, indices: Sequence[int], batch_size: int) -> None:
        self.windows, self.chunks = windows, chunks(indices, batch_size)

    def __len__(self) -> int:
        return len(self.chunks)

    def __iter__(self) -> Iterator[Batch]:
        for chunk in self.chunks:
            yield self.windows.batch(chunk).to("cpu")


def chunks(indices: Sequence[int], size: int) -> list[list[int]]:
    """Consecutive lists of at most `size` indices."""
    indices = [int(index) for index in indices]
    return [indices[start : start + size] for start in range(0, len(indices), size)]

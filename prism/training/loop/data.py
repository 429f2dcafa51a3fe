"""The batches of one fold: the genes of every step, and the genes of every validation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from prism.compute.batches import chunks
from prism.genome.batch import Batch
from prism.training.run import Run


class Item(NamedTuple):
    """A batch and the places of its genes in the dataset."""

    indices: list[int]
    batch: Batch


class FoldData(pl.LightningDataModule):
    """Training and validation batches of a run, as Lightning takes them.

    run: what is trained on what; its fold says which genes are in which split.
    first_step: the step to begin with; 0, or more where a run resumes.
    """

    def __init__(self, run: Run, first_step: int = 0) -> None:
        super().__init__()
        self.run, self.windows, self.settings = run, run.windows, run.settings
        train = run.indices("train")
        self.steps = self.settings.total_steps(len(train))
        self.batches_per_epoch = self.settings.batches_per_epoch(len(train))
        self.interval = self.settings.validation_interval(len(train))
        order = TrainingOrder(train, self.settings.batch_size, self.batches_per_epoch, run.seed)
        self._sampler = StretchSampler(order, first_step, self.steps, self.interval)

    def train_dataloader(self) -> Any:
        return self._loader(self._sampler)

    def val_dataloader(self) -> Any:
        size = self.settings.genes_at_once(self.windows.length)
        return self._loader(chunks(self.run.indices("valid"), size))

    def transfer_batch_to_device(self, item: Item, device: torch.device, dataloader_idx: int) -> Item:
        return Item(item.indices, item.batch.to(device))

    def _loader(self, sampler) -> Any:
        loader = DataLoader(
            _Items(self.windows),
            batch_size=None,
            sampler=sampler,
            collate_fn=lambda item: item,
            # its own generator: a loader draws from the global one, and a resumed run would draw once more
            generator=torch.Generator(),
        )
        return loader if self.windows.in_memory else Prefetched(loader)


class TrainingOrder:
    """Which genes every optimiser step sees: a pure function of the seed and the step.

    Step s belongs to epoch s // batches_per_epoch. Each epoch is a new permutation drawn from (seed, epoch) alone, cut
    into full batches. So the place in the data is the step number, and a run that starts again at any step sees what it
    would have seen.

    indices: (n,) places of the training genes in the dataset.
    batch_size: genes of a step.
    batches_per_epoch: steps of an epoch.
    seed: of the run.
    """

    def __init__(self, indices: np.ndarray, batch_size: int, batches_per_epoch: int, seed: int) -> None:
        self.indices, self.batch_size, self.seed = np.asarray(indices), batch_size, seed
        self.batches_per_epoch = batches_per_epoch
        self._epoch, self._permuted = -1, self.indices

    def at(self, step: int) -> list[int]:
        """The genes of one step.

        step: its number, counted from 0.
        """
        epoch, place = divmod(step, self.batches_per_epoch)
        if epoch != self._epoch:
            self._permuted = np.random.default_rng([self.seed, epoch]).permutation(self.indices)
            self._epoch = epoch
        start = place * self.batch_size
        return self._permuted[start : start + self.batch_size].tolist()


class StretchSampler(Sampler):
    """Batches up to the next validation: one pass over it is one of Lightning's epochs.

    It has no length on purpose: Lightning then validates exactly where a pass ends, also when the first pass of a
    resumed run starts between two validations.

    order: which genes every step sees.
    start: the step to begin with.
    stop: the step before which the training ends.
    interval: steps from one validation to the next; a validation follows every multiple of it, and the last step.
    """

    def __init__(self, order: TrainingOrder, start: int, stop: int, interval: int) -> None:
        self.order, self.position, self.stop, self.interval = order, start, stop, interval

    def __iter__(self) -> Iterator[list[int]]:
        start = self.position
        end = min(self.stop, (start // self.interval + 1) * self.interval)
        for step in range(start, end):
            yield self.order.at(step)
        self.position = end


class Prefetched:
    """The items of a loader, each read by a thread while the item before is being used.

    loader: of the batches.
    """

    def __init__(self, loader: Iterable[Item]) -> None:
        self.loader = loader

    def __iter__(self) -> Iterator[Item]:
        items = iter(self.loader)
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(next, items, None)
            while (item := coming.result()) is not None:
                coming = reader.submit(next, items, None)
                yield item


class _Items(Dataset):
    """Items of a `Windows` reader; a list of indices makes one batch."""

    def __init__(self, windows) -> None:
        self.windows = windows

    def __getitem__(self, indices: Sequence[int]) -> Item:
        return Item(list(indices), self.windows.batch(indices))

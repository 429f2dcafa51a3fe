"""The training and validation data of one fold, as Lightning takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Dataset

from prism.compute.batches import Item, Prefetched, StretchSampler, TrainingOrder, chunks
from prism.protocol.settings import TrainingSettings


class GeneWindows(Dataset):
    """Items of a `Windows` reader; a list of indices makes one batch."""

    def __init__(self, windows) -> None:
        self.windows = windows

    def __getitem__(self, indices: Sequence[int]) -> Item:
        return Item(list(indices), self.windows.batch(indices))


class FoldData(pl.LightningDataModule):
    """Training and validation batches of one fold.

    windows: a `Windows` reader. splits: (n,) 'train', 'valid', 'test' or '' (`prism.genome.dataset.folds.assign`).
    first_step: the step to begin with; more than 0 when a run resumes.
    """

    def __init__(
        self, windows, splits: np.ndarray, settings: TrainingSettings, seed: int, first_step: int = 0
    ) -> None:
        super().__init__()
        self.windows, self.settings = windows, settings
        self.train_indices = np.flatnonzero(splits == "train")
        self.valid_indices = np.flatnonzero(splits == "valid")
        n_train = len(self.train_indices)
        self.batches_per_epoch = settings.batches_per_epoch(n_train)
        self.steps = settings.total_steps(n_train)
        self.interval = settings.validation_interval(n_train)
        order = TrainingOrder(self.train_indices, settings.batch_size, self.batches_per_epoch, seed)
        self._sampler = StretchSampler(order, first_step, self.steps, self.interval)

    def train_dataloader(self) -> Any:
        return self._loader(self._sampler)

    def val_dataloader(self) -> Any:
        return self._loader(chunks(self.valid_indices, self.settings.genes_at_once(self.windows.length)))

    def _loader(self, sampler) -> Any:
        # its own generator: a loader draws from the global one, and a resumed run would draw once more
        loader = DataLoader(
            GeneWindows(self.windows),
            batch_size=None,
            sampler=sampler,
            collate_fn=_as_is,
            generator=torch.Generator(),
        )
        return loader if self.windows.in_memory else Prefetched(loader)

    def transfer_batch_to_device(self, item: Item, device: torch.device, dataloader_idx: int) -> Item:
        return Item(item.indices, item.batch.to(device))


def _as_is(item: Item) -> Item:
    return item

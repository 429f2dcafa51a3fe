"""Gene features as z-scores: what an entry's `scale_features: zscore` does to a batch before its model reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from prism.genome.batch import Batch

# A feature whose standard deviation is below this part of its mean is constant but for rounding.
CONSTANT = 1e-9


class FeatureScaling(nn.Module):
    """Batch -> the same batch with rna_features (x - mean) / sd; a constant feature (sd 0) is only centred.

    Its numbers are in no state dict: a checkpoint has them among its settings.

    mean: (n_features,) of the training genes.
    sd: (n_features,) standard deviation of the training genes.
    Raises ValueError where the two have not the same length.
    """

    def __init__(self, mean: Sequence[float], sd: Sequence[float]) -> None:
        super().__init__()
        if len(mean) != len(sd):
            raise ValueError(
                f"setting feature_scaling has {len(mean)} means and {len(sd)} standard deviations"
            )
        mean, sd = (torch.tensor(list(values), dtype=torch.float64) for values in (mean, sd))
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("divisor", sd.where(sd > CONSTANT * mean.abs(), 1.0), persistent=False)

    def forward(self, batch: Batch) -> Batch:
        """The batch with scaled features; one of another width as it is, for the model itself refuses it.

        batch: as the data give it.
        """
        values = batch.rna_features
        if values.shape[-1] != len(self.mean):
            return batch
        scaled = (values.double() - self.mean) / self.divisor
        return replace(batch, rna_features=scaled.to(values.dtype))

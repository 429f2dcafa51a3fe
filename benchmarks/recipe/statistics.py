"""Scores of an arm over its seeds, and its difference from another arm, resampled by blocks of genes and by seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

RESAMPLES = 10_000
NOT_WORSE = 0.05  # of the reference's MSE


@dataclass(frozen=True)
class Errors:
    """What an arm's runs predicted of the same genes.

    squared: (seeds, genes) squared errors.
    predicted: (seeds, genes).
    known: (genes,) labels.
    block: (genes,) whole numbers, the block of each gene.
    """

    squared: np.ndarray
    predicted: np.ndarray
    known: np.ndarray
    block: np.ndarray

    @classmethod
    def of(cls, tables: list[pd.DataFrame], block_of: pd.Series) -> Errors:
        """Put the tables of several seeds together; ValueError unless they hold the same genes.

        tables: one for each seed: gene_id, expression, prediction.
        block_of: the block by gene id.
        """
        indexed = [table.set_index("gene_id").sort_index() for table in tables]
        if any(not each.index.equals(indexed[0].index) for each in indexed):
            raise ValueError("the seeds of an arm have predicted other genes than each other")
        predicted = np.stack([each["prediction"].to_numpy(float) for each in indexed])
        known = indexed[0]["expression"].to_numpy(float)
        return cls((predicted - known) ** 2, predicted, known, block_of[indexed[0].index].to_numpy())

    @property
    def mse(self) -> np.ndarray:
        """(seeds,)"""
        return self.squared.mean(axis=1)

    @property
    def pearson(self) -> np.ndarray:
        """(seeds,)"""
        return np.array([np.corrcoef(each, self.known)[0, 1] for each in self.predicted])

    @property
    def ensemble_mse(self) -> float:
        """Of the mean prediction over seeds."""
        return float(((self.predicted.mean(axis=0) - self.known) ** 2).mean())

    def by_block(self) -> tuple[np.ndarray, np.ndarray]:
        """Sum of squared errors (seeds, blocks), and number of genes (blocks,)."""
        n = self.block.max() + 1
        sums = np.stack([np.bincount(self.block, each, n) for each in self.squared])
        return sums, np.bincount(self.block, minlength=n)


def difference(arm: Errors, reference: Errors, rng: np.random.Generator) -> tuple[float, float, float]:
    """MSE of an arm minus the reference's, with a 95 % interval: (difference, lower, upper).

    Blocks of genes are drawn with replacement, the same for both; so are the seeds, of each arm by itself.

    arm, reference: errors on the same genes.
    rng: of the resampling.
    """
    sums, counts = arm.by_block()
    others, _ = reference.by_block()
    there = counts > 0
    weights = rng.multinomial(there.sum(), np.full(there.sum(), 1 / there.sum()), RESAMPLES)
    genes = weights @ counts[there]
    drawn = _resampled(sums[:, there], weights, rng) - _resampled(others[:, there], weights, rng)
    low, high = np.quantile(drawn / genes, [0.025, 0.975])
    return float(arm.mse.mean() - reference.mse.mean()), float(low), float(high)


def _resampled(sums: np.ndarray, weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Squared errors of each resample, summed over its genes and averaged over its seeds, (resamples,)."""
    n = len(sums)
    seeds = rng.multinomial(n, np.full(n, 1 / n), len(weights)) / n
    return ((weights @ sums.T) * seeds).sum(axis=1)

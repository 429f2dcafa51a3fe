"""Which genes train, validate and test: by whole chromosomes or by contiguous blocks, with a gap between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

GAP = 2000  # bp between the TSS of a training gene and one that validates or tests
BLOCK = 20_000  # bp of the blocks that the bootstrap resamples
VALID_SHARE = 0.2  # of XVI's genes, at its end, that choose the checkpoint


@dataclass(frozen=True)
class Split:
    """A fold by gene: its name, and the split of each gene.

    name: of the fold.
    table: gene_id and split (train, valid or test); genes that are in none are left out.
    """

    name: str
    table: pd.DataFrame

    def folds(self) -> pd.DataFrame:
        """As a folds table: fold, gene_id, split."""
        return self.table.assign(fold=self.name)[["fold", "gene_id", "split"]]


def directions(genes: pd.DataFrame) -> list[Split]:
    """The two folds of the tuning: IV trains and XVI validates, and the reverse; no candidate sees II, the test.

    genes: gene_id, chrom, tss.
    """
    return [_by_chromosome(genes, train, valid) for train, valid in (("IV", "XVI"), ("XVI", "IV"))]


def primary(genes: pd.DataFrame) -> Split:
    """IV and the first part of XVI train, the end of XVI chooses the checkpoint, II is the test.

    genes: gene_id, chrom, tss.
    """
    last = genes[genes["chrom"] == "XVI"].sort_values("tss")
    valid = last.tail(round(VALID_SHARE * len(last)))
    train = genes[genes["chrom"].isin(["IV", "XVI"])]
    return _split("II", genes, train.index, valid.index, genes.index[genes["chrom"] == "II"])


def blocks(genes: pd.DataFrame, n: int = 10) -> list[Split]:
    """n folds: each of n contiguous blocks of equal size is the test once, and the block after it validates.

    genes: gene_id, chrom, tss.
    n: number of blocks; default 10.
    """
    ordered = genes.sort_values(["chrom", "tss"])
    parts = np.array_split(ordered.index.to_numpy(), n)
    return [_split(f"block{i + 1}of{n}", genes, genes.index, parts[(i + 1) % n], parts[i]) for i in range(n)]


def _by_chromosome(genes: pd.DataFrame, train: str, valid: str) -> Split:
    split = genes["chrom"].map({train: "train", valid: "valid"}).fillna("test")
    return Split(f"{train}_to_{valid}", genes.assign(split=split)[["gene_id", "split"]])


def _split(name: str, genes: pd.DataFrame, train: Sequence, valid: Sequence, test: Sequence) -> Split:
    """Genes near one that is held out later leave the split they would be in: test before valid before train."""
    split = pd.Series("", index=genes.index)
    split[list(train)], split[list(valid)] = "train", "valid"
    split[list(test)] = "test"
    for held_out, others in (("test", ("train", "valid")), ("valid", ("train",))):
        near = _near(genes, genes[split == held_out])
        split[near & split.isin(others)] = ""
    chosen = split != ""
    return Split(name, genes[chosen].assign(split=split[chosen])[["gene_id", "split"]])


def _near(genes: pd.DataFrame, others: pd.DataFrame) -> pd.Series:
    """Whether the TSS of each gene lies within GAP of one of `others`."""
    near = pd.Series(False, index=genes.index)
    for chrom, found in others.groupby("chrom"):
        here = genes[genes["chrom"] == chrom]
        places = np.sort(found["tss"].to_numpy())
        right = np.searchsorted(places, here["tss"].to_numpy())
        before = here["tss"].to_numpy() - places[np.maximum(right - 1, 0)]
        after = places[np.minimum(right, len(places) - 1)] - here["tss"].to_numpy()
        near[here.index] = np.minimum(np.abs(before), np.abs(after)) <= GAP
    return near

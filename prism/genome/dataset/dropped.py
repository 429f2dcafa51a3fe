"""Genes of the genes table that are not in the dataset, by split and reason."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from prism.genome.dataset.folds import SPLITS, splits_of
from prism.genome.genes.table import DROPPED, GeneTable

NO_SPLIT = ""  # of genes that the fold does not list


@dataclass(frozen=True)
class SplitGenes:
    """The genes of one split.

    kept: how many are in the dataset.
    dropped: reason -> ids of the genes that are not, in the table's order; the most common reason first.
    """

    kept: int
    dropped: dict[str, list[str]] = field(default_factory=dict)

    @property
    def n_dropped(self) -> int:
        """How many genes were dropped."""
        return sum(map(len, self.dropped.values()))

    @property
    def listed(self) -> int:
        """How many genes the split would have if none was dropped."""
        return self.kept + self.n_dropped


def genes_by_split(table: GeneTable, folds: pd.DataFrame, fold: int | str) -> dict[str, SplitGenes]:
    """What became of the genes of each split: train, valid, test, and '' for genes in no split.

    table: the genes of a cell type.
    folds: the folds table.
    fold: its name there.
    Raises ValueError for an unknown fold or split, and a contradiction.
    """
    frame = table.frame
    splits = splits_of(folds, fold, frame["gene_id"].tolist(), frame["chrom"].tolist())
    return {split: _of(frame[splits == split]) for split in (*SPLITS, NO_SPLIT)}


def _of(genes: pd.DataFrame) -> SplitGenes:
    lost = genes[genes[DROPPED] != ""]
    by_reason = {reason: group["gene_id"].tolist() for reason, group in lost.groupby(DROPPED, sort=True)}
    order = sorted(by_reason, key=lambda reason: -len(by_reason[reason]))
    return SplitGenes(int(np.sum(genes[DROPPED] == "")), {reason: by_reason[reason] for reason in order})

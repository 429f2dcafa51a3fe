"""Which genes of any cell type a training has held out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from prism.genome.dataset.folds import splits_of
from prism.genome.genes.gtf import stable_id

_LEAST_HELD_OUT_FIRST = ("train", "", "valid", "test")


def held_out(
    folds: pd.DataFrame,
    fold: int | str,
    genes: tuple[Sequence[str], Sequence[str]],
    trained: tuple[Sequence[str], Sequence[str]],
) -> np.ndarray:
    """The split of genes of any cell type in the fold of a training: (n,) text train, valid, test, or ''.

    valid and test were held out: by the gene's id, where the training dataset has the gene, and by where it lies here.
    Where the two differ, the gene counts as the one that was held out less. '' is a gene outside the fold, and a gene
    of its training part that the training dataset lacks: it was not trained on, but its neighbours were.

    folds: the folds table.
    fold: its name there.
    genes: ids and chromosomes of the n genes, with or without version and `chr`.
    trained: ids and chromosomes of the genes of the training dataset.
    Raises ValueError for an unknown fold or split, and a contradiction.
    """
    here = splits_of(folds, fold, *genes)
    there = dict(zip(map(stable_id, trained[0]), splits_of(folds, fold, *trained), strict=True))
    found = [_less(split, there.get(stable_id(gene))) for gene, split in zip(genes[0], here, strict=True)]
    return np.array(found, dtype="<U5")


def _less(here: str, there: str | None) -> str:
    if there is None:
        return "" if here == "train" else str(here)
    return next(split for split in _LEAST_HELD_OUT_FIRST if split in (here, there))

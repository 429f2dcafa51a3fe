"""Scores of predictions of a cell type that has a label, with a model that was trained on another.

The genes are those that training held out and that both cell types have a label of. The floor is what needs no model:
the label of the cell type that was trained on, taken as the prediction of the new one's (of a model of several, the
mean of theirs, gene by gene). The change is that between the cell types, gene by gene: measured, label minus label;
predicted, the model's prediction of the new cell type minus its prediction of the one that it was trained on (not minus
the label there, whose noise would be in both sides).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from prism.evaluation.statistics import block_bootstrap, blocks_of
from prism.scores import mse, pearson

BLOCK = 1_000_000  # bp: neighbours within it are not independent
DRAWS = 1000
FEWEST_BLOCKS = 10  # below, an interval says little
SPLITS = ("test", "valid")
SCORES = ("mse", "pearson", "floor_mse", "floor_pearson", "mse_minus_floor", "change_pearson")


@dataclass(frozen=True)
class Transfer:
    """The predictions of a run, or of an ensemble, of a cell type that it was not trained on.

    cell_type: that it predicts.
    trained_on: cell type of the training.
    model: name of the entry.
    fold: of the training.
    seed: of the training, or `ensemble`.
    there: gene_id, chrom, tss, split, expression and prediction of the new cell type.
    own: gene_id, expression and prediction of the cell type of the training, of the genes that it held out.
    facts: further columns of the table, such as match_scale and the labels; default none.
    """

    cell_type: str
    trained_on: str
    model: str
    fold: str
    seed: str
    there: pd.DataFrame
    own: pd.DataFrame
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """Its name in messages."""
        return f"{self.trained_on}.{self.model}.fold{self.fold}, {self.seed}, of {self.cell_type}"

    def genes(self, split: str) -> pd.DataFrame:
        """Genes of a split with both labels and both predictions: chrom, tss, label, own_label, here, own.

        split: test or valid.
        """
        there = self.there[self.there["split"] == split].set_index("gene_id")
        own = self.own.set_index("gene_id")
        both = there.index.intersection(own.index, sort=False)
        found = pd.DataFrame(
            {
                "chrom": there.loc[both, "chrom"],
                "tss": there.loc[both, "tss"],
                "label": there.loc[both, "expression"].astype(float),
                "own_label": own.loc[both, "expression"].astype(float),
                "here": there.loc[both, "prediction"].astype(float),
                "own": own.loc[both, "prediction"].astype(float),
            }
        )
        return found.dropna()


def transfer_table(
    transfers: Sequence[Transfer], block: int = BLOCK, draws: int = DRAWS, seed: int = 0
) -> pd.DataFrame:
    """The scores of every transfer: a row for each split, test and valid, that has genes.

    Each score of `SCORES` has two columns beside it, `_low` and `_high`, its 95 % block-bootstrap interval.

    transfers: to score.
    block: of the bootstrap, bp; default 1 Mb.
    draws: of the bootstrap; default 1,000.
    seed: of the draws; default 0.
    """
    rows = []
    for each in transfers:
        for split in SPLITS:
            genes = each.genes(split)
            if len(genes):
                rows.append(_row(each, split, genes, block, draws, seed))
    columns = ["cell_type", "trained_on", "model", "fold", "seed", "split", "n", "not_scored", "blocks"]
    columns += [f"{score}{end}" for score in SCORES for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=[*columns, *(list(transfers[0].facts) if transfers else [])])


def scores_of(genes: pd.DataFrame) -> list[float]:
    """The scores of `SCORES` of some genes.

    genes: as `Transfer.genes` gives them.
    """
    return _scores(*(genes[name].to_numpy() for name in ("label", "own_label", "here", "own")))


def _scores(label: np.ndarray, own_label: np.ndarray, here: np.ndarray, own: np.ndarray) -> list[float]:
    found, floor = mse(here, label), mse(own_label, label)
    return [
        found,
        pearson(here, label),
        floor,
        pearson(own_label, label),
        found - floor,
        pearson(here - own, label - own_label),
    ]


def _row(
    transfer: Transfer, split: str, genes: pd.DataFrame, block: int, draws: int, seed: int
) -> dict[str, Any]:
    blocks = blocks_of(genes["chrom"], genes["tss"], block)
    columns = [genes[name].to_numpy() for name in ("label", "own_label", "here", "own")]
    intervals = block_bootstrap(lambda rows: _scores(*(each[rows] for each in columns)), blocks, draws, seed)
    row = {
        **{name: getattr(transfer, name) for name in ("cell_type", "trained_on", "model", "fold", "seed")},
        "split": split,
        "n": len(genes),
        "not_scored": int((transfer.there["split"] == split).sum()) - len(genes),
        "blocks": len(set(blocks.tolist())),
    }
    for name, value, (low, high) in zip(SCORES, scores_of(genes), intervals, strict=True):
        row |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return row | dict(transfer.facts)


def warnings_of(table: pd.DataFrame, transfers: Sequence[Transfer]) -> list[str]:
    """What makes scores of a table doubtful: few blocks, other labels, nothing that was held out.

    table: as `transfer_table` makes it.
    transfers: that it is made of.
    """
    lines = []
    scored = set(
        table[["cell_type", "trained_on", "model", "fold", "seed"]].itertuples(index=False, name=None)
    )
    for each in transfers:
        if (each.cell_type, each.trained_on, each.model, each.fold, each.seed) not in scored:
            lines.append(
                f"warning: {each.where}: no gene that its training held out has a label in both cell types; not scored"
            )
    few = table[table["blocks"] < FEWEST_BLOCKS]
    if len(few):
        lines.append(
            f"warning: {len(few)} of {len(table)} rows have fewer than {FEWEST_BLOCKS} blocks, so that their intervals "
            "say little; in a small genome set transfer.block to less"
        )
    for each in transfers:
        labels = each.facts.get("label"), each.facts.get("own_label")
        if labels[0] != labels[1]:
            lines.append(
                f"warning: {each.where}: its label is {labels[0]}, that of the training {labels[1]}; MSE and the floor "
                "compare two assays"
            )
    return list(dict.fromkeys(lines))

"""Genes held out by chromosome: what a token made of DNA alone is worth, as the answer and as a neighbour.

The adapter learns from no cell's held-out genes and the DNA encoder saw none of their chromosomes. The foundation model
has seen them all when it was pretrained; so its own row and bias of a held-out gene are not used where it is asked for,
and `pretrained`, which uses the row, is a ceiling and no rival.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from prism.compute.batches import chunks
from prism.tokens.adapter import Adapter, warm_start
from prism.tokens.dynamic import DynamicTokens, GenomeEmbeddings
from prism.tokens.foundation import Foundation
from prism.tokens.masked_genes import DYNAMIC, LAST, masked
from prism.tokens.scoring.donors import donor_interval
from prism.tokens.training import MaskedTraining, train_tokens

TRAIN, VALID, TEST = "train", "valid", "test"
PRETRAINED, MEAN_TOKEN = "pretrained", "mean_token"
METRICS = ("accuracy", "mean_log_loss")
CELLS_AT_ONCE = 32
LEAST_GENES = 2  # of a choice
TIE = 1e-5  # logits nearer than that are equal but for rounding


@dataclass(frozen=True)
class GeneDna:
    """Genes with DNA embeddings, and where the encoder's fold has them.

    token: (n,) int64.
    embedding: (n, d_in) float32, at the reference.
    split: (n,) text, train, valid or test; the last are held out, others ('') are neither learnt from nor asked for.
    """

    token: np.ndarray
    embedding: np.ndarray
    split: np.ndarray

    def __post_init__(self) -> None:
        if not len(self.token) == len(self.embedding) == len(self.split):
            raise ValueError(
                f"{len(self.token)} tokens, {len(self.embedding)} embeddings and {len(self.split)} splits; give one of "
                "each for every gene"
            )
        if (self.split == TEST).sum() < LEAST_GENES:
            raise ValueError(
                f"{(self.split == TEST).sum()} of the genes are in the fold's test chromosomes; choosing among "
                "held-out genes needs more"
            )

    @property
    def held_out(self) -> np.ndarray:
        """Tokens of the held-out genes."""
        return self.token[self.split == TEST]


@dataclass(frozen=True)
class Guesses:
    """What a model said of hidden genes.

    gene: (n,) int64, what was hidden.
    accuracy: (n,) 1 where it comes first, a share where it ties.
    mean_log_loss: (n,) natural log, among the candidates.
    """

    gene: np.ndarray
    accuracy: np.ndarray
    mean_log_loss: np.ndarray


def adapter_without(
    foundation: Foundation,
    genes: GeneDna,
    cells: Sequence[np.ndarray],
    mask: int,
    settings: MaskedTraining,
    output_tokens: str,
    kind: str = "mlp",
    hidden: int | None = None,
) -> Adapter:
    """An adapter that no held-out gene taught: warm-started and trained on the others, at the reference.

    foundation: frozen.
    genes: with their splits; held-out ones are taken out of the cells and of the choice of genes.
    cells: tokens of each.
    mask: the token `<mask>`.
    settings: of the training by masked genes.
    output_tokens: static or dynamic, as it will be judged.
    kind: of the adapter, mlp (the default) or linear.
    hidden: of the mlp; default None, for the model's width.

    The plain form: tokens are the adapter's output, because the residual one keeps a held-out gene's static token.
    """
    width = foundation.token_table.shape[1]
    adapter = Adapter(genes.embedding.shape[1], width, kind, hidden, settings.seed)
    known = torch.from_numpy(np.ascontiguousarray(genes.embedding, np.float32))
    static = foundation.token_table.detach()[torch.from_numpy(genes.token)]
    train, valid = (torch.from_numpy(genes.split == which) for which in (TRAIN, VALID))
    warm_start(adapter, known, static, train, valid, seed=settings.seed)
    learnt = np.flatnonzero(np.isin(genes.split, [TRAIN, VALID]))
    reference = {int(genes.token[row]): genes.embedding[row] for row in learnt}
    tokens = DynamicTokens(adapter, GenomeEmbeddings.of(foundation.size, reference))
    shown = [cell[~np.isin(cell, genes.held_out)] for cell in cells]
    asked = genes.token[learnt]
    shown = [cell for cell in shown if np.isin(cell, asked).any()]
    train_tokens(foundation, tokens, shown, None, mask, asked, settings, output_tokens)
    return adapter


def table_of(foundation: Foundation, genes: GeneDna, adapter: Adapter | None) -> Tensor:
    """The static tokens, those of held-out genes made of their DNA: (size, width).

    foundation: whose static token every other gene keeps, so that encoders differ in nothing else.
    genes: with their splits.
    adapter: gives the tokens; None for the floor, the mean static token of the training genes.
    """
    table = foundation.token_table.detach().clone()
    if adapter is None:
        made = table[torch.from_numpy(genes.token[genes.split == TRAIN])].mean(0)
    else:
        with torch.inference_mode():
            rows = np.ascontiguousarray(genes.embedding[genes.split == TEST], np.float32)
            made = adapter(torch.from_numpy(rows)).to(table.dtype)
    table[torch.from_numpy(genes.held_out)] = made
    return table


def guesses(
    foundation: Foundation,
    table: Tensor,
    cells: Sequence[np.ndarray],
    mask: int,
    genes: GeneDna,
    output_tokens: str,
    seed: int = 0,
    share: float = 0.15,
) -> Guesses:
    """What the model says of hidden genes; the same cells and seed hide the same genes under every table.

    foundation: in eval mode.
    table: (size, width), of `table_of`, or the static one.
    cells: tokens of each, such as of donors that trained nothing.
    mask: the token `<mask>`.
    genes: with their splits.
    output_tokens: dynamic: held-out genes are hidden, the choice is among held-out genes, each by its row of the table.
        static: other genes are hidden, in cells that hold a held-out one as context, and the choice is among the others
        by the model's own rows.
    seed: of what is hidden; default 0.
    share: of such genes of a cell; default 0.15.
    Raises ValueError where no cell has genes of both kinds that it takes.
    """
    held_out = genes.held_out
    others = np.setdiff1d(genes.token, held_out)
    asked, needed = (held_out, held_out) if output_tokens == DYNAMIC else (others, held_out)
    used = [cell for cell in cells if np.isin(cell, asked).any() and np.isin(cell, needed).any()]
    if not used:
        raise ValueError(f"none of {len(cells)} cells holds a gene of the fold's test chromosomes")
    candidates = torch.from_numpy(np.sort(asked))
    head = foundation.model.cls.predictions
    rows = table if output_tokens == DYNAMIC else foundation.output_table
    bias = None if output_tokens == DYNAMIC else head.decoder.bias[candidates]
    random, parts = np.random.default_rng(seed), []
    with torch.inference_mode():
        for some in chunks(range(len(used)), CELLS_AT_ONCE):
            batch = masked([used[each] for each in some], mask, asked, random, share)
            states = foundation.packed(table[batch.ids], batch.lengths, LAST)[batch.places]
            logits = functional.linear(head.transform(states), rows[candidates], bias).float()
            parts.append(_judged(logits, torch.searchsorted(candidates, batch.targets), batch.targets))
    return Guesses(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _judged(logits: Tensor, right: Tensor, targets: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    first = logits >= logits.max(1, keepdim=True).values - TIE
    own = first.gather(1, right[:, None])[:, 0]
    loss = functional.cross_entropy(logits.double(), right, reduction="none")
    return targets.numpy(), (own / first.sum(1)).double().numpy(), loss.numpy()


def held_out_rows(
    found: Guesses, output_tokens: str, encoder: str, fold: int | str, seed: int = 0, draws: int = 2_000
) -> pd.DataFrame:
    """Rows of heldout.tsv: output_tokens, encoder, fold, metric, value, low, high, n.

    found: of `guesses`.
    output_tokens: static or dynamic.
    encoder: run, kmers, enformer, shuffled, mean_token, pretrained.
    fold: of the DNA encoder.
    seed: of the genes that are drawn; default 0.
    draws: sets of genes; default 2,000.

    The interval is over the genes that were hidden, which are drawn again with all their guesses: a claim about genes
    that were not seen is no better than their number. n is the number of guesses.
    """
    rows = []
    for metric in METRICS:
        sums = by_gene(found.gene, getattr(found, metric))
        interval = donor_interval(sums, ratio, np.random.default_rng(seed), draws)
        rows.append(
            (
                output_tokens,
                encoder,
                fold,
                metric,
                interval.value,
                interval.low,
                interval.high,
                len(found.gene),
            )
        )
    columns = ["output_tokens", "encoder", "fold", "metric", "value", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns)


def by_gene(gene: np.ndarray, value: np.ndarray) -> np.ndarray:
    """The sum and the number of values of each gene: (genes, 2).

    gene: (n,) which each belongs to.
    value: (n,).
    """
    _, number = np.unique(gene, return_inverse=True)
    return np.column_stack([np.bincount(number, value), np.bincount(number)])


def ratio(sums: np.ndarray) -> float:
    """The mean over all guesses, from sums and numbers of genes.

    sums: (genes, 2).
    """
    return float(sums[:, 0].sum() / sums[:, 1].sum())

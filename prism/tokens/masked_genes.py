"""Masked-gene prediction: which genes of a cell are hidden, and the loss on them alone (Theodoris et al. 2023)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from prism.tokens.dynamic import DynamicTokens
from prism.tokens.foundation import Foundation

STATIC, DYNAMIC = "static", "dynamic"
OUTPUT_TOKENS = (STATIC, DYNAMIC)
LAST = -1


@dataclass(frozen=True)
class Masked:
    """Cells without padding, some of their genes hidden.

    ids: (tokens,) int64, all cells one after the other, as the model is given them.
    lengths: tokens of each cell.
    genome: (tokens,) int64, of the cell that each token is in; 0 is the reference.
    places: (masked,) int64 places of the hidden genes in `ids`, ascending.
    targets: (masked,) int64 tokens that stood there.
    """

    ids: Tensor
    lengths: list[int]
    genome: Tensor
    places: Tensor
    targets: Tensor


def masked(
    cells: Sequence[np.ndarray],
    mask: int,
    genes: np.ndarray,
    random: np.random.Generator,
    share: float = 0.15,
    another: float = 0.0,
    kept: float = 0.0,
    genomes: Sequence[int] | None = None,
) -> Masked:
    """Hide a share of every cell's genes, at least one; special tokens are never hidden.

    cells: tokens of each, int64, as `prism.tokens.ranking.encode` gives them.
    mask: the token `<mask>`.
    genes: tokens of genes, all others are special.
    random: draws which.
    share: of a cell's genes; default 0.15.
    another: part of the hidden that is replaced by the token of a random gene instead of `<mask>`; default 0.
    kept: part of the hidden that is left in place (BERT's pretraining: 0.1 and 0.1); default 0, so that a hidden gene's
        own token is never seen.
    genomes: of each cell; default None, for the reference.
    Raises ValueError for a cell without genes.
    """
    whole = np.concatenate(cells)
    start = np.cumsum([0, *map(len, cells)])
    is_gene = np.isin(whole, genes)
    places = []
    for cell, (first, end) in enumerate(pairwise(start)):
        there = first + np.flatnonzero(is_gene[first:end])
        if not len(there):
            raise ValueError(f"cell {cell}: has no gene that could be masked; leave such cells out")
        places.append(random.choice(there, max(1, round(share * len(there))), replace=False))
    place = np.sort(np.concatenate(places))
    targets, draw = whole[place], random.random(len(place))
    shown = np.where(draw < another, random.choice(genes, len(place)), mask)
    ids = whole.copy()
    ids[place] = np.where(draw >= 1 - kept, targets, shown)
    genome = np.zeros(len(cells), np.int64) if genomes is None else np.asarray(genomes, np.int64)
    arrays = (ids, np.repeat(genome, np.diff(start)), place, targets)
    ids, genome, place, targets = (torch.from_numpy(np.asarray(each, np.int64)) for each in arrays)
    return Masked(ids, [len(cell) for cell in cells], genome, place, targets)


def masked_gene_logits(
    foundation: Foundation,
    batch: Masked,
    tokens: DynamicTokens | None = None,
    output_tokens: str = STATIC,
    candidates: Tensor | None = None,
) -> Tensor:
    """Logits of the hidden genes, (masked, candidates), in float32.

    foundation: the model.
    batch: with what is hidden.
    tokens: tokens that follow the DNA; default None, for the model's own.
    output_tokens: what the output layer compares with: the model's own rows (static, the default), or the tokens of the
        cell's genome (dynamic). With static, the DNA token of a hidden gene is neither input nor target.
    candidates: (candidates,) int64 tokens that are asked about; default None, for all.
    Raises ValueError for another `output_tokens`, and for dynamic ones without `tokens`.
    """
    if output_tokens not in OUTPUT_TOKENS:
        raise ValueError(f"output_tokens {output_tokens!r} is not one of {', '.join(OUTPUT_TOKENS)}")
    static = foundation.token_table
    embeds = static[batch.ids] if tokens is None else tokens.inputs(static, batch.ids, batch.genome)
    hidden = foundation.packed(embeds, batch.lengths, LAST)[batch.places]
    if output_tokens == STATIC:
        return foundation.masked_logits(hidden, candidates=candidates).float()
    if tokens is None:
        raise ValueError(
            "output_tokens: dynamic needs tokens that follow the DNA; give an adapter, or use static"
        )
    genome, pieces = batch.genome[batch.places], {}
    for each in genome.unique().tolist():
        table = tokens.table(static, each, foundation.output_table)
        pieces[each] = foundation.masked_logits(hidden[genome == each], table, candidates).float()
    found = hidden.new_zeros(len(hidden), next(iter(pieces.values())).shape[1], dtype=torch.float32)
    for each, piece in pieces.items():
        found = found.index_put(((genome == each).nonzero()[:, 0],), piece)
    return found


def masked_gene_loss(
    foundation: Foundation,
    batch: Masked,
    tokens: DynamicTokens | None = None,
    output_tokens: str = STATIC,
) -> Tensor:
    """Mean cross-entropy of the hidden genes among all tokens.

    foundation: the model.
    batch: with what is hidden.
    tokens: as in `masked_gene_logits`.
    output_tokens: as in `masked_gene_logits`.
    """
    return functional.cross_entropy(
        masked_gene_logits(foundation, batch, tokens, output_tokens), batch.targets
    )

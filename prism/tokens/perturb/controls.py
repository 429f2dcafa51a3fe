"""What a shift under a mutation is held against: other ways to disturb the factor, and what needs no model at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Control:
    """A column beside ours.

    title: in figures and tables.
    meaning: what is done, and what it rules out.
    runs_model: whether the foundation model is run for it.
    """

    title: str
    meaning: str
    runs_model: bool = True


CONTROLS = {
    "deletion": Control(
        "token deleted",
        "Geneformer's own: the factor's token is taken out and every gene below it moves up a rank, so that genes "
        "below it shift whatever they have to do with it",
    ),
    "deletion_in_place": Control(
        "token deleted, ranks kept",
        "the factor's token is hidden from all others, and every gene keeps its rank",
    ),
    "mask": Control(
        "token masked", "<mask> in the place of the factor's token: the gene is unknown, its rank is kept"
    ),
    "random_direction": Control(
        "random direction",
        "the token is moved as far as the mutation moves it, in a random direction: whether it matters where to",
    ),
    "matched_gene_token": Control(
        "another gene's token", "the token of a gene of like expression and detection in the factor's place"
    ),
    "matched_factor": Control(
        "another factor",
        "the same mutation on a factor of like expression that is not known to have these targets",
    ),
    "shuffled_dna": Control(
        "shuffled DNA", "an adapter that was trained with the genes' DNA embeddings exchanged among them"
    ),
    "untrained_adapter": Control(
        "untrained adapter",
        "an adapter of random weights, the mean and norm of its tokens matched: whether its training matters, or only "
        "that DNA which changes gives a token that changes",
    ),
    "co_expression": Control(
        "co-expression", "correlation with the factor over cells, within donors; no model", runs_model=False
    ),
    "expression_level": Control(
        "expression level", "mean expression of the gene; no model", runs_model=False
    ),
    "attention": Control("attention", "attention that a gene pays to the factor, without any mutation"),
}


def deleted(tokens: np.ndarray, token: int) -> np.ndarray:
    """A cell without the factor's token: (n - 1,); the genes below it move up by one position.

    tokens: (n,) ids of a cell, by rank.
    token: of the factor.
    Raises ValueError where the cell holds it not once.
    """
    return np.delete(tokens, place_of(tokens, token))


def hidden_in_place(tokens: np.ndarray, token: int) -> np.ndarray:
    """The attention mask that hides the factor's token from all others and moves no position: (n,) int64.

    tokens: (n,) ids of a cell, by rank; they stay as they are.
    token: of the factor.
    Raises ValueError where the cell holds it not once.
    """
    mask = np.ones(len(tokens), np.int64)
    mask[place_of(tokens, token)] = 0
    return mask


def replaced(tokens: np.ndarray, token: int, by: int) -> np.ndarray:
    """A cell with another token, such as `<mask>`, in the factor's place: (n,).

    tokens: (n,) ids of a cell, by rank.
    token: of the factor.
    by: id that stands there instead.
    Raises ValueError where the cell holds the factor not once.
    """
    changed = np.array(tokens)
    changed[place_of(tokens, token)] = by
    return changed


def place_of(tokens: np.ndarray, token: int) -> int:
    """The position of a factor's token in a cell.

    tokens: (n,) ids of a cell, by rank.
    token: of the factor.
    Raises ValueError where the cell holds it not once.
    """
    places = np.flatnonzero(np.asarray(tokens) == token)
    if len(places) != 1:
        raise ValueError(
            f"token {token} is {len(places)} times in a cell of {len(tokens)} tokens; it must be there once: only "
            "cells whose context holds the factor can be used"
        )
    return int(places[0])


def random_directions(token: np.ndarray, norm: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Vectors at one distance from a token, in uniformly random directions: (n, hidden) float64.

    token: (hidden,) the factor's, without the mutation.
    norm: the distance, that by which the mutation moves it.
    n: number of directions.
    rng: source of chance.
    """
    steps = rng.standard_normal((n, len(token)))
    return token + norm * steps / np.linalg.norm(steps, axis=1, keepdims=True)


def matched(
    of: int, level: np.ndarray, detection: np.ndarray, candidates: Iterable[int], n: int = 1
) -> np.ndarray:
    """The genes most like a factor in expression and detection: (n,) rows, the nearest first.

    of: row of the factor.
    level: (genes,) mean expression, such as log(1 + counts per 10,000).
    detection: (genes,) share of the cells that hold the gene.
    candidates: rows to choose from; the factor itself is left out. Leave its known targets out.
    n: how many; default 1.
    Raises ValueError where there are fewer candidates.

    Distance is in ranks over all genes, so that both measures count alike.
    """
    rows = np.setdiff1d(np.asarray(list(candidates), np.int64), [of])
    if len(rows) < n:
        raise ValueError(
            f"{len(rows)} genes can be matched to the factor, and {n} are wanted; allow more candidates"
        )
    ranks = np.column_stack([stats.rankdata(level), stats.rankdata(detection)])
    distance = np.linalg.norm(ranks[rows] - ranks[of], axis=1)
    return rows[np.argsort(distance, kind="stable")[:n]]


def shuffled(n: int, rng: np.random.Generator) -> np.ndarray:
    """Whose DNA embedding each gene gets: (n,) rows, a permutation that leaves no gene its own.

    n: number of genes, at least 2.
    rng: source of chance.
    Raises ValueError for fewer than 2 genes.
    """
    if n < 2:
        raise ValueError(f"the DNA embeddings of {n} genes cannot be exchanged; 2 or more are needed")
    order = rng.permutation(n)
    given = np.empty(n, np.int64)
    given[order] = np.roll(order, 1)  # one circle through all genes
    return given


def co_expression(expression: np.ndarray, factor: int, donor: np.ndarray) -> np.ndarray:
    """Absolute correlation of every gene with the factor over the cells of a donor, mean of the donors: (genes,).

    expression: (cells, genes), such as log(1 + counts per 10,000).
    factor: its column.
    donor: (cells,) of each cell.

    Within donors, so that what differs between people or batches does not count. A donor in which a gene or the
    factor does not vary says nothing of it; 0 where none does. The factor's own value is NaN.
    """
    found = []
    for name in np.unique(donor):
        own = np.asarray(expression[donor == name], np.float64)
        own = own - own.mean(axis=0)
        spread = np.sqrt(np.square(own).sum(axis=0))
        scale = spread * spread[factor]
        found.append(
            np.divide(own.T @ own[:, factor], scale, out=np.full(len(scale), np.nan), where=scale > 1e-12)
        )
    known = ~np.isnan(found)
    total = np.where(known, np.abs(found), 0.0).sum(axis=0)
    result = np.divide(total, known.sum(axis=0), out=np.zeros(len(total)), where=known.any(axis=0))
    result[factor] = np.nan
    return result


def expression_level(expression: np.ndarray) -> np.ndarray:
    """Mean expression of every gene over the cells: (genes,).

    expression: (cells, genes), such as log(1 + counts per 10,000).
    """
    return np.asarray(expression, np.float64).mean(axis=0)

"""How far every gene of some cells moves under what is done to a factor: one pass as they are, one for each way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import torch
from torch import Tensor

from prism.compute.batches import chunks
from prism.tokens.foundation import SECOND_TO_LAST, Foundation
from prism.tokens.perturb import controls
from prism.tokens.perturb.controls import place_of
from prism.tokens.perturb.shift import Mean, shifts

TOKENS_AT_ONCE = 16_384  # of one pass; what a pass holds grows with it, not with the number of ways


@dataclass(frozen=True)
class Seen:
    """A cell as the foundation model is given it.

    ids: (n,) int64, whose state each place has, none twice; a factor whose token is replaced stays the factor.
    embeds: (n, width), the tokens' embeddings.
    positions: (n,) int64, ranks counted from 0.
    """

    ids: np.ndarray
    embeds: Tensor
    positions: np.ndarray


# (number of the cell, its tokens (n,)) -> what the model is given
Way = Callable[[int, np.ndarray], Seen]


def as_is(table: Tensor) -> Way:
    """The cell as it is.

    table: (size, width), embedding of every token; dynamic ones of the reference genome, or the model's own.
    """
    return lambda cell, ids: Seen(ids, table[torch.from_numpy(ids)], np.arange(len(ids)))


def moved(table: Tensor, to: Mapping[int, Tensor], may_lack: bool = False) -> Way:
    """Tokens are replaced by vectors, every gene keeps its rank: the token route, random directions, other tokens.

    table: (size, width), embedding of every token.
    to: token -> (width,) vector; two factors at once are two entries.
    may_lack: whether a cell may be without some of them, as after new ranks; default False, refused.
    """

    def way(cell: int, ids: np.ndarray) -> Seen:
        seen = as_is(table)(cell, ids)
        embeds = seen.embeds.clone()
        for token, vector in to.items():
            if not may_lack or token in ids:
                embeds[place_of(ids, token)] = vector.to(embeds.dtype)
        return replace(seen, embeds=embeds)

    return way


def deleted(table: Tensor, token: int) -> Way:
    """Geneformer's deletion: the token is taken out, and all below it move up a rank.

    table: (size, width), embedding of every token.
    token: of the factor.
    """
    return lambda cell, ids: as_is(table)(cell, controls.deleted(ids, token))


def hidden(table: Tensor, token: int) -> Way:
    """The token is taken out, and every other gene keeps its rank.

    table: (size, width), embedding of every token.
    token: of the factor.
    """

    def way(cell: int, ids: np.ndarray) -> Seen:
        kept = np.flatnonzero(controls.hidden_in_place(ids, token))
        return replace(as_is(table)(cell, ids[kept]), positions=kept)

    return way


def reordered(orders: Sequence[np.ndarray], way: Way) -> Way:
    """Cells with other ranks: the expression route; both routes where tokens are moved too.

    orders: tokens of each cell in the new order, as `expression.reranked` gives them.
    way: what is done to the reordered cell; `as_is` for nothing more.
    """
    return lambda cell, ids: way(cell, orders[cell])


def measured(
    foundation: Foundation,
    cells: Sequence[np.ndarray],
    donor: Sequence[int],
    reference: Way,
    ways: Mapping[str, Way],
    layer: int = SECOND_TO_LAST,
    reached: Callable[[int], None] | None = None,
) -> dict[str, Mean]:
    """Mean shift of every token in every donor, for each way; genes that a way leaves in a cell count.

    foundation: in eval mode.
    cells: tokens of each, all of which hold the factor.
    donor: (cells,) number of each cell's donor, from 0.
    reference: the cell as it is, in the same tokens as the ways are.
    ways: name -> what is done. Give the reference as one of them: what it shifts, in the company of the others, is
        rounding alone (`shift.no_op_floor`).
    layer: as in `Foundation.packed`; default -2.
    reached: is told how many cells are done; default None, for nobody.
    Raises ValueError where cells and donors are not equally many, and as the ways do.
    """
    if len(cells) != len(donor):
        raise ValueError(f"{len(cells)} cells and {len(donor)} donors; give the donor of every cell")
    found = {name: Mean(max(donor, default=-1) + 1, foundation.size) for name in ways}
    with torch.inference_mode():
        for number, ids in enumerate(cells):
            own = reference(number, ids)
            before = _states(foundation, [own], layer)[0]
            seen = {name: way(number, ids) for name, way in ways.items()}
            for name, after in zip(seen, _states(foundation, list(seen.values()), layer), strict=True):
                genes, first, second = np.intersect1d(
                    own.ids, seen[name].ids, assume_unique=True, return_indices=True
                )
                found[name].add(donor[number], genes, shifts(before[first], after[second]))
            if reached is not None:
                reached(number + 1)
    return found


def states(
    foundation: Foundation, cells: Sequence[np.ndarray], way: Way, layer: int = SECOND_TO_LAST
) -> list[np.ndarray]:
    """The contextual embeddings of cells under a way, (n, width) float32 each.

    foundation: in eval mode.
    cells: tokens of each.
    way: what is done to them.
    layer: as in `Foundation.packed`; default -2.
    """
    with torch.inference_mode():
        return _states(foundation, [way(number, ids) for number, ids in enumerate(cells)], layer)


def _states(foundation: Foundation, seen: Sequence[Seen], layer: int) -> list[np.ndarray]:
    """Inputs of one length go together, as many as a pass may hold."""
    order = sorted(range(len(seen)), key=lambda each: len(seen[each].ids))
    found: dict[int, np.ndarray] = {}
    for length, same in groupby(order, key=lambda each: len(seen[each].ids)):
        for some in chunks(list(same), max(1, TOKENS_AT_ONCE // max(length, 1))):
            embeds = torch.cat([seen[each].embeds for each in some])
            positions = torch.from_numpy(np.concatenate([seen[each].positions for each in some]))
            packed = foundation.packed(embeds, [length] * len(some), layer, positions).float().cpu().numpy()
            found |= dict(zip(some, packed.reshape(len(some), length, -1), strict=True))
    return [found[each] for each in range(len(seen))]

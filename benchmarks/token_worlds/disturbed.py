"""What moves when a factor of a world is disturbed: ours, the routes, every control, in each gene and donor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from benchmarks.token_worlds.adapters import OURS, Mapped
from benchmarks.token_worlds.protocol import Task
from benchmarks.token_worlds.worlds import Made
from prism.tokens.foundation import Foundation
from prism.tokens.perturb import controls
from prism.tokens.perturb.attention import attention_to
from prism.tokens.perturb.effects import as_is, deleted, hidden, measured, moved, reordered
from prism.tokens.perturb.expression import reranked
from prism.tokens.perturb.shift import Mean
from prism.tokens.scoring.contrasts import in_every_donor

EXPRESSION, BOTH, NO_OP, RANDOM = "expression", "both", "no_op", "random_direction"
# not to be had of real data: a mutation that donors of the training carry, and the expression's true change
SEEN, TRUE_FOLD = "seen_mutation", "expression_true_change"


def chosen_cells(task: Task, made: Made, rows: Sequence[int]) -> np.ndarray:
    """Some cells of each donor whose context holds all of some genes: (n,) numbers, ascending.

    task: of the world.
    made: the world.
    rows: of the genes.
    """
    wanted = made.token[list(rows)]
    holds = np.array([np.isin(wanted, cell).all() for cell in made.cells])
    rng, found = np.random.default_rng([task.seed, 6, *rows]), []
    for donor in range(made.world.settings.n_donors):
        own = np.flatnonzero(holds & (made.world.donor == donor))
        found += rng.permutation(own)[: task.sizing.cells_per_donor].tolist()
    return np.sort(np.array(found, np.int64))


def by_gene(made: Made, mean: Mean) -> np.ndarray:
    """(donors, genes), by rows of the world's genes.

    made: the world.
    mean: by token.
    """
    found = np.full((made.world.settings.n_donors, len(made.token)), np.nan)
    values = mean.by_donor()
    known = made.token >= 0
    found[: len(values), known] = values[:, made.token[known]]
    return found


def routes(
    task: Task, made: Made, foundation: Foundation, ours: Mapped, to: Mapping[int, np.ndarray],
    fold: Mapping[int, float], cells: np.ndarray, more: Mapping[str, object] | None = None,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Shifts under the mutation of one factor or several at once, by each route.

    task: of the world.
    made: the world.
    foundation: frozen.
    ours: the adapter.
    to: row of a factor -> embedding of its mutated window.
    fold: row of a factor -> predicted change of its expression; empty for the token route alone.
    cells: that hold the factors.
    more: name -> other ways on the same cells; default None.

    Returns name -> (donors, genes): shift, no_op, expression, both, and what else was given.
    """
    table, ids = ours.table, [made.cells[each] for each in cells]
    moves = {int(made.token[row]): ours.of(row, value) for row, value in to.items()}
    ways = {OURS: moved(table, moves), NO_OP: as_is(table)} | dict(more or {})
    if fold:
        orders = _orders(task, made, cells, fold)
        ways[EXPRESSION] = reordered(orders, as_is(table))
        ways[BOTH] = reordered(orders, moved(table, moves, may_lack=True))
    found = measured(foundation, ids, made.world.donor[cells].tolist(), as_is(table), ways)
    return {name: by_gene(made, mean) for name, mean in found.items()}


def all_controls(
    task: Task, made: Made, foundation: Foundation, adapters: Mapping[str, Mapped], row: int, value: np.ndarray,
    fold: float | None, silent: tuple[int, np.ndarray], matchable: np.ndarray, expression: np.ndarray,
    known: tuple[np.ndarray, float] | None = None,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Shifts of one factor's mutation and everything that they are held against: name -> (donors, genes).

    task: of the world.
    made: the world.
    foundation: frozen.
    adapters: by name.
    row: of the factor.
    value: (d,) embedding of its mutated window.
    fold: predicted change of its expression; None for the token route alone.
    silent: row of a factor without targets, and the embedding of its mutated window.
    matchable: rows that may stand for the factor.
    expression: (cells, genes), log(1 + counts per 10,000).
    known: embedding of the window with a mutation that donors carry, and the true change of the factor's expression
        under ours; default None, for neither.
    """
    ours, token, cells = adapters[OURS], int(made.token[row]), chosen_cells(task, made, [row])
    table, mask = ours.table, made.dictionary.mask
    level, detection = expression.mean(0), np.asarray((made.counts > 0).mean(axis=0)).ravel()
    other = int(controls.matched(row, level, detection, matchable)[0])
    norm = float((ours.of(row, value) - table[token]).double().norm())
    rng = np.random.default_rng([task.seed, 7, row])
    directions = controls.random_directions(table[token].double().numpy(), norm, task.sizing.directions, rng)
    more = {
        "deletion": deleted(table, token),
        "deletion_in_place": hidden(table, token),
        "mask": moved(table, {token: foundation.token_table.detach()[mask]}),
        "matched_gene_token": moved(table, {token: table[int(made.token[other])]}),
    }
    more |= {
        f"{RANDOM} {n}": moved(table, {token: torch.from_numpy(each)}) for n, each in enumerate(directions)
    }
    if known is not None:
        more[SEEN] = moved(table, {token: ours.of(row, known[0])})
        more[TRUE_FOLD] = reordered(_orders(task, made, cells, {row: known[1]}), as_is(table))
    found = routes(
        task, made, foundation, ours, {row: value}, {} if fold is None else {row: fold}, cells, more
    )
    drawn = [found.pop(f"{RANDOM} {n}") for n in range(task.sizing.directions)]
    found[RANDOM] = np.mean(drawn, axis=0)
    found |= {f"{RANDOM} {n}": each for n, each in enumerate(drawn)}
    ids, donor = [made.cells[each] for each in cells], made.world.donor[cells].tolist()
    for name, mapped in adapters.items():
        if name != OURS:
            base = mapped.with_factors([row])
            way = {name: moved(base, {token: mapped.of(row, value)})}
            found[name] = by_gene(made, measured(foundation, ids, donor, as_is(base), way)[name])
    quiet, changed = silent
    both = chosen_cells(task, made, [row, quiet])
    found["matched_factor"] = routes(task, made, foundation, ours, {quiet: changed}, {}, both)[OURS]
    attention = Mean(made.world.settings.n_donors, foundation.size)
    for cell, who in zip(ids, donor, strict=True):
        attention.add(who, cell, attention_to(foundation, as_is(table)(0, cell), token).double().numpy())
    found["attention"] = by_gene(made, attention)
    alone = controls.co_expression(expression, row, made.world.donor)
    found["co_expression"] = in_every_donor(alone, found[OURS])
    found["expression_level"] = in_every_donor(controls.expression_level(expression), found[OURS])
    return found


def _orders(task: Task, made: Made, cells: np.ndarray, fold: Mapping[int, float]) -> list[np.ndarray]:
    """Tokens of cells after the expression of some genes, by row, was multiplied."""
    return reranked(
        made.counts[cells], made.totals[cells], made.gene_ids, made.dictionary, task.sizing.context,
        {made.gene_ids[row]: times for row, times in fold.items()},
    )  # fmt: skip

"""One factor: its window mutated, and how far that and every control move the genes of its cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from prism.jobs.log import Countdown, say
from prism.tokens.perturb import controls
from prism.tokens.perturb.asked import transplanted
from prism.tokens.perturb.attention import attention_to
from prism.tokens.perturb.effects import as_is, deleted, hidden, measured, moved, states
from prism.tokens.perturb.mutation import Change
from prism.tokens.perturb.shift import Mean, no_op_floor
from prism.tokens.scoring.donors import over_donors
from prism.tokens.steps.adapters import OURS, SHUFFLED, UNTRAINED
from prism.tokens.steps.chosen import Chosen, choose
from prism.tokens.steps.door import ALL
from prism.tokens.steps.effects import Effects
from prism.tokens.steps.measuring import Measuring

SHIFT, AS_IS, RANDOM = "shift", "as it is", "random_direction"


def measure(measuring: Measuring) -> list[Effects]:
    """Measure a factor in each of its cell types.

    measuring: of the factor.
    Raises ValueError where the mutation cannot be done, and no cell of a type holds the factor.
    """
    copies = measuring.changes()
    with measuring.inputs.cells:
        return [
            _measure_type(measuring, copies, cell_type)
            for cell_type in measuring.factor["cell_types"] or [ALL]
        ]


def _measure_type(own: Measuring, copies: list[list[Change]], cell_type: str) -> Effects:
    model, token, settings = own.models[OURS], own.token, own.settings
    chosen = choose(own.inputs, settings, own.gene, own.key, cell_type, model.context, own.stream(11))
    found, told = _shifts(own, chosen, copies, cell_type)
    ours = found[SHIFT]
    judged = (ours.detections.sum(0) >= settings["statistics"]["detections"]) & np.isin(
        np.arange(model.size), own.inputs.gene_tokens
    )
    judged[token] = False
    if not judged.any():
        raise ValueError(
            f"{own.key} ({own.gene}): no gene is in {settings['statistics']['detections']} of the {len(chosen.rows)} "
            "cells; raise n_cells, or lower statistics.detections"
        )
    floor = no_op_floor(found.pop(AS_IS).by_donor()[:, judged])
    random = [found.pop(f"{RANDOM} {n}").by_donor() for n in range(settings["directions"])]
    by_donor = {name: mean.by_donor()[:, judged] for name, mean in found.items()}
    by_donor[RANDOM] = np.mean(random, axis=0)[:, judged]
    by_donor |= _without_model(own, chosen, cell_type, judged)
    before, after = told.pop("states")
    nothing = np.full_like(by_donor[SHIFT], np.nan)
    symbol = own.inputs.symbol(own.gene)
    return Effects(
        tokens=np.flatnonzero(judged),
        detections=ours.detections.sum(0)[judged],
        by_donor={name: by_donor.get(name, nothing) for name in (SHIFT, *controls.CONTROLS)},
        random=np.stack([over_donors(each[:, judged]) for each in random]),
        cells=own.inputs.cells.names[chosen.rows].astype(str),
        rows=chosen.rows,
        states=before,
        mutated=after,
        facts={
            "factor": own.key, "gene_id": own.gene, "symbol": symbol, "cell_type": cell_type, "donors": chosen.donors,
            "n_cells": len(chosen.rows), "refused": chosen.refused, "floor": floor, **told,
        },
    )  # fmt: skip


def _shifts(
    own: Measuring, chosen: Chosen, copies: list[list[Change]], cell_type: str
) -> tuple[dict[str, Mean], dict[str, Any]]:
    """Shifts under the mutation and under every control that runs the model."""
    model, token, dictionary = own.models[OURS], own.token, own.inputs.dictionary
    table, static, settings = own.table(), own.static(), own.settings
    mutant = own.embedding(own.gene, copies)
    to = own.trained.token(OURS, static, token, mutant)
    norm = float((to - table[token]).double().norm())
    directions = controls.random_directions(
        table[token].double().numpy(), norm, settings["directions"], own.stream(12)
    )
    other = _matched(own, chosen, cell_type)
    ways = {
        AS_IS: as_is(table),
        SHIFT: moved(table, {token: to}),
        "deletion": deleted(table, token),
        "deletion_in_place": hidden(table, token),
        "mask": moved(table, {token: static[dictionary.mask]}),
        "matched_gene_token": moved(table, {token: table[other["matched_gene"]]}),
    }
    ways |= {f"{RANDOM} {n}": moved(table, {token: torch.from_numpy(to)}) for n, to in enumerate(directions)}
    say(f"{own.key}: {len(chosen.rows)} cells, {len(ways)} passes each")
    progress = Countdown(len(chosen.rows), "cells", say)
    found = measured(
        model, chosen.tokens, chosen.donor, as_is(table), ways, settings["layer"], progress.reached
    )
    found |= _other_adapters(own, chosen, mutant)
    found |= _other_factor(own, chosen, copies, other["matched_factor"])
    found["attention"] = _attention(own, chosen, table)
    told = {
        "mutation": [[str(change) for change in copy] for copy in copies],
        "displacement": norm,
        "matched_gene": dictionary.gene_of[other["matched_gene"]],
        "matched_factor": None
        if other["matched_factor"] is None
        else dictionary.gene_of[other["matched_factor"]],
        "states": tuple(
            np.stack([each.mean(0) for each in states(model, chosen.tokens, ways[name], settings["layer"])])
            for name in (AS_IS, SHIFT)
        ),
    }
    return found, told


def _other_adapters(own: Measuring, chosen: Chosen, mutant: np.ndarray) -> dict[str, Mean]:
    found = {}
    for name in (SHUFFLED, UNTRAINED):
        model, table = own.models[name], own.table(name)
        to = own.trained.token(name, own.static(name), own.token, mutant)
        ways = {name: moved(table, {own.token: to})}
        found |= measured(model, chosen.tokens, chosen.donor, as_is(table), ways, own.settings["layer"])
    return found


def _other_factor(
    own: Measuring, chosen: Chosen, copies: list[list[Change]], other: int | None
) -> dict[str, Mean]:
    """The same mutation on another gene, in those of the cells that hold it too."""
    if other is None:
        return {}
    gene, table = own.inputs.dictionary.gene_of[other], own.table()
    loci = [own.dna.loci[own.dna.gene_ids.index(each)] for each in (own.gene, gene)]
    changes = transplanted(copies, *loci, own.dna.bases, own.stream(13))
    to = own.trained.token(OURS, own.static(), other, own.embedding(gene, changes))
    holds = [place for place, cell in enumerate(chosen.tokens) if other in cell]
    ways = {"matched_factor": moved(table, {other: to})}
    found = measured(
        own.models[OURS], [chosen.tokens[place] for place in holds], chosen.donor[holds], as_is(table), ways,
        own.settings["layer"],
    )  # fmt: skip
    whole, part = Mean(len(chosen.donors), own.models[OURS].size), found["matched_factor"]
    whole.total[: len(part.total)], whole.detections[: len(part.total)] = part.total, part.detections
    return {"matched_factor": whole}


def _attention(own: Measuring, chosen: Chosen, table: Tensor) -> Mean:
    found = Mean(len(chosen.donors), own.models[OURS].size)
    for number, ids in enumerate(chosen.tokens):
        paid = attention_to(own.models[OURS], as_is(table)(number, ids), own.token)
        found.add(chosen.donor[number], ids, paid.numpy())
    return found


def _matched(own: Measuring, chosen: Chosen, cell_type: str) -> dict[str, int | None]:
    """Tokens of the genes that are most like the factor in expression and detection, and none of its known targets."""
    size, dictionary = own.models[OURS].size, own.inputs.dictionary
    values = own.expression(cell_type)[0]
    level, seen = np.zeros((2, size))
    columns = [dictionary.token_of[gene] for gene in own.inputs.cells.gene_ids]
    level[columns], seen[columns] = values.mean(axis=0).A1, (values > 0).mean(axis=0).A1
    held = np.zeros(size, dtype=np.int64)
    for ids in chosen.tokens:
        held[ids] += 1
    known = {dictionary.token_of[gene] for gene in own.targets()}
    there = [
        token for token in own.inputs.gene_tokens.tolist() if held[token] and token not in known | {own.token}
    ]
    with_dna = set(own.trained.tokens.tolist())
    found: dict[str, int | None] = {"matched_gene": int(controls.matched(own.token, level, seen, there)[0])}
    # a factor is perturbed in the cells that hold it: one that few of them hold would be judged in those few
    often = [token for token in there if token in with_dna and held[token] >= len(chosen.rows) / 2]
    found["matched_factor"] = int(controls.matched(own.token, level, seen, often)[0]) if often else None
    return found


def _without_model(
    own: Measuring, chosen: Chosen, cell_type: str, judged: np.ndarray
) -> dict[str, np.ndarray]:
    """Co-expression and expression level of the judged genes in each donor, over all its cells of the type."""
    cells, dictionary = own.inputs.cells, own.inputs.dictionary
    values, rows = own.expression(cell_type)
    column = {dictionary.token_of[gene]: place for place, gene in enumerate(cells.gene_ids)}
    wanted = [column[token] for token in (*np.flatnonzero(judged), own.token)]
    dense = values[:, wanted].toarray()
    of_cell = None if cells.donor is None else cells.donor[rows]
    found = {"co_expression": [], "expression_level": []}
    for name in chosen.donors:
        here = dense if name == "" or of_cell is None else dense[of_cell == name]
        donor = np.zeros(len(here)) if name or of_cell is None else of_cell
        if not len(here):  # a large file's sample may miss a donor
            here, donor = dense[:0], np.zeros(0)
        nothing = np.full(len(wanted) - 1, np.nan)
        found["co_expression"].append(
            controls.co_expression(here, len(wanted) - 1, donor)[:-1] if len(here) else nothing
        )
        found["expression_level"].append(controls.expression_level(here)[:-1] if len(here) else nothing)
    return {name: np.stack(each) for name, each in found.items()}

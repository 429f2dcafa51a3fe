"""The token route, the expression route and both; and two factors at once against the sum of the two: routes.tsv."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch

from prism.jobs.log import say
from prism.tokens.encoders import TrainedRun
from prism.tokens.genomes import joined
from prism.tokens.perturb.effects import Way, as_is, measured, moved, reordered
from prism.tokens.perturb.expression import fold_change, reranked
from prism.tokens.perturb.shift import Mean
from prism.tokens.scoring.contrasts import DIRECT, INDIRECT, score_table
from prism.tokens.steps.adapters import OURS
from prism.tokens.steps.chosen import Chosen, choose
from prism.tokens.steps.door import ALL
from prism.tokens.steps.measuring import Measuring

COLUMNS = ("factor", "cell_type", "route", "contrast", "metric", "value", "low", "high")
TOKEN, EXPRESSION, BOTH = "token", "expression", "both"
TOGETHER, SUM = "both_factors", "sum"


def routes_of(own: Measuring) -> pd.DataFrame:
    """How well each route finds the factor's targets, in each of its cell types; no row without targets or a run.

    own: of the factor.

    A run predicts the change of the factor's own expression, and its rank follows; the token route leaves the rank.
    """
    known = own.targets()
    parts = []
    if known and isinstance(own.encoder, TrainedRun):
        fold = _fold(own)
        say(f"{own.key}: its run predicts {fold:.3g} times the expression")
        for cell_type in own.factor["cell_types"] or [ALL]:
            parts.append(_routes(own, cell_type, fold, known))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def double_of(first: Measuring, second: Measuring) -> pd.DataFrame:
    """Both factors mutated at once, against the sum of their shifts in the same cells, in the first's cell types.

    first: the one factor.
    second: the other, of the same entry.

    Cells hold both factors; targets are those of either.
    """
    known = first.targets() | second.targets()
    parts = []
    for cell_type in first.factor["cell_types"] or [ALL] if known else []:
        parts.append(_double(first, second, cell_type, known))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def _fold(own: Measuring) -> float:
    row = own.dna.gene_ids.index(own.gene)
    copies = own.dna.changed(row, own.changes())
    windows = joined([own.dna.changed(row, [[]]), copies])
    names = own.encoder.facts["rna_feature_names"]
    genes = own.inputs.genes.set_index("gene_id")
    features = np.repeat(genes.loc[[own.gene], list(names)].to_numpy(np.float64), len(windows), axis=0)
    predicted = own.encoder.predicted(windows, features)
    return fold_change(predicted[0], float(predicted[1:].mean()))


def _to(own: Measuring) -> torch.Tensor:
    return own.trained.token(OURS, own.static(), own.token, own.embedding(own.gene, own.changes()))


def _routes(
    own: Measuring, cell_type: str, fold: float, known: Mapping[str, tuple[float, str]]
) -> pd.DataFrame:
    model, table, to, token, cells = own.models[OURS], own.table(), _to(own), own.token, own.inputs.cells
    chosen = choose(own.inputs, own.settings, own.gene, own.key, cell_type, model.context, own.stream(11))
    orders = reranked(
        cells.counts(chosen.rows), cells.totals[chosen.rows], cells.gene_ids, own.inputs.dictionary, model.context,
        {own.gene: fold},
    )  # fmt: skip
    ways = {
        TOKEN: moved(table, {token: to}),
        EXPRESSION: reordered(orders, as_is(table)),
        BOTH: reordered(orders, moved(table, {token: to}, may_lack=True)),
    }
    found = _measured(own, chosen, ways)
    return _scored(own, found, {token}, known, own.key, cell_type, TOKEN)


def _double(
    first: Measuring, second: Measuring, cell_type: str, known: Mapping[str, tuple[float, str]]
) -> pd.DataFrame:
    table, model = first.table(), first.models[OURS]
    name = f"{first.key}+{second.key}"
    chosen = choose(
        first.inputs,
        first.settings,
        first.gene,
        name,
        cell_type,
        model.context,
        first.stream(15),
        also=second.gene,
    )
    one, other = {first.token: _to(first)}, {second.token: _to(second)}
    ways = {TOGETHER: moved(table, one | other), "first": moved(table, one), "second": moved(table, other)}
    found = _measured(first, chosen, ways)
    found[SUM] = found.pop("first") + found.pop("second")
    own = {first.token, second.token}
    return _scored(first, found, own, known, name, cell_type, TOGETHER)


def _measured(own: Measuring, chosen: Chosen, ways: Mapping[str, Way]) -> dict[str, np.ndarray]:
    """Shifts (donors, tokens) of the genes that are judged, NaN of all others."""
    layer, table = own.settings["layer"], own.table()
    found = measured(own.models[OURS], chosen.tokens, chosen.donor, as_is(table), ways, layer)
    return {name: _judged(own, mean) for name, mean in found.items()}


def _judged(own: Measuring, mean: Mean) -> np.ndarray:
    shifts = mean.by_donor()
    few = mean.detections.sum(0) < own.settings["statistics"]["detections"]
    shifts[:, few | ~np.isin(np.arange(len(few)), own.inputs.gene_tokens)] = np.nan
    return shifts


def _scored(
    own: Measuring,
    found: Mapping[str, np.ndarray],
    factors: set[int],
    known: Mapping[str, tuple[float, str]],
    name: str,
    cell_type: str,
    ours: str,
) -> pd.DataFrame:
    """Scores of routes, on the genes that every one of them has."""
    there = np.all([np.isfinite(shifts).any(axis=0) for shifts in found.values()], axis=0)
    there[list(factors)] = False
    genes = [own.inputs.dictionary.gene_of[int(token)] for token in np.flatnonzero(there)]
    kind = np.array([known[gene][1] or "target" if gene in known else "" for gene in genes])
    if (kind == "").all() or (kind != "").all():
        return pd.DataFrame(columns=list(COLUMNS))
    scores = score_table(
        {route: shifts[:, there] for route, shifts in found.items()}, kind != "", kind == DIRECT, kind == INDIRECT,
        ours,
        own.settings["seed"], own.settings["statistics"]["draws"],
    )  # fmt: skip
    return scores.rename(columns={"method": "route"}).assign(factor=name, cell_type=cell_type)[list(COLUMNS)]

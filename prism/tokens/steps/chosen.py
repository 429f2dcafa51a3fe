"""Which cells of a type are run through the model, and which donors count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prism.tokens.scoring.donors import Least, counted_donors
from prism.tokens.steps.door import ALL
from prism.tokens.steps.inputs import Inputs, Settings
from prism.tokens.vocabulary import expressing


@dataclass(frozen=True)
class Chosen:
    """Cells that hold the factor in their context.

    rows: (n,) numbers of the cells.
    tokens: of each cell.
    donors: names of the donors; of all cells together, one without a name, where donors are not told or too few.
    donor: (n,) number of each cell's donor.
    refused: why nothing is tested; "" where it is.
    """

    rows: np.ndarray
    tokens: list[np.ndarray]
    donors: list[str]
    donor: np.ndarray
    refused: str


def least_of(settings: Settings) -> Least:
    """Numbers below which there is no statistic.

    settings: of the entry.
    """
    asked = settings["statistics"]
    return Least(asked["donors"], asked["cells"], asked["cells_per_donor"])


def choose(
    inputs: Inputs,
    settings: Settings,
    gene: str,
    key: str,
    cell_type: str,
    context: int,
    rng: np.random.Generator,
    also: str | None = None,
) -> Chosen:
    """Choose cells at random among those that hold the factor, so that as many donors as can be are counted.

    inputs: of the entry.
    settings: of the entry.
    gene: id of the factor.
    key: what the configuration calls it.
    cell_type: "" for all cells.
    context: most tokens of a cell.
    rng: source of chance.
    also: id of another gene that the cells must hold; default None.
    Raises ValueError where no cell has a count of the factor, and none holds it within the context.
    """
    cells, token = inputs.cells, inputs.dictionary.token_of[gene]
    rows = np.arange(cells.n) if cell_type == ALL else cells.of_type(cell_type)
    there = expressing(cells, gene, rows, symbol=key).rows
    encoded = inputs.encoded(there, context)
    needed = {token} if also is None else {token, inputs.dictionary.token_of[also]}
    holds = np.array([needed <= set(cell.tolist()) for cell in encoded], dtype=bool)
    what = f"{key} ({gene})" + (f" in {cell_type}" if cell_type != ALL else "")
    if not holds.any():
        raise ValueError(
            f"{what}: {len(there)} cells have a count of it, and in none it is among the first {context} tokens; take "
            "a model with a longer context, or another factor"
        )
    places, least = np.flatnonzero(holds), least_of(settings)
    names = None if cells.donor is None else cells.donor[there]
    picked = _picked(places, None if names is None else names[places], settings["n_cells"], least, rng)
    refused, donors, donor = "", [""], np.zeros(len(picked), np.int64)
    if names is None:
        refused = f"{what}: the cells name no donor, and cells of one donor are no replicates"
    else:
        try:
            donors = counted_donors(names[picked], least, what).tolist()
            picked = picked[np.isin(names[picked], donors)]
            donor = np.searchsorted(donors, names[picked])
        except ValueError as error:
            refused = str(error)
    return Chosen(there[picked], [encoded[place] for place in picked], donors, donor, refused)


def _picked(
    places: np.ndarray, donor: np.ndarray | None, n: int, least: Least, rng: np.random.Generator
) -> np.ndarray:
    """At most n of the places, ascending."""
    order = rng.permutation(len(places))[:n] if donor is None else _in_turns(donor, n, least, rng)
    return np.sort(places[order])


def _in_turns(donor: np.ndarray, n: int, least: Least, rng: np.random.Generator) -> np.ndarray:
    """Cells dealt from the donors in turn; of no more donors than can have enough cells each, the largest first."""
    names, counts = np.unique(donor, return_counts=True)
    shuffled = rng.permutation(len(names))
    order = shuffled[np.argsort(-counts[shuffled], kind="stable")]
    enough = [name for name in order if counts[name] >= least.cells_per_donor]
    most = max(1, n // least.cells_per_donor)
    kept = enough[:most] if enough else list(order)
    queues = [rng.permutation(np.flatnonzero(donor == names[name])).tolist() for name in kept]
    found: list[int] = []
    while len(found) < n and any(queues):
        for queue in queues:
            if queue and len(found) < n:
                found.append(queue.pop())
    return np.array(found, dtype=np.int64)

"""What was measured of one factor in one cell type, as the job of a factor leaves it and the tables read it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from prism.files.atomic import writing

_ARRAYS = ("tokens", "detections", "random", "cells", "rows", "states", "mutated")


@dataclass(frozen=True)
class Effects:
    """Shifts of the genes that are judged.

    tokens: (genes,) int64.
    detections: (genes,) int64, cells that hold the gene and the factor.
    by_donor: method -> (donors, genes) float64, NaN where no cell of a donor holds the gene; `shift` is ours.
    random: (directions, genes) float64, mean of the donors under each random direction.
    cells: (cells,) names.
    rows: (cells,) int64, their numbers among the entry's cells.
    states: (cells, width) float32, mean contextual embedding of each cell's genes.
    mutated: (cells, width) float32, the same under the mutation.
    facts: factor, gene_id, cell_type, donors, refused, floor and what else is to be said of it.
    """

    tokens: np.ndarray
    detections: np.ndarray
    by_donor: dict[str, np.ndarray]
    random: np.ndarray
    cells: np.ndarray
    rows: np.ndarray
    states: np.ndarray
    mutated: np.ndarray
    facts: dict[str, Any]


def write_effects(path: str | Path, found: Sequence[Effects]) -> None:
    """Write what was measured of a factor, a part for each cell type.

    path: of the file (.npz).
    found: the parts.
    """
    content: dict[str, np.ndarray] = {}
    for number, each in enumerate(found):
        content |= {f"{number}/{name}": getattr(each, name) for name in _ARRAYS}
        content |= {f"{number}/by_donor/{name}": values for name, values in each.by_donor.items()}
    content["facts"] = np.array(json.dumps([each.facts for each in found]))
    with writing(path) as part, open(part, "wb") as file:
        np.savez_compressed(file, **content)


def read_effects(path: str | Path) -> list[Effects]:
    """Read what `write_effects` wrote.

    path: of the file.
    """
    with np.load(path, allow_pickle=False) as content:
        facts = json.loads(str(content["facts"]))
        found = []
        for number, each in enumerate(facts):
            begin = f"{number}/by_donor/"
            by_donor = {
                name.removeprefix(begin): content[name] for name in content.files if name.startswith(begin)
            }
            arrays = {name: content[f"{number}/{name}"] for name in _ARRAYS}
            found.append(Effects(by_donor=by_donor, facts=each, **arrays))
    return found

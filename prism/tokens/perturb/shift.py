"""How far a gene's contextual embedding moves, and what is too small to be told from nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


def shifts(reference: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """||a - b||^2 / 2 of the normalised states, which is 1 - cos(a, b): (genes,) float64, 0 to 2; larger moved more.

    reference: (genes, hidden) states without the mutation.
    changed: (genes, hidden) states with it.
    Raises ValueError for shapes that differ, values that are not finite, and a state of length 0.

    The difference comes before the square: 1 - cos of float32 numbers loses small shifts in the rounding of the cosine.
    """
    first, second = np.asarray(reference, np.float64), np.asarray(changed, np.float64)
    if first.shape != second.shape or first.ndim != 2:
        raise ValueError(
            f"states of shapes {first.shape} and {second.shape}; both must be the same (genes, hidden)"
        )
    return 0.5 * np.square(_unit(first) - _unit(second)).sum(axis=1)


def _unit(states: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(states, axis=1, keepdims=True)
    if not np.isfinite(length).all():
        raise ValueError(f"state {np.flatnonzero(~np.isfinite(length[:, 0]))[0]} is not finite")
    if not length.all():
        raise ValueError(f"state {np.flatnonzero(length[:, 0] == 0)[0]} has length 0 and no direction")
    return states / length


def no_op_floor(repeats: np.ndarray) -> float:
    """The largest shift that appears where nothing was changed; a shift up to it is not resolved.

    repeats: (...) shifts between runs of the same input, such as in another batch.
    Raises ValueError where there is none.
    """
    repeats = np.asarray(repeats, np.float64)
    repeats = repeats[~np.isnan(repeats)]
    if not repeats.size:
        raise ValueError("no shift of an unchanged input was measured; run the reference twice")
    return float(repeats.max())


def said(shift: float, floor: float) -> str:
    """A shift in words for a table: its value, or `not resolved`.

    shift: of a gene; NaN where it was never measured.
    floor: as `no_op_floor` gives it.
    """
    return "not measured" if np.isnan(shift) else f"{shift:.6g}" if shift > floor else "not resolved"


@dataclass
class Mean:
    """Mean shift of each gene over the cells that hold it, added up in float64, in each donor.

    donors: number of donors.
    genes: number of genes.
    """

    donors: int
    genes: int
    total: np.ndarray = field(init=False)
    detections: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.total = np.zeros((self.donors, self.genes))
        self.detections = np.zeros((self.donors, self.genes), dtype=np.int64)

    def add(self, donor: int, genes: np.ndarray, found: np.ndarray) -> None:
        """Add the shifts of one cell.

        donor: number of the cell's donor.
        genes: (n,) numbers of the genes that the cell holds, none twice.
        found: (n,) their shifts.
        """
        self.total[donor, genes] += np.asarray(found, np.float64)
        self.detections[donor, genes] += 1

    def by_donor(self) -> np.ndarray:
        """(donors, genes) mean over a donor's cells; NaN where no cell of the donor holds the gene."""
        return np.divide(
            self.total, self.detections, out=np.full(self.total.shape, np.nan), where=self.detections > 0
        )

"""Single-base variants in the factors' promoters: what each does to the motifs, and which donors carry it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from prism.genome.tracks.sequence import LETTERS
from prism.simulate.promoters import MOTIFS, ZONE_START, count_motifs

REACH = (
    max(len(motif.sequence) for motif in MOTIFS) - 1
)  # bp from a base to the far end of a motif that holds it


@dataclass(frozen=True)
class Plan:
    """How many variants each factor's promoter has.

    changing: that move its motifs, and that donors carry.
    neutral: that do not, and that donors carry.
    unseen_changing: that move its motifs, and that no donor carries.
    unseen_neutral: that do not, and that no donor carries.
    frequency: share of the donors that carry a variant.
    """

    changing: int = 3
    neutral: int = 3
    unseen_changing: int = 2
    unseen_neutral: int = 2
    frequency: float = 0.3

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing.

        Raises ValueError with the setting, its value and what it may be.
        """
        if not 0 <= self.frequency <= 1:
            raise ValueError(f"regulation: frequency = {self.frequency} is not between 0 and 1")
        for name in ("changing", "neutral", "unseen_changing", "unseen_neutral"):
            if getattr(self, name) < 0:
                raise ValueError(f"regulation: {name} = {getattr(self, name)} is less than 0")


def motif_scores(zones: np.ndarray) -> np.ndarray:
    """Weighted copies of the motifs in promoter zones: (n,).

    zones: (n, width) codes in the gene's direction.
    """
    counts = count_motifs(zones)
    return sum(motif.weight * counts[motif.name] for motif in MOTIFS)


def single_changes(zone: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every single-base change of a promoter zone: (place (3 w,), new code (3 w,), change of the score (3 w,)).

    zone: (w,) codes of known bases.
    """
    place = np.repeat(np.arange(len(zone)), 3)
    code = np.concatenate([np.delete(np.arange(4), base) for base in zone]).astype(np.uint8)
    # a change is seen only by the copies that overlap it
    padded = np.pad(zone, REACH, constant_values=4)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * REACH + 1)[place]
    changed = around.copy()
    changed[:, REACH] = code
    return place, code, motif_scores(changed) - motif_scores(around)


def draw_variants(
    rng: np.random.Generator, genes: pd.DataFrame, zones: np.ndarray, plan: Plan
) -> pd.DataFrame:
    """Draw each factor's variants: one row each, at most one at a base.

    rng: source of chance.
    genes: of the factors: gene_id, chrom, tss (0-based), strand.
    zones: (n_factors, width) their promoters, in the gene's direction.
    plan: how many there are.
    Raises ValueError for a promoter that has too few such changes.

    Columns: factor (its number), gene_id, chrom, position (0-based), ref, alt (both on the + strand), place (in the
    zone, in the gene's direction), code (the new base there), score_change, changing, seen.
    """
    rows = []
    for factor, gene in enumerate(genes.itertuples()):
        place, code, change = single_changes(zones[factor])
        order = rng.permutation(len(place))
        order = order[np.unique(place[order], return_index=True)[1]]  # one change a base, at random
        order = rng.permutation(order)
        for changing, seen, wanted in (
            (True, True, plan.changing),
            (True, False, plan.unseen_changing),
            (False, True, plan.neutral),
            (False, False, plan.unseen_neutral),
        ):
            found = order[(change[order] != 0) == changing]
            if len(found) < wanted:
                raise ValueError(
                    f"{gene.gene_id}: {len(found)} changes of its promoter can be had where {wanted} are wanted; "
                    "lower the number of variants, or take another seed"
                )
            for each in found[:wanted]:
                rows.append(_row(factor, gene, zones[factor], place[each], code[each], change[each], seen))
            order = np.setdiff1d(order, found[:wanted], assume_unique=True)
            order = rng.permutation(order)
    return pd.DataFrame(rows)


def _row(factor, gene, zone, place, code, change, seen) -> dict:
    offset = int(place) + ZONE_START
    plus = gene.strand == "+"
    letters = LETTERS if plus else LETTERS[::-1]  # the complement of code c is 3 - c
    return {
        "factor": factor,
        "gene_id": gene.gene_id,
        "chrom": gene.chrom,
        "position": gene.tss + offset if plus else gene.tss - offset,
        "ref": letters[zone[place]],
        "alt": letters[code],
        "place": int(place),
        "code": int(code),
        "score_change": float(change),
        "changing": bool(change != 0),
        "seen": seen,
    }


def draw_alleles(
    rng: np.random.Generator, variants: pd.DataFrame, n_donors: int, frequency: float
) -> np.ndarray:
    """Who carries what: (n_donors, n_variants) bool, both copies alike; nobody carries an unseen variant.

    rng: source of chance.
    variants: as `draw_variants` gives them.
    n_donors: at least 2.
    frequency: share of the donors that carry a variant; at least one does and one does not.
    """
    carriers = min(max(1, round(frequency * n_donors)), n_donors - 1)
    alleles = np.zeros((n_donors, len(variants)), dtype=bool)
    for column in np.flatnonzero(variants["seen"]):
        alleles[rng.choice(n_donors, carriers, replace=False), column] = True
    return alleles


def carried(zone: np.ndarray, variants: pd.DataFrame, alleles: np.ndarray) -> np.ndarray:
    """A promoter zone as each donor has it: (n_donors, width).

    zone: (width,) reference codes, in the gene's direction.
    variants: those of this promoter.
    alleles: (n_donors, variants of this promoter) bool.
    """
    zones = np.repeat(zone[None], len(alleles), axis=0)
    for column, (place, code) in enumerate(zip(variants["place"], variants["code"], strict=True)):
        zones[alleles[:, column], place] = code
    return zones

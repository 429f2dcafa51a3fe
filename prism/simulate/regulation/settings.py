"""Settings of a simulated world of cells, with defaults, and the random streams that its parts draw from."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from prism.simulate.regulation.genotypes import Plan
from prism.simulate.regulation.network import Sizes

MANY, ONE = "many", "one"
MOST_GENES = 500


@dataclass(frozen=True)
class Regulation:
    """Settings of the world; effects and noise in natural logarithms of expression.

    seed: of every random stream.
    cell_type: of the genome; its levels are the cells'.
    n_genes: at most 500.
    n_donors: at least 2.
    cells_per_donor: at least 1.
    genomes: many, where donors differ in the factors' promoters, or one, where all have the reference and activities
    differ between donors as much, for reasons that no sequence shows.
    regulates: whether factors regulate; False is a world with the same roles and no effects.
    effect: of one unit of activity on a direct target.
    loading: of co-expressed genes on the programme.
    programme: standard deviation of a factor's activity that its programme brings.
    activity_noise: standard deviation of a factor's activity from cell to cell beyond that.
    noise: standard deviation of each gene's own noise in a cell.
    depth: median counts of a cell.
    depth_spread: standard deviation of the logarithm of a cell's depth.
    n_batches: donors are dealt to batches in turn.
    batch: standard deviation of a batch's effect on each gene; its effect on depth is as large.
    sizes: how many genes play each part.
    variants: how many variants each factor's promoter has.
    """

    seed: int = 1
    cell_type: str = "simA"
    n_genes: int = 400
    n_donors: int = 48
    cells_per_donor: int = 20
    genomes: str = MANY
    regulates: bool = True
    effect: float = 0.7
    loading: float = 0.9
    programme: float = 0.8
    activity_noise: float = 0.2
    noise: float = 0.4
    depth: float = 2_000.0
    depth_spread: float = 0.3
    n_batches: int = 3
    batch: float = 0.2
    sizes: Sizes = field(default_factory=Sizes)
    variants: Plan = field(default_factory=Plan)

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn.

        Raises ValueError with the setting, its value and what it may be.
        """
        least = {"n_donors": 2, "cells_per_donor": 1, "n_batches": 1, "seed": 0, "depth": 1}
        least |= dict.fromkeys(
            ("effect", "loading", "programme", "activity_noise", "noise", "depth_spread", "batch"), 0
        )
        for name, lowest in least.items():
            if getattr(self, name) < lowest:
                raise ValueError(f"regulation: {name} = {getattr(self, name)} is less than {lowest}")
        if not self.sizes.total <= self.n_genes <= MOST_GENES:
            raise ValueError(
                f"regulation: n_genes = {self.n_genes} is not between {self.sizes.total}, the genes that play a part, "
                f"and {MOST_GENES}"
            )
        if self.genomes not in (MANY, ONE):
            raise ValueError(f"regulation: genomes = {self.genomes!r} is neither {MANY!r} nor {ONE!r}")

    @classmethod
    def read(cls, given: Mapping[str, object]) -> Regulation:
        """Settings from a mapping, with the defaults filled in.

        given: any of the fields; `sizes` and `variants` as mappings of theirs.
        Raises ValueError for a name that is unknown and for a value that is out of range.
        """
        parts = {"sizes": Sizes, "variants": Plan}
        made = {}
        for name, value in given.items():
            kind = parts.get(name)
            known = {each.name for each in fields(kind or cls)}
            unknown = sorted(set(value) - known) if kind else sorted({name} - known)
            if unknown:
                raise ValueError(f"regulation: unknown settings {unknown}; known ones are {sorted(known)}")
            made[name] = kind(**value) if kind else value
        return cls(**made)

    def stream(self, *names: str) -> np.random.Generator:
        """A random stream for one purpose, so that one part's draws never move another's.

        names: of the purpose.
        """
        return np.random.default_rng([self.seed, zlib.crc32("/".join(("regulation", *names)).encode())])

"""Settings of the simulated genome, with defaults, and the random streams that every part draws from."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, fields
from numbers import Integral, Real

import numpy as np
import pandas as pd

from prism.simulate.worlds import WORLDS, World

TELOMERE = 10_000  # unknown bases at each end of a chromosome, as in hg38
MARGIN = 20_000  # no gene, enhancer or domain effect is planned nearer to a chromosome's end (bp)
MIN_BP_PER_GENE = 8_000  # a promoter window of 2 kb, a transcript and room between genes
SAME, SHIFTED = "same", "shifted"  # a chromosome drawn as the training ones are, or without their confounding


@dataclass(frozen=True)
class Settings:
    """The simulation's settings; effects and noise are standard deviations of log10 expression over genes.

    seed: of every random stream.
    cell_types: names.
    n_chromosomes: chr1, chr2, ...: training first, then validation, then test.
    n_valid: validation chromosomes.
    n_test: test chromosomes.
    genes_per_chromosome: at least 10.
    chromosome_length: bp.
    world: a name of `worlds.WORLDS`.
    confounding: correlation, where the world places genes and on confounded chromosomes only, between a gene's
    intrinsic expression (motifs, mRNA and the shared part of the noise) and the key that decides how open a domain
    the gene is placed in.
    background_effect: of the background, where the world makes it a cause and on confounded chromosomes only.
    validation: 'same', validation chromosomes confounded like training ones, or 'shifted', not confounded.
    n_same: of the test chromosomes, how many (the first ones) are confounded like training ones; the others are not.
    motif_effect: of the promoter's motifs.
    mark_effect: of the active mark.
    mrna_effect: of the mRNA features.
    enhancer_effect: of the distal enhancers.
    noise: half of its variance is the gene's own in every cell type, half is the cell type's.
    mean_expression: log10.

    Ground truth: log10 rate = mean_expression + motif + mark + mRNA + enhancer + noise, and background where the world
    makes it a cause. With the defaults the label log10(x + 1) spans about 0 to 3.5 with a standard deviation of about
    0.7.
    """

    seed: int = 1
    cell_types: tuple[str, ...] = ("simA", "simB")
    n_chromosomes: int = 8
    n_valid: int = 1
    n_test: int = 1
    genes_per_chromosome: int = 100
    chromosome_length: int = 1_800_000
    world: str = "placement"
    confounding: float = 0.5
    background_effect: float = 0.4
    validation: str = SHIFTED
    n_same: int = 0
    motif_effect: float = 0.45
    mark_effect: float = 0.45
    mrna_effect: float = 0.20
    enhancer_effect: float = 0.15
    noise: float = 0.20
    mean_expression: float = 1.6

    @classmethod
    def read(cls, given: dict) -> Settings:
        """Check the given settings and fill in the defaults.

        given: any subset of the fields.
        Raises ValueError with what is wrong.
        """
        known = {field.name: field.default for field in fields(cls)}
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise ValueError(f"simulation: unknown settings {unknown}; known ones are {sorted(known)}")
        values = {name: _checked(name, given.get(name, default), default) for name, default in known.items()}
        settings = cls(**values)
        settings._check()
        return settings

    def _check(self) -> None:
        if not self.cell_types or len(set(self.cell_types)) < len(self.cell_types):
            raise ValueError(
                f"simulation: cell_types = {list(self.cell_types)}; give one or more different names"
            )
        for name in self.cell_types:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
                raise ValueError(
                    f"simulation: cell type {name!r} names a folder; use letters, digits, '_', '-', '.'"
                )
        for name, least in [("seed", 0), ("n_valid", 1), ("n_test", 1), ("genes_per_chromosome", 10)]:
            if getattr(self, name) < least:
                raise ValueError(f"simulation: {name} = {getattr(self, name)} is less than {least}")
        if self.n_chromosomes < self.n_valid + self.n_test + 1:
            raise ValueError(
                f"simulation: n_chromosomes = {self.n_chromosomes} leaves no training chromosome beside "
                f"n_valid = {self.n_valid} and n_test = {self.n_test}; raise n_chromosomes"
            )
        if not 0 <= self.confounding <= 1:
            raise ValueError(f"simulation: confounding = {self.confounding} is not between 0 and 1")
        self._check_distributions()
        for name in [
            "motif_effect",
            "mark_effect",
            "mrna_effect",
            "enhancer_effect",
            "background_effect",
            "noise",
        ]:
            if not 0 <= getattr(self, name) <= 2:
                raise ValueError(
                    f"simulation: {name} = {getattr(self, name)} is not between 0 and 2 (log10 units)"
                )
        if not 0 <= self.mean_expression <= 4:
            raise ValueError(
                f"simulation: mean_expression = {self.mean_expression} is not between 0 and 4 (log10)"
            )
        least = 2 * MARGIN + MIN_BP_PER_GENE * self.genes_per_chromosome
        if self.chromosome_length < least:
            raise ValueError(
                f"simulation: chromosome_length = {self.chromosome_length} is too short for "
                f"genes_per_chromosome = {self.genes_per_chromosome}; give at least {least} bp"
            )

    def _check_distributions(self) -> None:
        for name, allowed in [("world", tuple(WORLDS)), ("validation", (SAME, SHIFTED))]:
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"simulation: {name} = {getattr(self, name)!r} is not one of {', '.join(allowed)}"
                )
        if not 0 <= self.n_same <= self.n_test:
            raise ValueError(
                f"simulation: n_same = {self.n_same} is not between 0 and n_test = {self.n_test}: it counts test "
                "chromosomes"
            )

    @property
    def rules(self) -> World:
        """What the world's name stands for."""
        return WORLDS[self.world]

    @property
    def chromosomes(self) -> list[str]:
        """The chromosomes' names, in order."""
        return [f"chr{i + 1}" for i in range(self.n_chromosomes)]

    def split(self, chrom: str) -> str:
        """'train', 'valid' or 'test'.

        chrom: name of a chromosome.
        """
        place = self.chromosomes.index(chrom)
        if place < self.n_chromosomes - self.n_valid - self.n_test:
            return "train"
        return "valid" if place < self.n_chromosomes - self.n_test else "test"

    def distribution(self, chrom: str) -> str:
        """'same' where the chromosome is confounded as the training ones are, 'shifted' where it is not.

        chrom: name of a chromosome.
        """
        split = self.split(chrom)
        if split == "valid":
            return self.validation
        first_test = self.n_chromosomes - self.n_test
        shifted = split == "test" and self.chromosomes.index(chrom) >= first_test + self.n_same
        return SHIFTED if shifted else SAME

    def folds(self) -> pd.DataFrame:
        """The fold table (fold, chromosome, split) with the one fold 1."""
        rows = [{"fold": 1, "chromosome": chrom, "split": self.split(chrom)} for chrom in self.chromosomes]
        return pd.DataFrame(rows)

    def stream(self, *names: str) -> np.random.Generator:
        """A random stream for one purpose, so that one part's draws never move another's.

        names: of the purpose.
        """
        return np.random.default_rng([self.seed, zlib.crc32("/".join(names).encode())])


def _checked(name: str, value: object, default: object) -> object:
    """`value` as the default's type; ValueError if it is of another kind."""
    if isinstance(default, tuple):
        if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise ValueError(f"simulation: {name} = {value!r}; give a list of names")
    if isinstance(default, str):
        if isinstance(value, str):
            return value
        raise ValueError(f"simulation: {name} = {value!r}; give a name")
    kind, word = (Integral, "a whole number") if isinstance(default, int) else (Real, "a number")
    if isinstance(value, bool) or not isinstance(value, kind):
        raise ValueError(f"simulation: {name} = {value!r}; give {word}")
    return type(default)(value)

"""What is trained on which genome, in which order: the protocol of docs/causal_test.md as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from prism import NUMBERS_VERSION
from prism.runs.provenance import canonical, settings_hash
from prism.simulate.worlds import WORLDS

GENOMES, INITS = 24, 2
FIRST_GENOME = 101  # the program was tried out on genome 1
SMALLEST = 0.010  # MSE; a difference below it is taken for none
LENGTH = 2_000  # bp
PRIMARY = ("learned", "random")  # the contrast: the first minus the second
SECONDARY = ("learned", "none")
DIRECT_EFFECT = 0.4  # of the background, log10 units per deviation, where a world makes it a cause

# Chromosomes of 100 genes: 6 to train on, 1 for validation, 3 of the same distribution, 3 shifted.
SIMULATION = {
    "cell_types": ["sim"],
    "n_chromosomes": 13,
    "n_valid": 1,
    "n_test": 6,
    "n_same": 3,
    "validation": "same",
    "confounding": 1.0,
    "background_effect": DIRECT_EFFECT,
}
TRAINING = {
    "steps": 500,
    "batch_size": 8,
    "learning_rate": 2e-3,
    "betas": [0.9, 0.95],
    "weight_decay": 1e-6,
    "schedule": "cosine",
    "warmup_steps": 50,
    "warmup_from": 1e-5,
    "final_learning_rate": 1e-4,
    "gradient_clip": 1.0,
    "precision": "fp32",
    "validations_per_epoch": 1,
}
SIZES = {"d_model": 16, "n_layer": 2, "center_len": LENGTH}
PRISM = {**SIZES, "n_context": 2, "cnn_dim": 8, "alpha": 1.0, "beta": 1.0}

# Arm -> architecture and settings. `ridge_oracle` is ridge on features without the true background.
ARMS: dict[str, tuple[str, dict[str, Any]]] = {
    "learned": ("prism", {**PRISM, "context": "learned"}),
    "random": ("prism", {**PRISM, "context": "random"}),
    "none": ("prism", {**PRISM, "n_context": 0}),
    "shuffled": ("prism", {**PRISM, "context": "shuffled"}),
    "constant": ("prism", {**PRISM, "context": "constant"}),
    "caduceus_signals": ("caduceus_signals", SIZES),
    "ridge": ("ridge", {}),
    "ridge_oracle": ("ridge", {}),
}
FITTED_ONCE = ("ridge", "ridge_oracle")  # closed forms have no initial weights


@dataclass(frozen=True)
class Family:
    """Arms that are compared with each other, on one kind of input.

    meaning: in words.
    worlds: names.
    arms: names of `ARMS`.
    stem: bases of a token, by a learned convolution; None for the published network, whose tokens are bases.
    signals: names; None for all three.
    gene_features: groups of gene features.
    """

    meaning: str
    worlds: tuple[str, ...]
    arms: tuple[str, ...]
    stem: int | None = 20
    signals: tuple[str, ...] | None = None
    gene_features: tuple[str, ...] = ("mrna",)


MAIN_ARMS = ("learned", "random", "none")
TWO_WORLDS = ("placement", "common_cause")
# In the order in which they are run.
FAMILIES = {
    "main": Family(
        "tokens of 20 bases, three signals, no promoter activity",
        tuple(WORLDS),
        (*MAIN_ARMS, "ridge", "ridge_oracle"),
    ),
    "activity": Family(
        "as main, with promoter activity past the adjustment",
        TWO_WORLDS,
        (*MAIN_ARMS, "ridge", "ridge_oracle"),
        gene_features=("mrna", "promoter_activity"),
    ),
    "h3k27ac": Family(
        "as main, with H3K27ac as the only signal",
        TWO_WORLDS,
        (*MAIN_ARMS, "ridge", "ridge_oracle"),
        signals=("H3K27ac",),
    ),
    "controls": Family("as main, other controls", TWO_WORLDS, ("shuffled", "constant", "caduceus_signals")),
    "bases": Family("the published network, a token for each base", ("placement",), MAIN_ARMS, stem=None),
}


class Task(NamedTuple):
    """One row of the table of runs."""

    family: str
    world: str
    genome: int
    arm: str
    init: int

    @property
    def seed(self) -> int:
        """Of weights and order; one genome's are no other's, and arms of one genome share theirs."""
        return 100 * self.genome + self.init


def entry_of(family: str, arm: str) -> dict[str, Any]:
    """What is trained, as an entry of config/models.yaml is.

    family: a name of `FAMILIES`.
    arm: one of its arms.
    """
    how, (architecture, settings) = FAMILIES[family], ARMS[arm]
    stem = {"stem": {"kind": "conv", "size": how.stem}} if how.stem and arm not in FITTED_ONCE else {}
    return {
        "architecture": architecture,
        "length": LENGTH,
        "signals": list(how.signals) if how.signals else None,
        "rna_features": list(how.gene_features),
        "settings": {**settings, **stem},
        "training": {} if arm in FITTED_ONCE else TRAINING,
    }


def hash_of(task: Task) -> str:
    """What the numbers of a run depend on beside the task's own columns, 12 hex digits.

    task: the run.
    """
    world = SIMULATION | {"world": task.world, "NUMBERS_VERSION": NUMBERS_VERSION}
    return settings_hash({"entry": entry_of(task.family, task.arm), "simulation": canonical(world)})[:12]


def tasks(families: tuple[str, ...] = tuple(FAMILIES), genomes: int = GENOMES) -> Iterator[Task]:
    """Every run, in order: family by family, and in each genome by genome, so that worlds stay level.

    families: names, default all.
    genomes: how many; default 24.
    """
    for family in families:
        how = FAMILIES[family]
        for genome in range(FIRST_GENOME, FIRST_GENOME + genomes):
            for world in how.worlds:
                for arm in how.arms:
                    for init in range(1, 1 + inits_of(arm)):
                        yield Task(family, world, genome, arm, init)


def inits_of(arm: str) -> int:
    """Runs of an arm on one genome, from different initial weights.

    arm: a name of `ARMS`.
    """
    return 1 if arm in FITTED_ONCE else INITS

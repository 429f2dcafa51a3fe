"""What is simulated, trained and measured in which world: the protocol of the benchmark as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

from prism import NUMBERS_VERSION
from prism.runs.provenance import canonical, settings_hash
from prism.simulate.regulation import Regulation
from prism.simulate.regulation.network import Sizes
from prism.simulate.regulation.settings import ONE
from prism.tokens.training import MaskedTraining

SEEDS, NULL_WORLDS = 5, 200
FIRST_SEED, FIRST_NULL = 101, 1001  # the program was tried out on 1 and 901
LENGTH = 400  # bp of a window, as far as the motifs reach
RESIDUAL, PLAIN = "residual", "mlp"
NULL = "no_regulation"  # a table that says null has nothing there


@dataclass(frozen=True)
class Arm:
    """How a world is made and its adapter used.

    meaning: in words.
    genomes: many, or one, as `Regulation` has it.
    form: residual, or mlp: the adapter's output itself, as the paper has it.
    """

    meaning: str
    genomes: str
    form: str


# Where there is one genome, the residual form has nothing to learn from.
ARMS = {
    "many": Arm("many genomes, residual form", "many", RESIDUAL),
    "many_plain": Arm("many genomes, the adapter's output is the token", "many", PLAIN),
    "one": Arm("a single genome, the adapter's output is the token", "one", PLAIN),
}


@dataclass(frozen=True)
class Sizing:
    """Sizes of a kind of world.

    genome: of `prism.simulate.settings.Settings`.
    regulation: of the world of cells; its seed and its genomes are the task's.
    width, n_layers, n_heads: of the foundation model.
    context: most tokens of a cell.
    pretraining, adapting: trainings by masked genes.
    cells_per_donor: that are disturbed, of each donor.
    detections: of the disturbed cells, in which a gene is judged at least.
    directions: random ones.
    sets: of genes like the targets, which make the p.
    """

    genome: Mapping[str, Any]
    regulation: Regulation
    width: int
    n_layers: int
    n_heads: int
    context: int
    pretraining: MaskedTraining
    adapting: MaskedTraining
    cells_per_donor: int
    detections: int
    directions: int
    sets: int = 999
    held_out: MaskedTraining | None = field(default=None)


# Expression follows the promoter's motifs more than in the demo, so that sequence alone can tell it.
_GENOME = {
    "cell_types": ["sim"],
    "n_valid": 1,
    "validation": "same",
    "confounding": 0.0,
    "motif_effect": 0.7,
    "mark_effect": 0.1,
    "mrna_effect": 0.05,
    "enhancer_effect": 0.05,
    "noise": 0.1,
}
_SIZES = Sizes(direct=12, repressed=8, mediators=4, indirect=12, redundant=10, co_expressed=8)
SKILL = Sizing(
    genome=_GENOME
    | {"n_chromosomes": 13, "n_test": 4, "genes_per_chromosome": 300, "chromosome_length": 2_500_000},
    regulation=Regulation(
        cell_type="sim", n_genes=200, n_donors=48, cells_per_donor=40, effect=1.0, noise=0.3, depth=8_000.0,
        batch=0.1, sizes=_SIZES,
    ),
    width=48, n_layers=3, n_heads=2, context=128,
    pretraining=MaskedTraining(steps=900, cells_at_once=16, learning_rate=5e-3),
    adapting=MaskedTraining(steps=200, cells_at_once=16, learning_rate=2e-3),
    cells_per_donor=2, detections=20, directions=8,
    held_out=MaskedTraining(steps=60, cells_at_once=16, learning_rate=1e-3),
)  # fmt: skip
# Small, because there are 200: 200 genes, 12 donors, k-mers in place of a trained run.
NONE = Sizing(
    genome=_GENOME
    | {"n_chromosomes": 3, "n_test": 1, "genes_per_chromosome": 100, "chromosome_length": 900_000},
    regulation=Regulation(
        cell_type="sim", n_genes=200, n_donors=12, cells_per_donor=20, regulates=False, depth=1_500.0,
        sizes=Sizes(direct=10, repressed=6, mediators=3, indirect=8, redundant=8, co_expressed=10),
    ),
    width=32, n_layers=3, n_heads=2, context=160,
    pretraining=MaskedTraining(steps=250, cells_at_once=8, learning_rate=5e-3),
    adapting=MaskedTraining(steps=60, cells_at_once=8, learning_rate=1e-3),
    cells_per_donor=2, detections=5, directions=20,
)  # fmt: skip
ENCODER = {
    "architecture": "caduceus",
    "length": LENGTH,
    "signals": [],
    "rna_features": [],
    "orientation": "gene",
    "settings": {"d_model": 24, "n_layer": 2, "center_len": LENGTH, "stem": {"kind": "conv", "size": 4}},
    "training": {
        "steps": 1_200,
        "batch_size": 32,
        "learning_rate": 4e-3,
        "betas": [0.9, 0.95],
        "weight_decay": 1e-4,
        "schedule": "cosine",
        "warmup_steps": 50,
        "warmup_from": 1e-5,
        "final_learning_rate": 1e-4,
        "gradient_clip": 1.0,
        "precision": "fp32",
        "validations_per_epoch": 1,
    },
}


class Task(NamedTuple):
    """One row of the table of worlds.

    arm: of `ARMS`, or no_regulation.
    seed: of the world, its genome and all trainings.
    """

    arm: str
    seed: int

    @property
    def sizing(self) -> Sizing:
        """Sizes, with the task's seed everywhere."""
        base = NONE if self.arm == NULL else SKILL
        genomes = "many" if self.arm == NULL else ARMS[self.arm].genomes
        return replace(
            base,
            genome={**base.genome, "seed": self.seed},
            regulation=replace(base.regulation, seed=self.seed, genomes=genomes),
            **{
                name: replace(getattr(base, name), seed=self.seed)
                for name in ("pretraining", "adapting", "held_out")
                if getattr(base, name) is not None
            },
        )

    @property
    def form(self) -> str:
        """residual or mlp."""
        return RESIDUAL if self.arm == NULL else ARMS[self.arm].form

    @property
    def single(self) -> bool:
        """Whether all donors have one genome."""
        return self.arm != NULL and ARMS[self.arm].genomes == ONE


def hash_of(task: Task) -> str:
    """What the numbers of a world depend on beside its arm and seed, 12 hex digits.

    task: the world.
    """
    told = asdict(task._replace(seed=0).sizing)
    return settings_hash({"sizing": canonical(told), "form": task.form, "encoder": ENCODER,
                          "NUMBERS_VERSION": NUMBERS_VERSION})[:12]  # fmt: skip


def tasks(seeds: int = SEEDS, nulls: int = NULL_WORLDS) -> Iterator[Task]:
    """Every world, in order: seed by seed, then those without regulation.

    seeds: how many.
    nulls: how many.
    """
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        for arm in ARMS:
            yield Task(arm, seed)
    for seed in range(FIRST_NULL, FIRST_NULL + nulls):
        yield Task(NULL, seed)

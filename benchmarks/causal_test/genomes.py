"""One simulated genome of a world, as it is and with one state drawn anew, ready to train on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.causal_test.protocol import LENGTH, SIMULATION
from prism.genome.dataset.windows import Windows
from prism.simulate.cells import draw_cell
from prism.simulate.counterfactual import STATES, redrawn
from prism.simulate.dataset import Bases, mrna_features, write_dataset
from prism.simulate.landscape import lay_out
from prism.simulate.settings import SAME, Settings

FACTUAL = "factual"


@dataclass(frozen=True)
class Genome:
    """A genome and its counterfactual twins.

    settings: of the simulation.
    files: factual, background, mark -> dataset file and genes table.
    truth: the same names -> every gene with its causes.
    """

    settings: Settings
    files: dict[str, tuple[Path, Path]]
    truth: dict[str, pd.DataFrame]

    def opened(self, signals: list[str] | None, rna_features: list[str]) -> dict[str, Windows]:
        """Readers of the factual and the counterfactual windows.

        signals: names; None for all.
        rna_features: groups of gene features.
        """
        return {
            name: Windows(path, genes, LENGTH, signals, rna_features, in_memory=True)
            for name, (path, genes) in self.files.items()
        }

    def test_genes(self, same: bool) -> np.ndarray:
        """Rows of the test genes: of the training's distribution, or shifted.

        same: whether of the training's.
        """
        truth = self.truth[FACTUAL]
        of_same = np.array([self.settings.distribution(chrom) == SAME for chrom in truth["chrom"]])
        return np.flatnonzero((truth["split"] == "test").to_numpy() & (of_same == same))


def make_genome(world: str, number: int, folder: Path) -> Genome:
    """Simulate a genome and its twins into a folder.

    world: a name of `prism.simulate.worlds.WORLDS`.
    number: of the genome, the seed of its random streams.
    folder: for the datasets.
    """
    settings = Settings.read({**SIMULATION, "world": world, "seed": number})
    landscape = lay_out(settings)
    bases = Bases(landscape)
    features = mrna_features(landscape, bases)
    factual = draw_cell(landscape, settings.cell_types[0])
    cells = {FACTUAL: factual} | {state: redrawn(landscape, factual, state) for state in STATES}
    files = {
        name: write_dataset(landscape, cell, bases, features, folder / name, LENGTH)
        for name, cell in cells.items()
    }
    return Genome(settings, files, {name: cell.truth for name, cell in cells.items()})

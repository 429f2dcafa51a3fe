"""Fixtures of the simulated cells: a small genome, and a world on it."""

from __future__ import annotations

import pytest

from prism.simulate.landscape import lay_out
from prism.simulate.regulation import Regulation, draw_world
from prism.simulate.settings import Settings


@pytest.fixture(scope="session")
def genome():
    """A genome of 240 genes."""
    given = {"seed": 3, "n_chromosomes": 4, "genes_per_chromosome": 60, "chromosome_length": 600_000}
    return lay_out(Settings.read(given))


@pytest.fixture(scope="session")
def world(genome):
    """A world of 200 genes and 480 cells."""
    return draw_world(Regulation(n_genes=200, n_donors=24), genome)

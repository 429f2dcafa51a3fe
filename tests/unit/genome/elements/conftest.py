"""Fixtures of the elements' tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from prism.genome.dataset.cut import cut
from prism.genome.elements import make
from tests.unit.genome.elements import peaks_genome


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The genome with peaks, its element file e.h5 and windows of 200 bp, w.h5."""
    folder = peaks_genome.write(tmp_path_factory.mktemp("elements"))
    make.make(out=folder / "e.h5", **peaks_genome.inputs(folder))
    cut(folder / "genes.tsv", folder / "genome.fa", 200, [], folder / "w.h5", cell_type="X", assembly="tiny")
    return folder

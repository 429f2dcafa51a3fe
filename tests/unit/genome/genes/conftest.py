"""Fixtures of the genes' tests."""

from __future__ import annotations

import pytest

from prism.genome.tracks.fasta import Genome
from tests.unit.genome.tiny_genome import write_genome


@pytest.fixture
def genome(tmp_path) -> Genome:
    """Two chromosomes of 200 bp."""
    return Genome(write_genome(tmp_path / "genome.fa", {"chr1": "ACGT" * 50, "chr2": "ACGT" * 50}))

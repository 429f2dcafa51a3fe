"""Fixtures of the simulation's tests: a small genome on disk, and its files opened."""

from __future__ import annotations

import pandas as pd
import pysam
import pytest

from prism.simulate import simulate


@pytest.fixture(scope="session")
def small() -> dict[str, float]:
    """Settings of the small genome."""
    return {
        "seed": 3,
        "n_chromosomes": 4,
        "genes_per_chromosome": 30,
        "chromosome_length": 500_017,
        "confounding": 1.0,
    }


@pytest.fixture(scope="session")
def folder(small, tmp_path_factory):
    """A small simulated genome on disk."""
    folder = tmp_path_factory.mktemp("simulated")
    simulate(small, folder)
    return folder


@pytest.fixture(scope="session")
def truth(folder):
    """Every gene of simA with its causes."""
    return pd.read_csv(folder / "simA" / "truth.tsv", sep="\t")


@pytest.fixture(scope="session")
def gtf(folder):
    """The annotation's lines, 0-based half-open, with gene_id taken from the attributes."""
    names = ["chrom", "source", "feature", "start", "end", "score", "strand", "frame", "attributes"]
    table = pd.read_csv(folder / "annotation.gtf.gz", sep="\t", comment="#", names=names)
    table["start"] -= 1
    table["gene_id"] = table["attributes"].str.extract(r'gene_id "([^"]+)"')
    return table


@pytest.fixture(scope="session")
def genome(folder):
    """The bgzipped FASTA, opened by its index."""
    with pysam.FastaFile(str(folder / "genome.fa.gz")) as fasta:
        yield fasta

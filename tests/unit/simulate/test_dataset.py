"""The dataset made straight from the simulation is the one that the workflow cuts from the simulated files."""

from __future__ import annotations

import numpy as np
import pytest

from prism.genome.dataset.cut import cut
from prism.genome.dataset.windows import Windows
from prism.genome.genes import table as gene_tables
from prism.genome.genes.activity import add_activity
from prism.genome.tracks.fasta import write_fasta
from prism.genome.tracks.signal_sources import Signal
from prism.simulate import Settings
from prism.simulate.cells import draw_cell
from prism.simulate.dataset import TRANSFORMS, Bases, mrna_features, write_dataset
from prism.simulate.landscape import lay_out


@pytest.fixture(scope="module")
def direct(small, tmp_path_factory):
    """Paths of the dataset and the genes table of simA, without the files between."""
    landscape = lay_out(Settings.read(small))
    bases = Bases(landscape)
    folder = tmp_path_factory.mktemp("direct")
    return write_dataset(
        landscape, draw_cell(landscape, "simA"), bases, mrna_features(landscape, bases), folder, 1_000
    )


def test_windows_are_those_cut_from_the_files(folder, direct, tmp_path):
    write_fasta(folder / "genome.fa.gz", tmp_path / "genome.fa")
    files = {"H3K27ac": "H3K27ac.bw", "DNase": "DNase.bw", "contacts": "contacts.cool"}
    kinds = {"contacts": "contacts"}
    signals = [
        Signal(name, kinds.get(name, "bigwig"), (folder / "simA" / file,), TRANSFORMS[name])
        for name, file in files.items()
    ]
    cut(
        direct[1], tmp_path / "genome.fa", 1_000, signals, tmp_path / "cut.h5",
        cell_type="simA", assembly="simulated",
    )  # fmt: skip
    ours, theirs = Windows(*direct), Windows(tmp_path / "cut.h5", direct[1])
    assert ours.signal_names == theirs.signal_names == list(files)
    rows = range(len(theirs))
    first, second = ours.batch(rows), theirs.batch(rows)
    np.testing.assert_array_equal(first.sequence, second.sequence)
    np.testing.assert_allclose(first.signals, second.signals, rtol=1e-5, atol=1e-6)


def test_genes_are_those_of_the_files(folder, direct, truth, tmp_path):
    table = gene_tables.read(direct[1]).frame
    np.testing.assert_allclose(table["expression"], truth["expression"], rtol=1e-12)
    lengths = dict.fromkeys(table["chrom"].unique(), 500_017)
    files = {name: [folder / "simA" / f"{name}.bw"] for name in ("H3K27ac", "DNase")}
    expected = add_activity(table.drop(columns="promoter_activity"), files, lengths)
    np.testing.assert_allclose(table["promoter_activity"], expected["promoter_activity"], rtol=1e-5)
    # a piece of n bases counts n - 1 (docs/rna_features.md)
    bases = np.log10(truth["cds_length"] - truth["coding_exons"] + 0.1)
    np.testing.assert_allclose(
        table["CDSLEN_log10zscore"], (bases - bases.mean()) / bases.std(ddof=0), atol=1e-9
    )

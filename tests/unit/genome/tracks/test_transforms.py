"""A signal's transform is one entry in a list, from the table of cell types to the axis of a figure."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import h5py
import numpy as np
import pytest

from docs_tools.document_config import document
from prism.drawing.footer import describe_source
from prism.drawing.windows_profile import profiles
from prism.genome.dataset.cut import cut
from prism.genome.genes import table as gene_table
from prism.genome.tracks import transforms
from prism.genome.tracks.bigwig import BigWigSignal
from prism.genome.tracks.signal_sources import parse_signals
from prism.genome.tracks.transforms import TRANSFORMS, Transform, named, of_source
from prism.quality.measure import measure
from tests.unit.genome import tiny_genome
from workflow_scripts.planning.tables.cell_types import read_cell_types


@pytest.fixture
def asinh(monkeypatch):
    """A new transform, by one entry."""
    entry = Transform("asinh", np.arcsinh, words="asinh(x)", is_log=True)
    monkeypatch.setitem(TRANSFORMS, "asinh", entry)


@pytest.fixture
def files(tmp_path):
    """A genome, genes with expression, and a track with negative values."""
    tiny_genome.write_genome(tmp_path / "genome.fa", tiny_genome.bases())
    track = {
        "chrA": [(0, 15_000, 3.0), (15_000, 15_200, -2.0), (16_000, 30_000, 50.0)],
        "chrB": [(0, 9_000, 1.0)],
    }
    tiny_genome.write_bigwig(tmp_path / "a.bw", track, tiny_genome.LENGTHS)
    tiny_genome.write_genes(tmp_path / "genes.tsv")
    return tmp_path


def windows_by_table(folder, transform):
    """The dataset of a row of the table of cell types, cut as the workflow cuts it."""
    table = folder / "cells.tsv"
    table.write_text(f"cell_type\tassembly\tDNase\tDNase_transform\nA\ttiny\t{folder}/a.bw\t{transform}\n")
    track = read_cell_types(table)["A"].signals["DNase"]
    described = [
        {"name": track.name, "kind": track.kind, "files": track.addresses, "transform": track.transform}
    ]
    signals = parse_signals(json.dumps(described))
    inputs = (folder / "genes.tsv", folder / "genome.fa", 400, signals, folder / "400.h5")
    cut(*inputs, cell_type="A", assembly="tiny")
    return folder / "400.h5"


def test_a_new_transform_works_from_the_table_to_the_figure(asinh, files):
    with h5py.File(windows_by_table(files, "asinh")) as windows:
        g4 = windows["genes/gene_id"].asstr()[:].tolist().index("g4")
        # the TSS is at 15,000: the window is [14,800, 15,200)
        expected = np.repeat([np.log(3 + np.sqrt(10)), -np.log(2 + np.sqrt(5))], 200)
        np.testing.assert_allclose(windows["signals/DNase"][g4], expected, rtol=1e-6)
        source = json.loads(windows.attrs["sources"])["DNase"]
        assert source["transform"] == "asinh"
        genes = gene_table.read(files / "genes.tsv")
        drawn = profiles(windows, genes.frame)
        numbers = measure(windows, genes)
    assert drawn["units"] == {"DNase": "asinh(x) of signal"}
    assert describe_source("DNase", source) == "DNase: output type not given, asinh"
    assert numbers["signals"]["DNase"]["transform"] == "asinh"
    assert "| `asinh` | asinh(x) |" in document()


def test_values_of_a_logarithmic_transform_are_not_logged_again(monkeypatch):
    from prism.quality import measure as measures

    values = np.array([-3.0, 0.0, 3.0])
    assert measures._logged(values, named("log1p", "").is_log) is values
    np.testing.assert_allclose(measures._logged(values, named("none", "").is_log), [-np.log(4), 0, np.log(4)])


def test_an_unknown_transform_is_refused_in_the_table_with_the_known_ones(files, asinh):
    with pytest.raises(ValueError, match=r"DNase_transform = 'sqrt' is not one of none, log1p, asinh"):
        windows_by_table(files, "sqrt")


def test_log1p_refuses_negative_values_and_none_and_asinh_do_not(files, asinh):
    starts = np.array([14_900])
    for name in ("none", "asinh"):
        assert (
            BigWigSignal("s", [files / "a.bw"], name, tiny_genome.LENGTHS).windows("chrA", starts, 200).min()
            < 0
        )
    with pytest.raises(ValueError, match=r"signal s: log1p of a negative value \(-2.0\) in chrA"):
        BigWigSignal("s", [files / "a.bw"], "log1p", tiny_genome.LENGTHS).windows("chrA", starts, 200)


def test_a_signal_is_pickled_with_its_transform_by_name(files, monkeypatch):
    entry = Transform("half", lambda values: values / 2, words="x / 2", is_log=False)  # cannot be pickled
    monkeypatch.setitem(TRANSFORMS, "half", entry)
    signal = pickle.loads(pickle.dumps(BigWigSignal("s", [files / "a.bw"], "half", tiny_genome.LENGTHS)))
    assert signal.windows("chrA", np.array([100]), 4).tolist() == [[1.5] * 4]


def test_a_function_that_moves_zero_is_refused():
    """A missing value and a base off the chromosome are 0 in a dataset, whatever the transform."""
    with pytest.raises(ValueError, match="transform exp: 0 becomes 1, but a missing value is 0"):
        Transform("exp", np.exp, words="exp(x)", is_log=False)


def test_a_record_without_transform_has_none():
    assert of_source({}) is of_source(None) is of_source({"transform": ""}) is transforms.NONE


def test_the_list_needs_nothing_heavy(root):
    code = (
        "import sys, prism.genome.tracks.transforms\n"
        "sys.exit(bool({'torch', 'h5py', 'numba', 'pyBigWig', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0

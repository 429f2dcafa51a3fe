"""Promoter activity on tiny bigWigs: means and geometric means worked out by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from prism.genome.genes.activity import add_activity
from tests.unit.genome.tiny_genome import write_bigwig

LENGTHS = {"chr1": 5000}
GENES = pd.DataFrame(
    {
        "gene_id": ["A", "B", "D"],
        "chrom": "chr1",
        "tss": [1000, 200, 7],
        "strand": [".", "-", "+"],
        "dropped": ["", "", "for a reason"],
    }
)


@pytest.fixture
def acetylation(tmp_path) -> str:
    # Window of A: [500, 1500). 100 positions of 40 -> mean 4; what lies outside does not count. B: [-300, 700): 0.
    return str(write_bigwig(tmp_path / "ac.bw", {"chr1": [(1400, 1500, 40), (1500, 1600, 1000)]}, LENGTHS))


@pytest.fixture
def accessibility(tmp_path) -> str:
    # A: 500 positions of 18 -> mean 9; B: [0, 100) of 10 -> 1000 / 1000 = 1, positions off the chromosome counting 0.
    return str(write_bigwig(tmp_path / "dnase.bw", {"chr1": [(0, 100, 10), (1000, 1500, 18)]}, LENGTHS))


def _activity(signals) -> list[float]:
    return add_activity(GENES, signals, LENGTHS)["promoter_activity"].tolist()


def test_two_signals_give_the_root_of_their_product(acetylation, accessibility):
    found = _activity({"H3K27ac": [acetylation], "DNase": [accessibility]})
    assert found[:2] == pytest.approx([6, 0])
    assert math.isnan(found[2])


def test_one_signal_is_its_mean(accessibility):
    assert _activity({"DNase": [accessibility]})[:2] == pytest.approx([9, 1])


def test_three_signals_give_the_cube_root(tmp_path, acetylation, accessibility):
    third = str(write_bigwig(tmp_path / "third.bw", {"chr1": [(0, 400, 3), (500, 1500, 6)]}, LENGTHS))
    assert _activity({"a": [acetylation], "b": [accessibility], "c": [third]})[0] == pytest.approx(6)


def test_replicates_are_averaged(tmp_path, accessibility):
    other = str(write_bigwig(tmp_path / "other.bw", {"chr1": [(500, 1500, 1)]}, LENGTHS))
    assert _activity({"DNase": [accessibility, other]})[:2] == pytest.approx([(9 + 1) / 2, 0.6])


def test_no_signal_is_no_column():
    assert "promoter_activity" not in add_activity(GENES.assign(promoter_activity=1.0), {}, LENGTHS)


def test_negative_mean_is_refused(tmp_path):
    path = str(write_bigwig(tmp_path / "ratio.bw", {"chr1": [(800, 900, -5), (900, 1000, 1)]}, LENGTHS))
    with pytest.raises(
        ValueError, match=r"signal DNase \(.*ratio\.bw\): A has mean -0\.4; a geometric mean needs"
    ):
        _activity({"DNase": [path]})


def test_constant_signal_is_refused(tmp_path):
    path = str(write_bigwig(tmp_path / "far.bw", {"chr1": [(4000, 4001, 1)]}, LENGTHS))
    with pytest.raises(ValueError, match=r"signal H3K27ac \(.*far\.bw\): 0 at every one of 2 genes"):
        _activity({"H3K27ac": [path]})

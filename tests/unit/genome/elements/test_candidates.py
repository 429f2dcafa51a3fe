"""Candidate elements of hand-made peaks: which they are, their features, the file."""

import math

import h5py
import numpy as np
import pybedtools
import pytest

from prism.genome.elements import make
from prism.genome.elements.candidates import FARTHEST, MOST, NEAREST, WIDTH, choose, made
from prism.genome.elements.peaks import Peaks, read_peaks
from prism.genome.genes.loci import read_loci
from prism.genome.tracks.sequence import decode
from tests.unit.genome.elements import peaks_genome
from tests.unit.genome.elements.peaks_genome import LENGTHS, LOCI, MAIN

FAR, MANY, END, GENE = range(4)
P = 0.0012291959  # the pseudocount


@pytest.fixture(scope="module")
def file(folder):
    with h5py.File(folder / "e.h5") as opened:
        yield opened


def row(file, name, gene):
    return file[f"elements/{name}"][gene, : file["elements/count"][gene]].tolist()


def test_the_elements_of_a_gene_by_hand(file):
    found = list(
        zip(row(file, "start", GENE), row(file, "end", GENE), row(file, "distance", GENE), strict=True)
    )
    assert found == MAIN
    assert (NEAREST, FARTHEST, WIDTH, MOST) == (1_000, 100_000, 2_000, 60)


def test_the_nearest_sixty_the_first_of_equals_first(file):
    assert file["elements/count"][:].tolist() == [0, 60, 1, 10]
    assert row(file, "distance", MANY) == [1_500 * step for step in range(1, 31) for side in (-1, 1)]
    assert row(file, "start", MANY)[:4] == [98_450, 101_450, 96_950, 102_950]


def test_contact_is_before_the_logarithm_and_0_without_a_usable_row(file):
    expected = [P] * 10
    expected[1], expected[8] = 3 + P, 2 + P
    assert row(file, "contact", GENE) == pytest.approx(expected, rel=1e-5)
    assert row(file, "contact", MANY) == [0.0] * 60
    # The centre of the peak over the end, 5,000, is in a bin beyond the chromosome.
    assert row(file, "contact", END) == [0.0]


def test_activity_is_the_root_of_the_product_of_means(file):
    expected = [0.0] * 10
    expected[8] = math.sqrt(2 * 8)
    assert row(file, "activity", GENE) == pytest.approx(expected)
    # [4,900, 5,100): 100 positions of 18 and 50 of 32, the 100 off the chromosome counting 0: sqrt(9 * 8).
    assert row(file, "activity", END) == pytest.approx([math.sqrt(72)])


def test_padding_is_0_and_types_are_those_of_the_contract(file):
    for name, kind in (
        ("start", "i8"),
        ("end", "i8"),
        ("distance", "f4"),
        ("contact", "f4"),
        ("activity", "f4"),
    ):
        values = file[f"elements/{name}"]
        assert (values.shape, values.dtype) == ((4, 60), np.dtype(kind))
        assert not values[FAR].any()
        assert not values[GENE, 10:].any()


def test_shared_elements_are_stored_once_with_the_centre_in_the_middle(file):
    unique = {name: file[f"elements/unique/{name}"][:] for name in ("start", "end", "sequence")}
    assert unique["sequence"].shape == (60 + 1 + 10, 2000)
    index = row(file, "index", GENE)
    assert unique["start"][index].tolist() == [start for start, _, _ in MAIN]
    bases = {name: text.upper() for name, text in peaks_genome.bases().items()}
    odd = decode(unique["sequence"][index[3]])  # 101 bp: 50 before the centre
    assert odd == "N" * 950 + bases["chrA"][175_000:175_101] + "N" * 949
    assert decode(unique["sequence"][index[8]]) == bases["chrA"][202_000:204_000]
    over = decode(unique["sequence"][row(file, "index", END)[0]])
    assert over == "N" * 900 + bases["chrC"][4_900:5_000] + "N" * 1_000


def test_blocks_do_not_change_the_content(folder, file, tmp_path, monkeypatch):
    monkeypatch.setattr(make, "_ROWS_AT_ONCE", 7)
    again = make.make(out=tmp_path / "e.h5", **peaks_genome.inputs(folder))
    assert again == file.attrs["content_hash"]
    inputs = peaks_genome.inputs(folder)
    for change in ({"contacts": None}, {"activity": None}, {"blacklist": None}):
        assert make.make(out=tmp_path / "e.h5", **(inputs | change)) != again


def test_without_contacts_and_signals_the_features_are_0(folder, tmp_path):
    inputs = peaks_genome.inputs(folder) | {"contacts": None, "activity": None}
    make.make(out=tmp_path / "e.h5", **inputs)
    with h5py.File(tmp_path / "e.h5") as opened:
        assert row(opened, "contact", GENE) == row(opened, "activity", GENE) == [0.0] * 10


def test_bed_without_summits(folder, tmp_path):
    (tmp_path / "p.bed").write_text("A\t120000\t125000\nA\t124000\t126000\n")
    loci = read_loci(folder / "genes.tsv", LENGTHS)
    elements = choose(loci, tmp_path / "p.bed").elements
    # Cut to [121,500, 123,500) first, so the two no longer overlap.
    assert list(zip(elements.start, elements.end, strict=True)) == [(121_500, 123_500), (124_000, 126_000)]


def test_merging_agrees_with_bedtools(tmp_path):
    draw = np.random.default_rng(5)
    start = np.sort(draw.integers(0, 40_000, 400))
    end = start + draw.integers(20, 120, 400)
    none = np.full(400, -1)
    elements = made(Peaks(start, end, none, np.zeros((400, 2))), "chrA")
    rows = "".join(f"chrA\t{low}\t{high}\n" for low, high in zip(start, end, strict=True))
    merged = pybedtools.BedTool(rows, from_string=True).merge(d=-1)
    expected = [(each.start, each.end) for each in merged]
    assert len(expected) < 250
    assert max(high - low for low, high in expected) <= WIDTH
    assert list(zip(elements.start, elements.end, strict=True)) == expected


def test_bad_peaks_are_refused(folder, tmp_path):
    bad = tmp_path / "p.narrowPeak"
    bad.write_text("chrA\t100\t200\tp\t0\t.\t1\t-1\t-1\t100\n")
    with pytest.raises(ValueError, match=r"p\.narrowPeak.*chrA:100: a summit 100 bp into a peak of 100 bp"):
        read_peaks(bad, LENGTHS)
    bad.write_text("chrA\t149900\t150100\n")
    with pytest.raises(
        ValueError, match=r"p\.narrowPeak: no gene has a peak more than 1000 and at most 100000"
    ):
        choose(read_loci(folder / "genes.tsv", LENGTHS), bad)
    assert [name for name, *_ in LOCI][GENE] == "main"

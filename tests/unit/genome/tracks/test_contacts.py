"""Contacts of windows on tiny maps worked out by hand, in every format and normalisation."""

import math
import pickle

import cooler
import hictkpy
import numpy as np
import pytest

from prism.genome.tracks.contacts import PSEUDOCOUNT, ContactMap, n_bins, pseudocount
from tests.unit.genome.tiny_genome import write_cool

LENGTHS = {"chr1": 38_000}  # bins 0..7, the last one short
PIXELS = [(2, 2, 10), (2, 3, 4), (1, 2, 2), (0, 2, 1), (3, 6, 5), (7, 7, 3)]
P = 0.0012291959  # exp(5.3181 - 0.87 * 13.8155116) = exp(-6.7) * exp(-0.0013951), worked out by hand


def feature(*contacts: float) -> list[float]:
    return [math.log10(contact + P + 1) for contact in contacts]


@pytest.fixture
def raw(tmp_path):
    return write_cool(tmp_path / "raw.cool", LENGTHS, PIXELS)


def windows(path, tss, length, **settings):
    contacts = ContactMap("HiC", path, LENGTHS, **settings)
    return contacts.windows("chr1", np.atleast_1d(tss), length)


def test_the_pseudocount_is_that_of_one_megabase():
    assert pytest.approx(P, rel=1e-5) == PSEUDOCOUNT
    assert pseudocount(0) == pytest.approx(math.exp(5.3181))


def test_hand_computed_row_of_raw_contacts(raw):
    # tss 12,500 is in bin 2; the window [2,500, 22,500) starts in bin 0 and has room for 20,000 // 5,000 + 2 bins.
    assert n_bins(20_000) == 6
    values = windows(raw, 12_500, 20_000)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, [feature(1, 2, 10, 4, 0, 0)], rtol=1e-5)


def test_the_lower_triangle_is_the_mirror(raw):
    # Bin 3 with itself is missing; [19,500, 20,500) would need it, but half of the positions lie in no other bin.
    np.testing.assert_allclose(windows(raw, 15_400, 10_000), [feature(4, 0, 0, 0)], rtol=1e-5)


def test_bins_off_the_chromosome_are_zero(raw):
    # tss 36,000 in bin 7 (35,000-38,000): the window [26,000, 46,000) covers bins 5..10, of which 8..10 are off.
    np.testing.assert_allclose(windows(raw, 36_000, 20_000), [[*feature(0, 0, 3), 0, 0, 0]], rtol=1e-5)
    # tss 10,100 in bin 2: the window [-9,900, 30,100) covers bins -2..7.
    np.testing.assert_allclose(
        windows(raw, 10_100, 40_000), [[0, 0, *feature(1, 2, 10, 4, 0, 0, 0, 0)]], rtol=1e-5
    )


def test_a_gene_without_contacts_near_its_tss_is_zero_everywhere(raw):
    # Bin 6 has contacts with bin 3 but none within 500 positions of the TSS.
    assert windows(raw, 32_000, 38_000).tolist() == [[0.0] * n_bins(38_000)]


@pytest.mark.parametrize(("contact", "usable"), [(1.9e-5, False), (2.1e-5, True)])
def test_the_threshold_counts_positions_before_the_pseudocount(tmp_path, contact, usable):
    # tss 15,000 opens bin 3: 500 of the 1,000 positions lie in bin 2, so 500 * contact stands against 0.01.
    weights = [1, 1, contact, 1, 1, 1, 1, 1]
    path = write_cool(tmp_path / "w.cool", LENGTHS, [(2, 3, 1)], columns={"weight": weights})
    expected = feature(contact, 0, 0, 0) if usable else [0, 0, 0, 0]  # bins 2..5
    np.testing.assert_allclose(windows(path, 15_000, 10_000)[0], expected, rtol=1e-5)


def test_weights_multiply_and_masked_bins_are_missing(tmp_path):
    weights = [1, 0.5, 2, 4, 1, 1, 1, 1]
    path = write_cool(tmp_path / "w.cool", LENGTHS, PIXELS, columns={"weight": weights})
    np.testing.assert_allclose(windows(path, 12_500, 20_000), [feature(2, 2, 40, 32, 0, 0)], rtol=1e-5)
    weights[3] = math.nan
    path = write_cool(tmp_path / "m.cool", LENGTHS, PIXELS, columns={"weight": weights})
    np.testing.assert_allclose(windows(path, 12_500, 20_000), [feature(2, 2, 40, 0, 0, 0)], rtol=1e-5)


def test_vc_divides_and_is_preferred(tmp_path):
    columns = {"weight": [1.0] * 8, "VC": [1, 0.5, 2, 4, 1, 1, 1, 1]}
    path = write_cool(tmp_path / "vc.cool", LENGTHS, PIXELS, columns=columns)
    np.testing.assert_allclose(windows(path, 12_500, 20_000), [feature(0.5, 2, 2.5, 0.5, 0, 0)], rtol=1e-5)
    assert ContactMap("HiC", path, LENGTHS).normalisation == "VC"


def test_the_normalisation_is_told(tmp_path, raw):
    weighted = write_cool(tmp_path / "w.cool", LENGTHS, PIXELS, columns={"weight": [1.0] * 8})
    assert ContactMap("HiC", raw, LENGTHS).normalisation == "none"
    assert ContactMap("HiC", weighted, LENGTHS).normalisation == "weight"


def test_hic_files_read_as_cool_files_do(tmp_path, raw):
    path = tmp_path / "map.hic"
    writer = hictkpy.hic.FileWriter(path, LENGTHS, 5000, tmpdir=tmp_path)
    first, second, count = zip(*sorted(PIXELS), strict=True)
    writer.add_pixels_from_dict({"bin1_id": first, "bin2_id": second, "count": count})
    writer.finalize()
    tss = np.array([12_500, 36_000, 500])
    assert np.array_equal(windows(path, tss, 20_000), windows(raw, tss, 20_000))
    with pytest.raises(
        ValueError, match=r"map\.hic: no contacts at 1000 bp; the resolutions there are 5000 bp"
    ):
        windows(path, 500, 2000, resolution=1000)


def test_mcool_files_read_their_resolution_or_name_those_there(tmp_path, raw):
    path = tmp_path / "map.mcool"
    cooler.zoomify_cooler(str(raw), str(path), [5000, 10_000], chunksize=1000)
    assert np.array_equal(windows(path, 12_500, 20_000), windows(raw, 12_500, 20_000))
    # 10 kb bins: [0, 1] hold the pixels (0,2) 1 and (1,2) 2; [1, 1] (2,2) 10 and (2,3) 4; [1, 3] (3,6) 5.
    coarse = windows(path, 12_500, 20_000, resolution=10_000)
    np.testing.assert_allclose(coarse, [feature(3, 14, 0, 5)], rtol=1e-5)
    with pytest.raises(ValueError, match=r"at 2000 bp; the resolutions there are 5000, 10000 bp"):
        windows(path, 12_500, 20_000, resolution=2000)
    with pytest.raises(
        ValueError, match=r"raw\.cool: no contacts at 1000 bp; the resolutions there are 5000 bp"
    ):
        windows(raw, 12_500, 20_000, resolution=1000)


def test_many_genes_at_once_equal_each_alone(tmp_path):
    draw = np.random.default_rng(0)
    lengths = {
        "chr0": 7_000,
        "chr1": 4_003_000,
    }  # hictk needs an offset: the genes are on the second chromosome
    last = 2 + 4_003_000 // 5000 + 1
    pairs = {(i, min(i + int(step), last - 1)) for i in range(2, last) for step in draw.integers(0, 40, 12)}
    pairs |= {(i, i) for i in range(2, last) if i % 4}  # every fourth bin may lack what makes a gene usable
    path = write_cool(
        tmp_path / "big.cool", lengths, [(i, j, int(draw.integers(1, 90))) for i, j in sorted(pairs)]
    )
    contacts = pickle.loads(pickle.dumps(ContactMap("HiC", path, lengths)))
    tss = draw.integers(0, 4_003_000, 200)
    together = contacts.windows("chr1", tss, 100_000)
    alone = np.vstack([contacts.windows("chr1", tss[[i]], 100_000) for i in range(len(tss))])
    assert np.array_equal(together, alone)
    matrix = cooler.Cooler(str(path)).matrix(balance=False).fetch("chr1").astype(float)
    start = tss - 50_000
    for gene in np.flatnonzero(together.any(axis=1)):
        bins = start[gene] // 5000 + np.arange(n_bins(100_000))
        there = (bins >= 0) & (bins < len(matrix))
        row = matrix[tss[gene] // 5000, bins[there]]
        np.testing.assert_allclose(together[gene, there], np.log10(row + P + 1), rtol=1e-5)
    assert 100 < together.any(axis=1).sum() < 200


def test_bad_files_are_refused(tmp_path, raw):
    (tmp_path / "page.hic").write_bytes(b"<html>denied</html>")
    with pytest.raises(
        ValueError, match=r"page\.hic: not a \.hic, \.mcool or \.cool file \(it starts with b'<html>"
    ):
        windows(tmp_path / "page.hic", 500, 2000)
    with pytest.raises(ValueError, match=r"gone\.cool: no such contact file"):
        windows(tmp_path / "gone.cool", 500, 2000)
    with pytest.raises(ValueError, match=r"chromosome chr1 has 38000 bp there, 40000 bp in the genome"):
        ContactMap("HiC", raw, {"chr1": 40_000})
    content = raw.read_bytes()
    (tmp_path / "cut.cool").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"cut\.cool"):
        windows(tmp_path / "cut.cool", 500, 2000)

"""Masks of BED and narrowPeak intervals, base by base."""

import gzip

import numpy as np
import pytest

from prism.genome.tracks.intervals import Intervals

LENGTHS = {"chr1": 20, "chr2": 9}


@pytest.fixture
def bed(tmp_path):
    path = tmp_path / "a.bed"
    # Out of order, overlapping (3-6 and 5-8), adjacent (8-9), and one on a chromosome that no gene needs.
    path.write_text("chr1\t12\t14\tx\nchr1\t5\t8\ty\nchr1\t3\t6\tz\nchr1\t8\t9\tv\nchr9\t0\t5\tw\n")
    return path


@pytest.mark.parametrize(
    ("start", "mask"),
    [
        (0, "0001111110"),
        (2, "0111111000"),
        (8, "1000110000"),
        (-3, "0000001111"),
        (14, "0000000000"),
        (18, "0000000000"),
    ],
)
def test_masks_of_ten_bases(bed, start, mask):
    windows = Intervals(bed, LENGTHS).windows("chr1", np.array([start]), 10)
    assert windows.dtype == bool
    assert "".join("01"[value] for value in windows[0].astype(int)) == mask


def test_a_chromosome_without_interval_has_an_empty_mask(bed):
    assert not Intervals(bed, LENGTHS).windows("chr2", np.array([0, 3]), 4).any()


def test_compressed_narrowpeak_without_prefix(tmp_path):
    path = tmp_path / "p.narrowPeak.gz"
    path.write_bytes(gzip.compress(b"1\t2\t4\tpeak\t100\t.\t3.5\t9.1\t7\t1\n"))
    mask = Intervals(path, LENGTHS).windows("chr1", np.array([1]), 4)
    assert mask.tolist() == [[False, True, True, False]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no interval"),
        ("chr1\t2\t4\nchr1\tfive\t9\n", "start 'five' is not a position"),
        ("<html>not found</html>\n", "not a BED or narrowPeak file"),
        ("I\t2\t4\n", "no chromosome chr1, chr2; it has I"),
        ("chr1\t25\t30\n", "an interval begins at 25 of chr1, which has 20 bp"),
    ],
)
def test_bad_files_are_refused(tmp_path, content, message):
    path = tmp_path / "bad.bed"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"bad\.bed(, line \d)?: {message}"):
        Intervals(path, LENGTHS)


def test_a_missing_file_and_a_missing_bedtools_are_named(tmp_path, bed, monkeypatch):
    with pytest.raises(ValueError, match=r"gone\.bed: no such interval file"):
        Intervals(tmp_path / "gone.bed", LENGTHS)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="bedtools is not on PATH"):
        Intervals(bed, LENGTHS)

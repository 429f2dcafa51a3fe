"""bigWig signals: windows of tiny tracks by hand, replicates, transforms, and what is refused."""

import json
import logging
import pickle
from pathlib import Path

import numpy as np
import pyBigWig
import pytest

from prism.genome.tracks.bigwig import BigWigSignal, open_bigwig, overlapping
from tests.unit.genome.tiny_genome import LENGTHS, random_track, write_bigwig

EIGHT = {"chr1": 8}


@pytest.fixture
def first(tmp_path):
    return write_bigwig(tmp_path / "a.bw", {"chr1": [(1, 3, 2.0), (5, 6, 4.0), (7, 8, 1.0)]}, EIGHT)


@pytest.fixture
def second(tmp_path):
    return write_bigwig(tmp_path / "b.bw", {"chr1": [(0, 2, 6.0)]}, EIGHT)


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (0, 8, [0, 2, 2, 0, 0, 4, 0, 1]),
        (-2, 4, [0, 0, 0, 2]),
        (6, 4, [0, 1, 0, 0]),
        (-2, 12, [0, 0, 0, 2, 2, 0, 0, 4, 0, 1, 0, 0]),
        (-9, 2, [0, 0]),
        (8, 2, [0, 0]),
    ],
)
def test_missing_and_off_chromosome_are_zero(first, start, length, expected):
    windows = BigWigSignal("s", [first], "none", EIGHT).windows("chr1", np.array([start]), length)
    assert windows.dtype == np.float32
    assert windows.tolist() == [expected]


def test_replicates_are_averaged_before_the_transform(first, second):
    signal = BigWigSignal("s", [first, second], "none", EIGHT)
    mean = [3, 4, 1, 0, 0, 2, 0, 0.5]  # a value that one file lacks counts as 0
    assert signal.windows("chr1", np.array([0]), 8).tolist() == [mean]
    logged = BigWigSignal("s", [first, second], "log1p", EIGHT).windows("chr1", np.array([-2]), 10)
    np.testing.assert_allclose(logged[0], [0, 0, *np.log1p(mean)], rtol=1e-6)


@pytest.mark.parametrize("length", [2, 300, 5000])
def test_every_value_agrees_with_pybigwig(tmp_path, length):
    path = write_bigwig(tmp_path / "t.bw", random_track(3), LENGTHS)
    signal = pickle.loads(pickle.dumps(BigWigSignal("s", [path], "none", LENGTHS)))
    starts = np.random.default_rng(0).integers(-length, LENGTHS["chrA"], 60)
    windows = signal.windows("chrA", starts, length)
    with pyBigWig.open(str(path)) as handle:
        whole = np.nan_to_num(handle.values("chrA", 0, LENGTHS["chrA"], numpy=True))
    padded = np.pad(whole, length)
    for start, window in zip(starts, windows, strict=True):
        assert np.array_equal(window, padded[start + length : start + 2 * length])


def test_overlapping_windows_share_a_region():
    regions = [
        (low, high, rows.tolist()) for low, high, rows in overlapping(np.array([50, 0, 9, 60, 18]), 10)
    ]
    assert regions == [(0, 28, [1, 2, 4]), (50, 60, [0]), (60, 70, [3])]


@pytest.mark.parametrize(
    ("gap", "most", "expected"),
    [
        (22, 70, [(0, 28, [1, 2, 4]), (50, 70, [0, 3])]),  # 22 bp from 28 to 50: not less than the gap
        (23, 70, [(0, 70, [1, 2, 4, 0, 3])]),
        (23, 69, [(0, 60, [1, 2, 4, 0]), (60, 70, [3])]),
        (23, 5, [(0, 28, [1, 2, 4]), (50, 60, [0]), (60, 70, [3])]),  # windows that overlap always share
    ],
)
def test_near_windows_share_a_region_up_to_a_length(gap, most, expected):
    regions = overlapping(np.array([50, 0, 9, 60, 18]), 10, gap, most)
    assert [(low, high, rows.tolist()) for low, high, rows in regions] == expected


def test_what_lies_between_windows_is_not_judged(tmp_path):
    track = {"chr1": [(0, 1, 2.0), (2, 3, np.inf), (3, 4, -1.0), (5, 6, 3.0)]}
    signal = BigWigSignal("s", [write_bigwig(tmp_path / "a.bw", track, EIGHT)], "log1p", EIGHT)
    windows = signal.windows("chr1", np.array([4, -4, 0]), 2)
    np.testing.assert_allclose(windows, np.log1p([[0, 3], [0, 0], [2, 0]]), rtol=1e-6)
    with pytest.raises(ValueError, match="infinite"):
        signal.windows("chr1", np.array([4, 1]), 2)


def test_names_without_prefix_are_resolved_once(tmp_path, caplog):
    path = write_bigwig(tmp_path / "a.bw", {"1": [(1, 2, 5.0)]}, {"1": 8})
    with caplog.at_level(logging.INFO):
        windows = BigWigSignal("s", [path], "none", EIGHT).windows("chr1", np.array([0, 2]), 4)
    assert windows.tolist() == [[0, 5, 0, 0], [0, 0, 0, 0]]
    assert len(caplog.records) == 1


def test_files_that_are_no_bigwig_name_the_path_and_the_first_bytes(tmp_path):
    (tmp_path / "page.bw").write_bytes(b"<html>not found</html>")
    with pytest.raises(ValueError, match=r"page\.bw: not a bigWig file \(it starts with b'<html>"):
        open_bigwig(tmp_path / "page.bw")
    with pytest.raises(ValueError, match=r"gone\.bw: no such bigWig"):
        open_bigwig(tmp_path / "gone.bw")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, share):
    path = write_bigwig(tmp_path / "t.bw", random_track(3), LENGTHS)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ValueError, match=r"t\.bw: a truncated bigWig file"):
        BigWigSignal("s", [path], "none", LENGTHS)


@pytest.mark.parametrize(
    ("manifest", "taken"),
    [
        ({"md5_vouched_by": "table", "size": 0}, True),
        ({"md5_vouched_by": None, "size": 0}, False),
        ({"md5_vouched_by": "table", "size": 4}, False),
        ([], False),
    ],
)
def test_a_file_without_end_mark_is_taken_where_a_checksum_vouches(tmp_path, manifest, taken):
    """The manifest's size is given relative to the file's."""
    path = write_bigwig(tmp_path / "t.bw", {"chr1": [(1, 2, 5.0)]}, EIGHT)
    path = Path(path)
    path.write_bytes(path.read_bytes()[:-4])
    if manifest:
        manifest = manifest | {"size": path.stat().st_size + manifest["size"]}
    Path(f"{path}.json").write_text(json.dumps(manifest))
    if taken:
        windows = BigWigSignal("s", [path], "none", EIGHT).windows("chr1", np.array([0]), 4)
        assert windows.tolist() == [[0, 5, 0, 0]]
    else:
        with pytest.raises(ValueError, match=r"end mark missing.*give its md5 or sha256"):
            open_bigwig(path)


def test_another_assembly_is_refused_with_both_lengths(first):
    with pytest.raises(ValueError, match=r"a\.bw: chromosome chr1 has 8 bp there, 9 bp in the genome"):
        BigWigSignal("s", [first], "none", {"chr1": 9})


def test_a_missing_chromosome_is_refused(first):
    with pytest.raises(ValueError, match=r"a\.bw: no chromosome chr2"):
        BigWigSignal("s", [first], "none", {"chr1": 8, "chr2": 5})


def test_negative_values_have_no_log1p(tmp_path):
    path = write_bigwig(tmp_path / "minus.bw", {"chr1": [(1, 2, -5.0)]}, EIGHT)
    assert BigWigSignal("s", [path], "none", EIGHT).windows("chr1", np.array([0]), 2).tolist() == [[0, -5]]
    with pytest.raises(ValueError, match=r"signal s: log1p of a negative value \(-5.0\)"):
        BigWigSignal("s", [path], "log1p", EIGHT).windows("chr1", np.array([0]), 2)


def test_infinite_values_are_refused(tmp_path):
    path = write_bigwig(tmp_path / "inf.bw", {"chr1": [(1, 2, np.inf)]}, EIGHT)
    with pytest.raises(ValueError, match="signal s: an infinite value in chr1:0-4"):
        BigWigSignal("s", [path], "none", EIGHT).windows("chr1", np.array([0]), 4)


def test_an_unknown_transform_is_refused(first):
    with pytest.raises(ValueError, match="signal s: transform 'sqrt' is not one of none, log1p"):
        BigWigSignal("s", [first], "sqrt", EIGHT)

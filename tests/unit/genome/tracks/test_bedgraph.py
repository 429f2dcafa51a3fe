"""A bigWig as bedGraph in multiples of its mean, worked out by hand, and peaks called from it where macs3 is there."""

import shutil
import subprocess
import tracemalloc

import pytest

from prism.genome.elements.peaks import read_peaks
from prism.genome.tracks.bedgraph import write_bedgraph
from tests.unit.genome.tiny_genome import write_bigwig

LENGTHS = {"chr1": 100, "chr2": 60, "chrEmpty": 1000}


def lines(path):
    return [tuple(line.split("\t")) for line in path.read_text().splitlines()]


@pytest.fixture
def track(tmp_path):
    # 10 * 8 + 20 * 4 = 160 over the 160 bp of the chromosomes with values: the mean is 1.
    return write_bigwig(tmp_path / "a.bw", {"chr1": [(30, 40, 8)], "chr2": [(0, 20, 4)]}, LENGTHS)


def test_every_base_is_there_and_empty_chromosomes_are_not(track, tmp_path):
    assert write_bedgraph([track], tmp_path / "a.bdg") == 1
    assert lines(tmp_path / "a.bdg") == [
        ("chr1", "0", "30", "0.0"), ("chr1", "30", "40", "8.0"), ("chr1", "40", "100", "0.0"),
        ("chr2", "0", "20", "4.0"), ("chr2", "20", "60", "0.0"),
    ]  # fmt: skip


def test_replicates_are_averaged_and_values_are_multiples_of_the_mean(track, tmp_path):
    other = write_bigwig(tmp_path / "b.bw", {"chr1": [(30, 40, 16)]}, LENGTHS)
    # (160 + 160) / 2 over 160 bp: 1 again; at 30-40 (8 + 16) / 2.
    assert write_bedgraph([track, other], tmp_path / "a.bdg") == 1
    assert [line[3] for line in lines(tmp_path / "a.bdg")] == ["0.0", "12.0", "0.0", "2.0", "0.0"]
    three = write_bigwig(tmp_path / "c.bw", {"chr1": [(30, 40, 24)], "chr2": [(0, 20, 12)]}, LENGTHS)
    assert write_bedgraph([three], tmp_path / "c.bdg") == 3
    assert [line[3] for line in lines(tmp_path / "c.bdg")] == ["0.0", "8.0", "0.0", "4.0", "0.0"]


def test_blocks_only_split_runs(track, tmp_path):
    write_bedgraph([track], tmp_path / "a.bdg", block=35)
    assert lines(tmp_path / "a.bdg")[:4] == [
        ("chr1", "0", "30", "0.0"), ("chr1", "30", "35", "8.0"), ("chr1", "35", "40", "8.0"),
        ("chr1", "40", "70", "0.0"),
    ]  # fmt: skip


def test_memory_is_that_of_a_block(tmp_path):
    lengths = {"chr1": 20_000_000}  # 80 MB of values
    path = write_bigwig(tmp_path / "a.bw", {"chr1": [(5_000_000, 5_001_000, 3)]}, lengths)
    tracemalloc.start()
    try:
        write_bedgraph([path], tmp_path / "a.bdg", block=100_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5e6
    assert [line[1:3] for line in lines(tmp_path / "a.bdg") if line[3] != "0.0"] == [("5000000", "5001000")]


def test_a_signal_without_a_mean_is_refused(tmp_path):
    ratio = write_bigwig(tmp_path / "ratio.bw", {"chr1": [(0, 10, -1)]}, LENGTHS)
    with pytest.raises(ValueError, match=r"ratio\.bw: mean -0\.1; peaks are called in multiples of the mean"):
        write_bedgraph([ratio], tmp_path / "a.bdg")
    assert not (tmp_path / "a.bdg").exists()


def test_macs3_calls_the_peaks_that_the_bedgraph_holds(tmp_path):
    if shutil.which("macs3") is None:
        pytest.skip("macs3 is not on PATH")
    lengths = {"chr1": 100_000}
    # 10,000-10,200 and, 50 bp on, 10,250-10,400 are one peak (gap 75); 20,000-20,100 is too short.
    values = [(10_000, 10_200, 20), (10_250, 10_400, 30), (20_000, 20_100, 50), (50_000, 50_300, 1)]
    path = write_bigwig(tmp_path / "a.bw", {"chr1": [(0, 10, 1), *values]}, lengths)
    write_bedgraph([path], tmp_path / "a.bdg")
    options = ["--cutoff", "5", "--min-length", "150", "--max-gap", "75", "--no-trackline"]
    command = ["macs3", "bdgpeakcall", "--ifile", "a.bdg", *options, "--ofile", "a.narrowPeak"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    peaks = read_peaks(tmp_path / "a.narrowPeak", lengths)["chr1"]
    # The mean is 13,810 / 100,000, so 1 is 7.2 times the mean and a peak too.
    assert list(zip(peaks.start.tolist(), peaks.end.tolist(), strict=True)) == [
        (10_000, 10_400),
        (50_000, 50_300),
    ]
    assert 10_250 <= peaks.summit[0] < 10_400

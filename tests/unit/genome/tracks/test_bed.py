"""Interval files as R, spreadsheets and browsers write them: the right positions, or an error that names the line."""

from __future__ import annotations

import numpy as np
import pytest

from prism.genome.elements.peaks import NO_SUMMIT, read_peaks
from prism.genome.tracks.bed import read_bed
from prism.genome.tracks.intervals import Intervals

LENGTHS = {"chr1": 200_000}


@pytest.fixture
def bed(tmp_path):
    """`bed(text)`: the path of a file of that text."""

    def write(text: str):
        path = tmp_path / "a.bed"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ("line", "start", "end"),
    [
        ("chr1\t1e+05\t100600", 100_000, 100_600),
        ("chr1\t1E5\t1.006e+05", 100_000, 100_600),
        ("chr1\t100000.0\t100600.0", 100_000, 100_600),
        ("chr1 100000 100600", 100_000, 100_600),
        ("chr1\t 100000\t100600 \r", 100_000, 100_600),
        ("chr1\t0\t1\tname with blanks\t.\t.", 0, 1),
    ],
)
def test_positions(bed, line, start, end):
    (found,) = read_bed(bed(f"# made by R\ntrack name=peaks\nbrowser position chr1\n\n{line}\n"))
    assert (found.chrom, found.start, found.end, found.number) == ("chr1", start, end, 5)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr1\t-5\t10", "line 2: start '-5' is not a position"),
        ("chr1\t1.5\t10", "line 2: start '1.5' is not a position"),
        ("chr1\t1\tNA", "line 2: end 'NA' is not a position"),
        ("chr1\t1\t1e-3", "line 2: end '1e-3' is not a position"),
        ("chr1\t10\t5", "line 2: the end 5 is before the start 10"),
        ("chr 1\t1\t5", "line 2: the chromosome 'chr 1' holds a blank"),
        ("chr1\t10", "line 2: not a BED or narrowPeak file: .* a line has chromosome, start, end"),
        ("\t10\t20", "line 2: not a BED"),
        ("chr1\t1,000\t2,000", "line 2: start '1,000' is not a position"),
        ("chr1\t0x10\t20", "line 2: start '0x10' is not a position"),
    ],
)
def test_every_line_is_checked(bed, line, message):
    path = bed(f"chr1\t3\t6\n{line}\n")
    with pytest.raises(ValueError, match=message):
        list(read_bed(path))
    with pytest.raises(ValueError, match=message):
        Intervals(path, LENGTHS)


def test_scientific_notation_masks_the_interval_and_not_what_is_before_it(bed):
    mask = Intervals(bed("chr1\t10\t20\nchr1\t1e+05\t100600\n"), LENGTHS).windows(
        "chr1", np.array([0]), 200_000
    )
    assert mask.sum() == 610
    assert mask[0, 100_000:100_600].all()


def test_an_interval_without_a_base_masks_nothing(bed):
    path = bed("chr1\t10\t10\nchr1\t20\t22\n")
    assert Intervals(path, LENGTHS).windows("chr1", np.array([0]), 40).sum() == 2
    assert len(list(read_bed(path, without_a_base=True))) == 2
    with pytest.raises(ValueError, match=r"a\.bed: holds no interval"):
        Intervals(bed("chr1\t10\t10\n"), LENGTHS)


@pytest.mark.parametrize(
    ("line", "summit", "strength"),
    [
        ("chr1\t100\t200\tp\t900\t.\t7.5\t-1\t-1\t30", 130, (7.5, 900)),
        ("chr1\t100\t200\tp\t.\t.\t.\t-1\t-1\t-1", NO_SUMMIT, (0, 0)),
        ("chr1\t100\t200\tp\t900\t+\t100\t200\t0,0,255\t30", NO_SUMMIT, (0, 0)),
        ("chr1\t100\t200\tp\t900\t+\t100\t200\t0\t30", NO_SUMMIT, (0, 0)),
        ("chr1\t100\t200\tp\t900\t+\t100\t200\t0\tmine", NO_SUMMIT, (0, 0)),
        ("chr1\t100\t200", NO_SUMMIT, (0, 0)),
    ],
)
def test_narrow_peaks_and_bed9_with_a_column_of_its_own(bed, line, summit, strength):
    peaks = read_peaks(bed(f"{line}\n"), LENGTHS)["chr1"]
    assert (peaks.summit[0], tuple(peaks.strength[0])) == (summit, strength)


def test_a_score_that_is_no_number_is_named(bed):
    with pytest.raises(ValueError, match=r"a\.bed, line 1: signal value 'high' is not a number"):
        read_peaks(bed("chr1\t100\t200\tp\t900\t.\thigh\t-1\t-1\t30\n"), LENGTHS)


@pytest.mark.parametrize(
    ("written", "summit"),
    [("100", 100), ("1e+02", 100), ("100.0", 100), ("-1", NO_SUMMIT), ("-1.0", NO_SUMMIT)],
)
def test_a_summit_is_read_however_it_is_written(bed, written, summit):
    peaks = read_peaks(bed(f"chr1\t0\t600\tp\t9\t.\t1.5\t2\t3\t{written}\n"), LENGTHS)["chr1"]
    assert peaks.summit.tolist() == [summit]
    assert peaks.strength.tolist() == [[1.5, 9.0]]


def test_a_peak_that_is_cut_off_is_named(bed):
    line = "chr1\t0\t600\tp\t9\t.\t1.5\t2\t3"
    with pytest.raises(ValueError, match="line 2: 9 columns, where line 1 has 10; is the line cut off"):
        read_peaks(bed(f"{line}\t100\n{line}\n"), LENGTHS)


@pytest.mark.parametrize("other", ["2", "Chr2", "CHR2", "1"])
def test_chromosomes_named_in_two_ways_are_refused(bed, other):
    with pytest.raises(ValueError, match=f"named in two ways, chr1 and {other}; spell"):
        Intervals(bed(f"chr1\t0\t5\n{other}\t7\t9\n"), LENGTHS | {"chr2": 500})


def test_chromosomes_that_the_genome_lacks_are_no_harm(bed):
    found = Intervals(bed("chr1\t0\t5\nchrM\t0\t5\nchr1_alt\t7\t9\n"), LENGTHS)
    assert found.windows("chr1", np.array([0]), 10).sum() == 5

"""Windows, clipping, and names of chromosomes: 0-based, half-open, worked out by hand."""

import logging

import pytest

from prism.genome.coordinates import check_lengths, check_tss, clip, resolve_chromosomes, window_bounds


@pytest.mark.parametrize(
    ("tss", "length", "bounds"),
    [(10, 4, (8, 12)), (0, 2000, (-1000, 1000)), (5, 2, (4, 6))],
)
def test_the_tss_is_the_first_base_of_the_right_half(tss, length, bounds):
    assert window_bounds(tss, length) == bounds


@pytest.mark.parametrize("length", [1, 1999, 0, -2])
def test_lengths_without_a_centre_are_refused(length):
    with pytest.raises(ValueError, match=f"window length {length} must be an even positive"):
        window_bounds(100, length)


@pytest.mark.parametrize(
    ("region", "part"),
    [
        ((-3, 5), (0, 5)),
        ((6, 12), (6, 8)),
        ((-3, 12), (0, 8)),
        ((2, 3), (2, 3)),
        ((-9, -4), (0, 0)),
        ((8, 9), (8, 8)),
    ],
)
def test_the_part_on_a_chromosome_of_8_bp(region, part):
    assert clip(*region, 8) == part


@pytest.mark.parametrize("tss", [-1, 8, 100])
def test_a_tss_off_its_chromosome_names_gene_position_and_length(tss):
    check_tss("g", "chr1", 7, 8)
    with pytest.raises(ValueError, match=rf"g: tss {tss} is not on chr1, which has 8 bp"):
        check_tss("g", "chr1", tss, 8)


@pytest.mark.parametrize(
    ("wanted", "available", "expected"),
    [
        (["chr1", "chrX"], ["1", "2", "X"], {"chr1": "1", "chrX": "X"}),
        (["1", "X"], ["chr1", "chrX", "chrM"], {"1": "chr1", "X": "chrX"}),
    ],
)
def test_a_prefix_difference_is_resolved_with_one_line(wanted, available, expected, caplog):
    with caplog.at_level(logging.INFO):
        assert resolve_chromosomes(wanted, available, "a.bw") == expected
    assert len(caplog.records) == 1
    assert "a.bw" in caplog.text
    assert "'chr' prefix" in caplog.text


def test_equal_names_are_resolved_in_silence(caplog):
    names = resolve_chromosomes(["chr1", "II", "chr1"], ["chr1", "1", "II"], "a.bw")
    assert names == {"chr1": "chr1", "II": "II"}
    assert not caplog.records


@pytest.mark.parametrize(
    ("wanted", "available", "missing"),
    [
        (["chr1", "chr2"], ["chr1"], "chr2"),
        (["chrI", "chrII"], ["chr1", "chr2"], "chrI, chrII"),  # Roman numerals are another naming
        (["chrM"], ["MT"], "chrM"),
        (["chr1", "2"], ["1", "chr2"], "chr1"),  # mixed: no one spelling fits
    ],
)
def test_other_differences_are_refused(wanted, available, missing):
    with pytest.raises(ValueError, match=rf"a\.bw: no chromosome {missing}; it has .*rename its chromosomes"):
        resolve_chromosomes(wanted, available, "a.bw")


def test_intervals_may_lack_some_chromosomes_but_not_all():
    assert resolve_chromosomes(["chr1", "chr2"], ["chr2"], "p.bed", require_all=False) == {"chr2": "chr2"}
    with pytest.raises(ValueError, match=r"p\.bed: no chromosome chr1; it has I, II"):
        resolve_chromosomes(["chr1"], ["I", "II"], "p.bed", require_all=False)


def test_another_assembly_is_refused_with_both_lengths():
    check_lengths({"chr1": "1"}, {"chr1": 8}, {"1": 8}, "a.bw")
    with pytest.raises(ValueError, match=r"a\.bw: chromosome 1 has 9 bp there, 8 bp in the genome \(chr1\)"):
        check_lengths({"chr1": "1"}, {"chr1": 8}, {"1": 9}, "a.bw")

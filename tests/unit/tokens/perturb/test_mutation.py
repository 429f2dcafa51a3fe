"""Mutations of a window, worked out by hand on a literal chromosome."""

from __future__ import annotations

import numpy as np
import pytest

from prism.genome.tracks.sequence import decode, encode
from prism.tokens.perturb.mutation import (
    Change,
    deletion,
    every_change,
    knocked_out,
    motif_starts,
    mutated_window,
    of_gene,
    scrambled,
)

CHROMOSOME = "AACCGGTTACGTACGTTTGG"  # 20 bp
TSS = 10  # G


def bases(start, end):
    """Codes of [start, end); N off the chromosome."""
    padded = "N" * 50 + CHROMOSOME + "N" * 50
    return encode(padded[start + 50 : end + 50])


def window(*changes, tss=TSS, length=8):
    """Letters of the window around the TSS."""
    return decode(mutated_window(bases, "c", tss, length, changes))


@pytest.mark.parametrize(
    ("changes", "letters"),
    [
        ([], "TTACGTAC"),  # [6, 14)
        ([Change("c", 10, "G", "A")], "TTACATAC"),  # the TSS itself
        ([Change("c", 6, "TT", "GC")], "GCACGTAC"),
        ([Change("c", 6, "T", "A"), Change("c", 13, "C", "G")], "ATACGTAG"),
        # one base less upstream: one more comes in from the left, and the TSS's G stays fifth
        ([Change("c", 8, "A", "")], "GTTCGTAC"),
        ([Change("c", 7, "TA", "T")], "GTTCGTAC"),  # the same as a VCF writes it
        # one base less downstream: one more from the right
        ([Change("c", 11, "T", "")], "TTACGACG"),
        # two bases more upstream push two out at the left
        ([Change("c", 9, "", "GG")], "AGGCGTAC"),
        ([Change("c", 8, "A", "AGG")], "AGGCGTAC"),
        # inserted right before the TSS: upstream of it
        ([Change("c", 10, "", "T")], "TACTGTAC"),
        # right behind it: downstream
        ([Change("c", 11, "", "C")], "TTACGCTA"),
        ([Change("c", 10, "G", "GC")], "TTACGCTA"),
        # both sides at once
        ([Change("c", 7, "T", ""), Change("c", 12, "", "AAA")], "GTACGTAA"),
        ([Change("c", 8, "", "G"), Change("c", 8, "A", "C")], "TGCCGTAC"),
    ],
)
def test_windows_by_hand(changes, letters):
    assert window(*changes) == letters
    assert window(*reversed(changes)) == letters


def test_a_window_over_the_edge_is_padded():
    assert window(tss=2, length=8) == "NNAACCGG"
    assert window(Change("c", 0, "AA", ""), tss=2, length=8) == "NNNNCCGG"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change("c", 10, "A", "C"), r"c:11 A>C: the genome has G there"),
        (Change("d", 10, "G", "C"), r"is not on c"),
        (Change("c", 5, "G", "C"), r"is not inside the window c:7-14; a model that reads this window"),
        (Change("c", 13, "CG", "A"), r"is not inside the window"),
        (Change("c", 10, "G", ""), r"takes away the TSS, c:11"),
        (Change("c", 8, "ACG", "T"), r"takes away the TSS"),
        (Change("c", 10, "G", "N"), r"'N' is no base"),
    ],
)
def test_what_cannot_be_applied_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        window(change)


@pytest.mark.parametrize(
    "changes",
    [
        (Change("c", 7, "TA", "GC"), Change("c", 8, "A", "G")),
        (Change("c", 8, "", "G"), Change("c", 8, "", "C")),
    ],
)
def test_changes_that_overlap_are_refused(changes):
    with pytest.raises(ValueError, match="overlaps the change before it"):
        window(*changes)


def test_the_same_change_twice_counts_once():
    assert window(Change("c", 8, "A", ""), Change("c", 7, "TA", "T")) == "GTTCGTAC"


def test_changes_in_the_genes_direction():
    assert of_gene("c", 10, "+", -2, "A", "C") == Change("c", 8, "A", "C")
    # on the - strand the TSS reads C; two bases before it, in the gene's direction, is position 12, A, read T
    assert of_gene("c", 10, "-", 0, "C", "T") == Change("c", 10, "G", "A")
    assert of_gene("c", 10, "-", -2, "T", "G") == Change("c", 12, "A", "C")
    # positions 12, 11 read T, A
    assert of_gene("c", 10, "-", -2, "TA", "CC") == Change("c", 11, "TA", "GG")
    for offset, letters in [(0, "TTACGATA"), (1, "TACAGTAC")]:
        # inserted before an offset: between it and the base before it in the gene's direction
        assert window(of_gene("c", 10, "-", offset, "", "T")) == letters
    with pytest.raises(ValueError, match=r"strand '\.' is neither"):
        of_gene("c", 10, ".", 0, "C", "T")


def test_a_substitution_on_either_strand_gives_the_same_window():
    for strand, ref, alt in [("+", "G", "T"), ("-", "C", "A")]:
        assert window(of_gene("c", TSS, strand, 0, ref, alt)) == "TTACTTAC"


def test_the_deletion_of_an_interval():
    change = deletion(bases, "c", 6, 9)
    assert change == Change("c", 6, "TTA", "")
    assert window(change) == "CGGCGTAC"
    with pytest.raises(ValueError, match=r"\[9, 9\) is no interval"):
        deletion(bases, "c", 9, 9)


def test_scrambling_keeps_the_bases_and_the_rest():
    codes = encode(CHROMOSOME)
    for seed in range(20):
        changed = scrambled(codes, 4, 10, np.random.default_rng(seed))
        assert (changed != codes).any()
        np.testing.assert_array_equal(np.delete(changed, np.s_[4:10]), np.delete(codes, np.s_[4:10]))
        assert sorted(changed[4:10]) == sorted(codes[4:10])
    assert decode(codes) == CHROMOSOME
    with pytest.raises(ValueError, match="one kind of base only"):
        scrambled(codes, 0, 2, np.random.default_rng(1))
    with pytest.raises(ValueError, match=r"\[15, 21\) is no interval of a window of 20 bp"):
        scrambled(codes, 15, 21, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("motif", "starts"),
    [
        ("ACGT", [8, 12]),  # its own reverse complement counts once
        ("GGTT", [0, 4]),
        ("AACC", [0, 4]),  # GGTT on the other strand
        ("WCGW", [8, 12]),
        ("NNNNNNNNNNNNNNNNNNNNN", []),
        ("ggtt", [0, 4]),
    ],
)
def test_motifs_on_both_strands(motif, starts):
    assert list(motif_starts(encode(CHROMOSOME), motif, 0, 20)) == starts


def test_an_unknown_base_is_no_motif():
    assert list(motif_starts(encode("ANA"), "N", 0, 3)) == [0, 2]
    with pytest.raises(ValueError, match="'Z' is no letter"):
        motif_starts(encode("ANA"), "AZ", 0, 3)


def test_a_motif_is_knocked_out_on_both_strands():
    codes = encode(CHROMOSOME)
    for seed in range(10):
        changed, starts = knocked_out(codes, "AACC", 0, 20, np.random.default_rng(seed))
        assert list(starts) == [0, 4]
        assert not {"AACC", "GGTT"} & {decode(changed)[at : at + 4] for at in range(17)}
        np.testing.assert_array_equal(changed[8:], codes[8:])
    with pytest.raises(ValueError, match=r"motif GGGG: no copy in \[0, 20\)"):
        knocked_out(codes, "GGGG", 0, 20, np.random.default_rng(1))
    with pytest.raises(ValueError, match="no order of its bases is free of it"):
        knocked_out(encode("AAAA"), "AA", 0, 4, np.random.default_rng(1))


def test_every_change_of_an_interval():
    place, code = every_change(encode("ACNG"), 1, 4)
    assert list(place) == [1, 1, 1, 3, 3, 3]
    assert list(code) == [0, 2, 3, 0, 1, 3]

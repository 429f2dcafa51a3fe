"""Mutations as a configuration names them, on literal chromosomes."""

from __future__ import annotations

import numpy as np
import pytest

from prism.genome.tracks.sequence import decode, encode
from prism.tokens.perturb.asked import (
    Locus,
    changes_of,
    check_inside,
    copies_of,
    read_mutation,
    transplanted,
)
from prism.tokens.perturb.mutation import Change

#         0         1         2         3
CHROM = "AACCGGTTACGTTGACGTCAACCGGATTACAGATTACA"
PLUS, MINUS = Locus("c", 18, "+"), Locus("c", 18, "-")
LENGTH = 20  # [8, 28)
RNG = np.random.default_rng(0)


def bases(chrom: str, start: int, end: int) -> np.ndarray:
    padded = "N" * 40 + CHROM + "N" * 40
    return encode(padded[start + 40 : end + 40])


def window(given: dict, locus: Locus = PLUS) -> list[str]:
    changes = changes_of(read_mutation(given, "m"), locus, LENGTH, bases, np.random.default_rng(1), "F")
    return [decode(each) for each in copies_of(changes, locus, LENGTH, bases)]


@pytest.mark.parametrize(
    ("text", "locus", "change"),
    [
        ("c:19 C>T", PLUS, Change("c", 18, "C", "T")),
        ("0 C>T", PLUS, Change("c", 18, "C", "T")),
        ("-2 G>a", PLUS, Change("c", 16, "G", "A")),
        # on the - strand: the base two upstream lies at 20, and is A on the + strand
        ("-2 T>G", MINUS, Change("c", 20, "A", "C")),
        ("c:1,9 C>-", PLUS, Change("c", 18, "C", "")),
    ],
)
def test_changes_are_read_in_either_way(text, locus, change):
    mutation = read_mutation({"substitutions": [text]}, "m")
    if text.endswith("-"):  # the TSS itself: written down right, and refused by what it does
        with pytest.raises(ValueError, match="takes away the TSS"):
            changes_of(mutation, locus, LENGTH, bases, RNG, "F")
        return
    assert changes_of(mutation, locus, LENGTH, bases, RNG, "F") == [[change]]


def test_a_deletion_along_the_gene_on_either_strand():
    # [-4, -2) is 14, 15 on the + strand, and 21, 22 on the - strand
    assert window({"delete": [-4, -2]}) == [CHROM[6:14] + CHROM[16:28]]
    assert window({"delete": [-4, -2]}, MINUS) == [CHROM[8:21] + CHROM[23:30]]


def test_scrambling_keeps_the_bases_of_the_interval_and_all_others():
    (changed,) = window({"scramble": [-6, 2]})
    whole = CHROM[8:28]
    assert changed != whole
    assert changed[:4] + changed[12:] == whole[:4] + whole[12:]
    assert sorted(changed[4:12]) == sorted(whole[4:12])


def test_a_motif_is_knocked_out_where_it_is_looked_for():
    (changed,) = window({"knock_out": "TGACGTCA"})
    assert "TGACGTCA" in CHROM[8:28]
    assert "TGACGTCA" not in changed
    with pytest.raises(ValueError, match=r"F: knock_out TGACGTCA, interval \[2, 10\]: .* no copy"):
        window({"knock_out": "TGACGTCA", "interval": [2, 10]})


def test_a_vcf_gives_both_copies_or_all_alleles(tmp_path):
    path = tmp_path / "a.vcf"
    lines = [
        "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT d",
        "c 19 . C T . . . GT 0|1",
        "c 35 . T A . . . GT 1|1",
    ]
    path.write_text("\n".join(line.replace(" ", "\t") for line in lines) + "\n")
    whole = CHROM[8:28]
    changed = whole[:10] + "T" + whole[11:]
    assert window({"vcf": str(path)}) == [changed]
    assert window({"vcf": str(path), "sample": "d"}) == [whole, changed]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "nothing; give one of"),
        ({"delete": [0, 2], "knock_out": "ACG"}, "delete and knock_out; give one of"),
        ({"substitutions": ["19 C>T", "C19T"]}, "'C19T' is no change"),
        ({"scramble": [3, 3]}, r"m.scramble = \[3, 3\]: the interval is empty"),
        ({"knock_out": "TGAXX"}, "'X' is no letter of a motif"),
        ({"delete": [0, 2], "sample": "d"}, "m.sample belongs to vcf"),
    ],
)
def test_what_cannot_be_meant_is_refused(given, told):
    with pytest.raises(ValueError, match=told):
        read_mutation(given, "m")


def test_what_cannot_be_done_names_the_factor_and_the_mutation():
    with pytest.raises(ValueError, match=r"F: substitutions c:19 A>T: c:19 A>T: the genome has C there"):
        window({"substitutions": ["c:19 A>T"]})
    with pytest.raises(ValueError, match="leaves the window c:9-28 as it is"):
        window({"substitutions": ["0 C>C"]})
    with pytest.raises(ValueError, match=r"interval \[-30, 2\) is not inside the window of 20 bp"):
        window({"scramble": [-30, 2]})
    with pytest.raises(ValueError, match="not inside the encoder's window of 20 bp"):
        check_inside(read_mutation({"scramble": [-30, 2]}, "m"), LENGTH, "m")
    with pytest.raises(ValueError, match="not inside the encoder's window"):
        check_inside(read_mutation({"substitutions": ["-40 A>C"]}, "m"), LENGTH, "m")


def test_a_transplanted_mutation_stands_at_the_same_distance_of_the_other_tss():
    other = Locus("c", 25, "-")
    # two upstream: 16 on the + strand; 27 for the other gene, on the - strand
    ((moved,),) = transplanted([[Change("c", 16, "G", "A")]], PLUS, other, bases, np.random.default_rng(2))
    assert (moved.position, moved.ref) == (27, CHROM[27])
    assert moved.alt != moved.ref
    assert len(moved.alt) == 1
    # a deletion of [-4, -2): 14, 15; of the other gene 28, 29
    ((gone,),) = transplanted([[Change("c", 14, "AC", "")]], PLUS, other, bases, np.random.default_rng(2))
    assert gone == Change("c", 28, CHROM[28:30], "")
    # bases put in another order stay those of the other gene
    ((mixed,),) = transplanted(
        [[Change("c", 12, "TGAC", "CAGT")]], PLUS, other, bases, np.random.default_rng(2)
    )
    assert mixed.ref == CHROM[28:32]
    assert sorted(mixed.alt) == sorted(mixed.ref)
    assert mixed.alt != mixed.ref

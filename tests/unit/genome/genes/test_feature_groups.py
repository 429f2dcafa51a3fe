"""Groups of gene features: what an entry chooses, in each of the ways in which it may say so."""

from __future__ import annotations

import pytest

from prism.genome.genes.feature_groups import chosen_by, columns_of, groups_of, in_words, recorded

BOTH, MRNA, ACTIVITY = ("mrna", "promoter_activity"), ("mrna",), ("promoter_activity",)


def test_groups_are_in_one_order_however_they_are_written():
    assert groups_of(["promoter_activity", "mrna"]) == BOTH
    assert (groups_of(True), groups_of(False), groups_of([])) == (BOTH, (), ())


def test_the_columns_of_each_group():
    assert columns_of(["promoter_activity"]) == ["promoter_activity"]
    assert columns_of(["mrna"]) == [
        "UTR5LEN_log10zscore", "CDSLEN_log10zscore", "INTRONLEN_log10zscore", "UTR3LEN_log10zscore",
        "UTR5GC", "CDSGC", "UTR3GC", "ORFEXONDENSITY",
    ]  # fmt: skip
    assert columns_of(True) == [*columns_of(["mrna"]), "promoter_activity"]
    assert columns_of(False) == []


def test_all_and_none_are_recorded_as_before_groups_had_names():
    assert [recorded(each) for each in (BOTH, [], MRNA, ACTIVITY)] == [True, False, MRNA, ACTIVITY]


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({}, True),
        ({"rna_features": True}, True),
        ({"rna_features": False}, False),
        ({"rna_features": ["mrna"]}, MRNA),  # what a run has recorded
        ({"gene_features": []}, False),
        ({"gene_features": ["promoter_activity", "mrna"]}, True),
        ({"gene_features": ["promoter_activity"]}, ACTIVITY),
        ({"gene_features": [], "rna_features": False}, False),
        ({"gene_features": list(BOTH), "rna_features": True}, True),
    ],
)
def test_what_an_entry_chooses(entry, found):
    assert chosen_by(entry) == found


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"gene_features": ["mrna"], "rna_features": True},
            r"gene_features is \[mrna\], but rna_features: true means mrna, promoter_activity; remove rna_features",
        ),
        ({"gene_features": ["mrna"], "rna_features": False}, r"rna_features: false means none; remove"),
        ({"gene_features": [], "rna_features": True}, r"gene_features is \[\], but rna_features: true"),
        (
            {"gene_features": ["promotor_activity"]},
            r"'promotor_activity'; did you mean 'promoter_activity'\? There are: mrna, promoter_activity",
        ),
        ({"gene_features": ["mRNA"]}, r"'mRNA'; did you mean 'mrna'"),
    ],
)
def test_contradictions_and_unknown_groups(entry, message):
    with pytest.raises(ValueError, match=message):
        chosen_by(entry)


def test_words():
    assert in_words(True) == ["mRNA features", "promoter activity"]
    assert in_words(["promoter_activity"]) == ["promoter activity"]

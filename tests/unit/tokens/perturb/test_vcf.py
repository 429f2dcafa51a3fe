"""VCF files: alleles and haplotypes, by hand, and every line that cannot be applied."""

from __future__ import annotations

import gzip

import pytest

from prism.tokens.perturb.mutation import Change
from prism.tokens.perturb.vcf import read_changes, read_genotypes, read_haplotypes

HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tanna\tben\n"
LINES = [
    "c\t11\t.\tg\tA,C\t.\t.\t.\tGT:DP\t1|2:9\t0/0:3",
    "c\t12\t.\tT\tTGG\t.\t.\t.\tGT\t0|1\t0/1",
    "c\t15\t.\tA\t.\t.\t.\t.\tGT\t0|0\t0/0",
    "d\t11\t.\tG\tT\t.\t.\t.\tGT\t1|1\t1/1",
]


@pytest.fixture
def vcf(tmp_path):
    """Writes lines below the header, and gives the path."""

    def write(lines=LINES, header=HEADER):
        path = tmp_path / "donors.vcf.gz"
        path.write_bytes(gzip.compress((header + "\n".join(lines) + "\n").encode()))
        return path

    return write


def test_all_alternative_alleles_of_an_interval(vcf):
    first, second, third = Change("c", 10, "G", "A"), Change("c", 10, "G", "C"), Change("c", 11, "T", "TGG")
    assert read_changes(vcf(), "c", 0, 20) == [first, second, third]
    assert read_changes(vcf(), "c", 11, 20) == [third]
    assert read_changes(vcf(), "e", 0, 20) == []


def test_each_copy_has_its_own_changes(vcf):
    assert read_haplotypes(vcf(), "anna", "c", 0, 20) == (
        [Change("c", 10, "G", "A")],
        [Change("c", 10, "G", "C"), Change("c", 11, "T", "TGG")],
    )
    # one heterozygous place needs no phase
    assert read_haplotypes(vcf(), "ben", "c", 0, 20) == ([], [Change("c", 11, "T", "TGG")])
    assert read_haplotypes(vcf(), "ben", "d", 0, 20) == ([Change("d", 10, "G", "T")],) * 2


def test_one_allele_is_on_both_copies(vcf):
    path = vcf(["x\t5\t.\tA\tG\t.\t.\t.\tGT\t1\t0"])
    assert read_haplotypes(path, "anna", "x", 0, 20) == ([Change("x", 4, "A", "G")],) * 2
    assert read_haplotypes(path, "ben", "x", 0, 20) == ([], [])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ["c\t5\t.\tA\tG\t.\t.\t.\tGT\t0/1\t0", "c\t6\t.\tA\tG\t.\t.\t.\tGT\t0|1\t0"],
            "line 3: anna is heterozygous at 2",
        ),
        (["c\t5\t.\tA\tG\t.\t.\t.\tGT\t./.\t0"], r"line 3: anna has genotype './.'"),
        (["c\t5\t.\tA\tG\t.\t.\t.\tDP\t3\t0"], "has genotype 'none'"),
        (["c\t5\t.\tA\tG\t.\t.\t.\tGT\t2|0\t0"], "names allele 2, and there are 1"),
        (["c\t5\t.\tA\t<DEL>\t.\t.\t.\tGT\t1|0\t0"], "'<' is no base; symbolic alleles"),
        (["c\tx\t.\tA\tG\t.\t.\t.\tGT\t1|0\t0"], "POS 'x' is no position"),
        (["c\t5\t.\tA\tG\t.\t.\t.\tGT\t1|0"], "10 cells, and the header has 11 columns"),
    ],
)
def test_lines_that_cannot_be_applied_are_named(vcf, lines, said):
    with pytest.raises(ValueError, match=said):
        read_haplotypes(vcf(lines), "anna", "c", 0, 20)


def test_an_absent_sample_and_what_is_no_vcf(vcf):
    with pytest.raises(ValueError, match="no sample 'eve'; it has anna, ben"):
        read_haplotypes(vcf(), "eve", "c", 0, 20)
    with pytest.raises(ValueError, match="no header line"):
        read_changes(vcf([], "##fileformat=VCFv4.2\n"), "c", 0, 20)
    with pytest.raises(ValueError, match="line 1: the header of a VCF file begins"):
        read_changes(vcf([], "chrom\tpos\n"), "c", 0, 20)


def test_many_donors_and_intervals_are_read_at_once(vcf):
    found = read_genotypes(vcf(), [("c", 0, 12), ("c", 11, 30), ("d", 0, 20), ("e", 0, 20)], ["ben", "anna"])
    one, two, three = Change("c", 10, "G", "A"), Change("c", 10, "G", "C"), Change("c", 11, "T", "TGG")
    assert found == [
        {"anna": ([one], [two, three]), "ben": ([], [three])},
        {"anna": ([], [three]), "ben": ([], [three])},
        {"anna": ([Change("d", 10, "G", "T")],) * 2, "ben": ([Change("d", 10, "G", "T")],) * 2},
        {},
    ]


def test_a_donor_without_a_column_is_named_though_no_record_is_asked_for(vcf):
    with pytest.raises(ValueError, match="no sample 'carl'; it has anna, ben"):
        read_genotypes(vcf(), [], ["anna", "carl"])

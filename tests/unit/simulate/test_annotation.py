"""The simulated annotation against the genome and the ground truth."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np

COMPLEMENT = str.maketrans("ACGT", "TGCA")


def bases(genome, chrom, start, end, strand="+"):
    """Upper-case bases of [start, end), read on `strand`."""
    plus = genome.fetch(chrom, start, end).upper()
    return plus if strand == "+" else plus.translate(COMPLEMENT)[::-1]


def test_tss_in_the_gtf_is_the_truth_s(gtf, truth):
    genes = gtf[gtf["feature"] == "gene"].reset_index(drop=True)
    tss = np.where(genes["strand"] == "+", genes["start"], genes["end"] - 1)
    assert genes["gene_id"].tolist() == truth["gene_id"].tolist()
    assert genes["strand"].tolist() == truth["strand"].tolist()
    assert set(truth["strand"]) == {"+", "-"}
    np.testing.assert_array_equal(tss, truth["tss"])


def spliced(genome, rows, strand):
    """The joined bases of GTF rows in the transcript's direction."""
    rows = rows.sort_values("start")
    pieces = [bases(genome, row.chrom, row.start, row.end, strand) for row in rows.itertuples()]
    return "".join(pieces if strand == "+" else pieces[::-1])


def test_genes_are_well_formed(gtf, truth, genome):
    for gene in truth.itertuples():
        rows = gtf[gtf["gene_id"] == gene.gene_id]
        parts = {name: group for name, group in rows.groupby("feature")}
        size = {name: int((group["end"] - group["start"]).sum()) for name, group in parts.items()}
        assert size["CDS"] == gene.cds_length
        assert size["CDS"] % 3 == 0
        assert size["start_codon"] == size["stop_codon"] == 3
        assert size["five_prime_utr"] == gene.utr5_length
        assert size["three_prime_utr"] == gene.utr3_length
        assert (
            size["exon"]
            == size["five_prime_utr"] + size["CDS"] + size["stop_codon"] + size["three_prime_utr"]
        )
        assert size["gene"] == size["transcript"] == size["exon"] + gene.intron_length
        assert len(parts["CDS"]) == gene.coding_exons
        coding = spliced(genome, parts["CDS"], gene.strand)
        codons = re.findall("...", coding)
        assert codons[0] == spliced(genome, parts["start_codon"], gene.strand) == "ATG"
        assert not {"TAA", "TAG", "TGA"} & set(codons)
        assert spliced(genome, parts["stop_codon"], gene.strand) in {"TAA", "TAG", "TGA"}
        done = np.cumsum([0, *(parts["CDS"]["end"] - parts["CDS"]["start"])])[:-1]
        assert parts["CDS"]["frame"].astype(int).tolist() == [-before % 3 for before in done]


def test_introns_begin_with_gt_and_end_with_ag(gtf, genome):
    seen = 0
    for _, exons in gtf[gtf["feature"] == "exon"].groupby("gene_id"):
        exons = exons.sort_values("start")
        for left, right in pairwise(exons.itertuples()):
            intron = bases(genome, left.chrom, left.end, right.start, left.strand)
            assert (intron[:2], intron[-2:]) == ("GT", "AG")
            seen += 1
    assert seen > 100

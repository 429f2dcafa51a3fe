"""GTF and gene tables: one TSS a gene by the rule, names, strands, and every error."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from prism.genome.genes import table as genes
from prism.genome.genes.annotation import genes_of_gtf
from prism.genome.genes.gtf import read_gtf
from prism.genome.genes.table import RNA_FEATURES
from prism.genome.genes.tss import choose_tss, first_bases
from tests.unit.genome.genes.gtf_text import CODING, FORWARD, REVERSE, line, write


def _frame(table: genes.GeneTable) -> pd.DataFrame:
    return table.frame.set_index("gene_id")


@pytest.mark.parametrize("name", ["x.gtf", "x.gtf.gz"])
def test_tss_on_both_strands(tmp_path, genome, name):
    found = _frame(genes_of_gtf(write(tmp_path / name, REVERSE + FORWARD), genome))
    assert found["tss"].to_dict() == {
        "A": 10,
        "B": 179,
    }  # GTF start - 1 on '+', end - 1 on '-'; sorted by position
    assert found["strand"].to_dict() == {"A": "+", "B": "-"}
    assert found["symbol"].to_dict() == {"A": "alpha", "B": "beta"}
    assert found["chrom"].to_dict() == {"A": "chr1", "B": "chr1"}
    assert set(RNA_FEATURES) <= set(found)


def _transcript(
    name: str, start: int, cds: tuple[int, int] | None, tags: str = "", end: int = 150
) -> list[str]:
    more = CODING.format("G") + "".join(f' tag "{tag}";' for tag in tags.split())
    lines = [
        line("transcript", start, end, "+", "G", name, more=more),
        line("exon", start, end, "+", "G", name),
    ]
    return lines + ([line("CDS", *cds, "+", "G", name)] if cds else [])


LONG, SHORT = (31, 120), (31, 60)


@pytest.mark.parametrize(
    ("transcripts", "tss"),
    [
        # MANE Select before canonical, canonical before the longest CDS.
        (
            [
                ("T1", 1, LONG, ""),
                ("T2", 11, SHORT, "Ensembl_canonical"),
                ("T3", 21, SHORT, "basic MANE_Select"),
            ],
            20,
        ),
        ([("T1", 1, LONG, ""), ("T2", 11, SHORT, "basic Ensembl_canonical")], 10),
        ([("T1", 11, LONG, ""), ("T2", 1, SHORT, "")], 10),
        # MANE Plus Clinical is not MANE Select.
        ([("T1", 11, LONG, ""), ("T2", 1, SHORT, "MANE_Plus_Clinical")], 10),
        # Same CDS: more exonic bases, then the first id.
        ([("T1", 11, LONG, ""), ("T2", 1, LONG, "")], 0),
        ([("T2", 1, LONG, "", 140), ("T1", 11, LONG, "", 150)], 10),
        ([("T1", 11, None, ""), ("T2", 1, None, "")], 0),
        # Complete transcripts before the longest CDS; MANE and canonical before complete ones.
        ([("T1", 1, LONG, "cds_start_NF mRNA_start_NF"), ("T2", 11, SHORT, "basic")], 10),
        ([("T1", 1, LONG, "mRNA_end_NF"), ("T2", 11, SHORT, "")], 10),
        ([("T1", 1, LONG, "cds_end_NF"), ("T2", 11, SHORT, "cds_start_NF")], 0),
        ([("T1", 1, SHORT, "Ensembl_canonical mRNA_start_NF"), ("T2", 11, LONG, "")], 0),
        ([("T1", 1, SHORT, "MANE_Select cds_end_NF"), ("T2", 11, LONG, "")], 0),
        # Only incomplete ones: one whose start was found. One without a CDS stands behind all that have one.
        ([("T1", 1, LONG, "mRNA_start_NF"), ("T2", 11, SHORT, "mRNA_end_NF")], 10),
        ([("T1", 1, None, ""), ("T2", 11, SHORT, "mRNA_start_NF")], 10),
        ([("T1", 1, None, "mRNA_start_NF"), ("T2", 11, None, "")], 10),
    ],
)
def test_one_tss_a_gene(tmp_path, transcripts, tss):
    path = write(tmp_path / "x.gtf", [text for each in transcripts for text in _transcript(*each)])
    found = read_gtf(path)
    assert first_bases(found)[choose_tss(found)].tolist() == [tss]


def test_genes_off_the_genome_are_dropped_with_the_reason(tmp_path, genome):
    alien = line("transcript", 1, 9, "+", "Z", "Z1", "chrUn_1", CODING.format("zeta"))
    found = _frame(genes_of_gtf(write(tmp_path / "x.gtf", [alien, *FORWARD]), genome))
    assert found["dropped"].to_dict() == {"A": "", "Z": "chromosome chrUn_1 is not in the genome"}


def test_gene_without_cds_is_dropped_when_others_have_features(tmp_path, genome):
    bare = line("transcript", 1, 9, "+", "N", "N1", more=CODING.format("nu"))
    path = write(tmp_path / "x.gtf", [bare, *FORWARD, *REVERSE])
    assert (
        _frame(genes_of_gtf(path, genome)).loc["N", "dropped"]
        == "no CDS in the annotation, so no mRNA features"
    )
    without = genes_of_gtf(path, genome, with_features=False)
    assert without.rna_features == []
    assert len(without.kept) == 3


def test_a_gtf_without_cds_gives_no_features(tmp_path, genome, caplog):
    table = genes_of_gtf(write(tmp_path / "x.gtf", [FORWARD[0], FORWARD[1]]), genome)
    assert table.rna_features == []
    assert "no CDS lines" in caplog.text


def test_chr_prefix_is_resolved_with_one_line(tmp_path, genome, caplog):
    bare = [text.replace("chr1\t", "1\t", 1) for text in FORWARD]
    assert genes_of_gtf(write(tmp_path / "x.gtf", bare), genome).frame["chrom"].tolist() == ["chr1"]
    assert caplog.text.count("without the same 'chr' prefix") == 1


def test_no_shared_chromosome_is_refused(tmp_path, genome):
    other = [text.replace("chr1\t", "NC_000001.11\t", 1) for text in FORWARD]
    with pytest.raises(ValueError, match=r"no chromosome NC_000001\.11; it has chr1, chr2"):
        genes_of_gtf(write(tmp_path / "x.gtf", other), genome)


def test_tss_beyond_the_chromosome_is_refused(tmp_path, genome):
    far = line("transcript", 201, 300, "+", "F", "F1", more=CODING.format("phi"))
    with pytest.raises(ValueError, match="F: tss 200 is not on chr1, which has 200 bp"):
        genes_of_gtf(write(tmp_path / "x.gtf", [far]), genome)


def test_script(tmp_path, genome, root):
    command = [sys.executable, "-m", "workflow_scripts.inputs.annotation", "--fasta", str(genome.path)]
    out = tmp_path / "out" / "genes.tsv"
    gtf = write(tmp_path / "x.gtf.gz", FORWARD + REVERSE)
    subprocess.run([*command, "--gtf", gtf, "--out", out], cwd=root, check=True, capture_output=True)
    assert genes.read(out).kept["tss"].tolist() == [10, 179]
    failed = subprocess.run([*command, "--out", out], cwd=root, capture_output=True, text=True, check=False)
    assert (failed.returncode, failed.stderr) == (
        1,
        "error: neither --gtf nor --gene-table given; give one of them\n",
    )

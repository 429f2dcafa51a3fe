"""GTF files: genes and transcripts by type, ids without version, and every broken line by name."""

from __future__ import annotations

import gzip

import pytest

from prism.genome.genes.gtf import read_gtf, stable_id
from tests.unit.genome.genes.gtf_text import CODING, FORWARD, line, write


def test_ids_lose_their_version_and_y_copies_are_left_out(tmp_path):
    lines = [
        line("transcript", 1, 9, "+", "ENSG00000182378.15", "ENST1.1", "chrX", CODING.format("PLCXD1")),
        line(
            "transcript",
            1,
            9,
            "+",
            "ENSG00000182378.15_PAR_Y",
            "ENST1.1_PAR_Y",
            "chrY",
            CODING.format("PLCXD1"),
        ),
        line(
            "transcript",
            1,
            9,
            "+",
            "ENSG00000292366.1",
            "ENST2.1",
            "chrY",
            CODING.format("PLCXD1") + ' tag "PAR";',
        ),
        # GENCODE before release 25
        line("transcript", 1, 9, "+", "ENSGR0000182378.5", "ENSTR1.1", "chrY", CODING.format("PLCXD1")),
    ]
    found = read_gtf(write(tmp_path / "x.gtf", lines)).frame
    assert found[["gene_id", "chrom"]].to_numpy().tolist() == [["ENSG00000182378", "chrX"]]
    assert stable_id("ENSMUSG00000051951.6") == "ENSMUSG00000051951"
    assert stable_id("ENSG00000223972.5_2") == "ENSG00000223972"  # GENCODE's GRCh37
    assert stable_id("ENSG00000182378.15_PAR_Y") == "ENSG00000182378.15_PAR_Y"  # of no gene that is kept
    assert stable_id("Y74C9A.3") == "Y74C9A.3"  # a name of C. elegans, not a version


def test_gene_types_of_gencode_ensembl_refseq_and_none(tmp_path):
    lines = [
        line("transcript", 1, 9, "+", "gencode", "T1", more='gene_type "protein_coding";'),
        line("transcript", 1, 9, "+", "ensembl", "T2", more='gene_biotype "protein_coding";'),
        line(
            "transcript",
            1,
            9,
            "+",
            "noncoding",
            "T3",
            more='gene_type "lncRNA"; transcript_type "protein_coding";',
        ),
        line("exon", 1, 9, "+", "noncoding", "T3"),
        line(
            "gene", 1, 9, "+", "refseq", more='gene_biotype "protein_coding";'
        ),  # the type on the gene's line only
        line("exon", 1, 9, "+", "refseq", "T4"),
        line("gene", 1, 9, "+", "segment", more='gene_biotype "V_segment";'),
        line("exon", 1, 9, "+", "segment", "T5"),
        line("CDS", 1, 9, "+", "segment", "T5"),
        line("exon", 1, 9, "+", "untyped", "T6"),
        line("CDS", 1, 9, "+", "untyped", "T6"),
        line("exon", 1, 9, "+", "untyped_noncoding", "T7"),
        line("gene", 5, 9, "-", "gene_only", more='gene_type "protein_coding";'),
    ]
    path = write(tmp_path / "x.gtf", lines)
    coding = {"gencode", "ensembl", "refseq", "untyped", "gene_only"}
    assert set(read_gtf(path).frame["gene_id"]) == coding
    assert set(read_gtf(path, ("lncRNA",)).frame["gene_id"]) == {"noncoding"}
    everything = read_gtf(path, None).frame
    assert set(everything["gene_id"]) == coding | {"noncoding", "segment", "untyped_noncoding"}
    assert everything.set_index("gene_id").loc["gene_only", ["start", "end"]].tolist() == [4, 9]


def test_transcript_without_its_own_line_spans_its_exons(tmp_path):
    found = read_gtf(
        write(tmp_path / "x.gtf", [text for text in FORWARD if text.split("\t")[2] in ("exon", "CDS")])
    )
    assert found.frame.loc[0, ["start", "end"]].tolist() == [10, 100]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (
            "chr1\ttest\texon\t11\t30",
            r"line 3: 5 tab-separated fields instead of 9: 'chr1\\ttest\\texon\\t11\\t30'",
        ),
        (
            FORWARD[2].replace("\t11\t", "\televen\t"),
            "line 3: start 'eleven' or end '30' is not a whole number",
        ),
        (FORWARD[2].replace("\t30\t", "\t3_0\t"), "line 3: start '11' or end '3_0' is not a whole number"),
        (FORWARD[2].replace("\t11\t", "\t0\t"), "line 3: start 0 and end 30 must hold 1 <= start <= end"),
        (FORWARD[2].replace("\t11\t", "\t31\t"), "line 3: start 31 and end 30 must hold"),
        (line("exon", 1, 2, ".", "A", "A9"), r"line 3: strand '\.' is neither"),
        (line("exon", 1, 2, "+", "A"), "line 3: no transcript_id"),
        (line("exon", 1, 2, "+", "A", "A9").replace("gene_id", "name"), "line 3: no gene_id"),
        ("chr1\tx\texon\t1\t2\t.\t+\t.\tID=exon1;Parent=A1", "GFF3: convert it with `gffread -T`"),
    ],
)
def test_broken_line(tmp_path, broken, message):
    path = write(tmp_path / "x.gtf", [FORWARD[0], broken])
    with pytest.raises(ValueError, match=message) as error:
        read_gtf(path)
    assert str(error.value).startswith(str(path))
    assert "correct the line or download the file again" in str(error.value)


def test_files_that_are_no_gtf(tmp_path):
    cut = tmp_path / "cut.gtf.gz"
    cut.write_bytes(gzip.compress("\n".join(FORWARD * 50).encode())[:-40])
    with pytest.raises(ValueError, match=r"cut\.gtf\.gz: the gzip file is cut off or damaged"):
        read_gtf(cut)
    binary = tmp_path / "binary.gtf"
    binary.write_bytes(b"\x80\xfe\x00\x01" * 10)
    with pytest.raises(ValueError, match=r"binary\.gtf, line 1: not a text file"):
        read_gtf(binary)
    with pytest.raises(ValueError, match=r"empty\.gtf: no gene of type protein_coding in this file"):
        read_gtf(write(tmp_path / "empty.gtf", []))


def test_a_gene_type_that_no_gene_has_is_refused(tmp_path):
    line = 'chr1\tx\tgene\t1\t9\t.\t+\t.\tgene_id "{0}"; gene_type "{1}";\n'
    gtf = tmp_path / "types.gtf"
    gtf.write_text(line.format("A", "protein_coding") + line.format("B", "lncRNA"))
    assert len(read_gtf(gtf, ("protein_coding", "lncRNA")).frame) == 2
    with pytest.raises(
        ValueError, match=r"no gene of type lincRNA in this file; it has lncRNA, protein_coding"
    ):
        read_gtf(gtf, ("protein_coding", "lincRNA"))

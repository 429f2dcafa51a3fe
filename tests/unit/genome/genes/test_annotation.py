"""GTF and gene tables: one TSS a gene by the rule, names, strands, and every error."""

from __future__ import annotations

import gzip
import logging
import subprocess
import sys

import pandas as pd
import pytest

from prism.genome.genes import table as genes
from prism.genome.genes.annotation import choose_tss, first_bases, genes_of_gtf, genes_of_list
from prism.genome.genes.gene_list import ListSettings, read_gene_list
from prism.genome.genes.gtf import read_gtf, stable_id
from prism.genome.genes.table import RNA_FEATURES
from prism.genome.tracks.sequence import Genome
from tests.unit.genome.genes.gtf_text import CODING, FORWARD, REVERSE, fasta, line, write


@pytest.fixture
def genome(tmp_path) -> Genome:
    return Genome(fasta(tmp_path / "genome.fa", {"chr1": "ACGT" * 50, "chr2": "ACGT" * 50}))


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
    ],
)
def test_one_tss_a_gene(tmp_path, transcripts, tss):
    path = write(tmp_path / "x.gtf", [text for each in transcripts for text in _transcript(*each)])
    found = read_gtf(path)
    assert first_bases(found)[choose_tss(found)].tolist() == [tss]


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
    ]
    found = read_gtf(write(tmp_path / "x.gtf", lines)).frame
    assert found[["gene_id", "chrom"]].to_numpy().tolist() == [["ENSG00000182378", "chrX"]]
    assert stable_id("ENSMUSG00000051951.6") == "ENSMUSG00000051951"
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
    assert "mend the line or download the file again" in str(error.value)


def test_files_that_are_no_gtf(tmp_path):
    cut = tmp_path / "cut.gtf.gz"
    cut.write_bytes(gzip.compress("\n".join(FORWARD * 50).encode())[:-40])
    with pytest.raises(ValueError, match=r"cut\.gtf\.gz: the gzip file is cut off or damaged"):
        read_gtf(cut)
    binary = tmp_path / "binary.gtf"
    binary.write_bytes(b"\xff\xfe\x00\x01" * 10)
    with pytest.raises(ValueError, match=r"binary\.gtf: not a text file"):
        read_gtf(binary)
    with pytest.raises(ValueError, match=r"empty\.gtf: no gene of type protein_coding in this file"):
        read_gtf(write(tmp_path / "empty.gtf", []))


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


SETTINGS = ListSettings.parse({"tss_base": 1, "columns": {"gene_id": "id", "chrom": "chr", "tss": "TSS"}})
STRANDED = ListSettings.parse(
    {
        "tss_base": 0,
        "columns": {"gene_id": "id", "chrom": "chr", "tss": "TSS", "strand": "s", "symbol": "name"},
    }
)


def _csv(tmp_path, text: str, name: str = "genes.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_table_without_strand_takes_it_from_the_gtf(tmp_path, genome, caplog):
    caplog.set_level(logging.INFO)
    table = _csv(tmp_path, "id,chr,TSS\nB,1,180\nA.1,1,11\nX,1,50\n")
    gtf = write(tmp_path / "x.gtf", [text.replace('"A"', '"A.1"') for text in FORWARD] + REVERSE)
    found = _frame(genes_of_list(table, SETTINGS, genome, gtf))
    assert found["tss"].to_dict() == {"B": 179, "A.1": 10, "X": 49}  # the user's order; base 1 -> 0
    assert found["strand"].to_dict() == {"B": "-", "A.1": "+", "X": "."}
    assert found["chrom"].unique().tolist() == ["chr1"]
    assert found.loc["X", "dropped"] == "not in the annotation, so the strand is unknown"
    assert "2 of 3 genes of the table found" in caplog.text
    assert "tss_base 1: 2 of 2 TSS (100.0 %) are a transcript start" in caplog.text
    assert "1 dropped: not in the annotation" in caplog.text
    assert "fits the annotation better" not in caplog.text


def test_the_other_base_is_suspected(tmp_path, genome, caplog):
    gtf = write(tmp_path / "x.gtf", FORWARD + REVERSE)
    table = _csv(tmp_path, "id,chr,TSS\nA,chr1,10\nB,chr1,179\n")  # 0-based, declared 1-based
    genes_of_list(table, SETTINGS, genome, gtf)
    for strand in "+-":
        expected = (
            f"strand {strand}: tss_base 0 fits the annotation better (1 of 1 TSS) than the declared 1 (0)"
        )
        assert expected in caplog.text


def test_ends_of_bed_as_tss_are_suspected_on_the_minus_strand_alone(tmp_path, genome, caplog):
    table = _csv(tmp_path, "id\tchr\tTSS\ts\tname\nA\tchr1\t10\t+\tA\nB\tchr1\t180\t-\tB\n", "genes.tsv")
    genes_of_list(table, STRANDED, genome, write(tmp_path / "x.gtf", FORWARD + REVERSE))
    assert (
        "strand -: tss_base 1 fits the annotation better (1 of 1 TSS) than the declared 0 (0)" in caplog.text
    )
    assert "strand +" not in caplog.text


def test_far_and_contrary_genes_are_warned_of(tmp_path, caplog):
    genome = Genome(fasta(tmp_path / "long.fa", {"chr1": "A" * 3000, "chr2": "A" * 10}))
    table = _csv(tmp_path, "id\tchr\tTSS\ts\tname\nA\tchr1\t1200\t-\tal\nB\tchr1\t179\t.\t\n", "genes.tsv")
    found = _frame(genes_of_list(table, STRANDED, genome, write(tmp_path / "x.gtf", FORWARD + REVERSE)))
    assert "1 TSS lie more than 1 kb outside their gene" in caplog.text
    assert "1 genes have the other strand" in caplog.text
    assert found["strand"].to_dict() == {"A": "-", "B": "-"}  # the user's word; B from the GTF
    assert found["symbol"].to_dict() == {"A": "al", "B": "B"}


def test_gene_on_another_chromosome_in_the_gtf_is_dropped(tmp_path, genome):
    table = _csv(tmp_path, "id,chr,TSS\nA,chr2,11\nB,chr1,180\n")
    found = _frame(genes_of_list(table, SETTINGS, genome, write(tmp_path / "x.gtf", FORWARD + REVERSE)))
    assert found["dropped"].to_dict() == {"A": "on another chromosome in the annotation", "B": ""}


def test_table_alone_has_unknown_strands_and_no_features(tmp_path, genome):
    table = genes_of_list(_csv(tmp_path, "id,chr,TSS\nA,1,11\n"), SETTINGS, genome)
    assert table.frame[["strand", "dropped"]].to_numpy().tolist() == [[".", ""]]
    assert table.rna_features == []


def test_features_of_the_table_are_taken_over(tmp_path, genome):
    text = f"id,chr,TSS,{','.join(RNA_FEATURES)},other\nA,1,11,{','.join(f'0.{i}' for i in range(8))},x\n"
    for gtf in (None, write(tmp_path / "x.gtf", FORWARD)):
        found = genes_of_list(_csv(tmp_path, text), SETTINGS, genome, gtf).frame
        assert found.loc[0, list(RNA_FEATURES)].tolist() == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
        assert "other" not in found
    assert genes_of_list(_csv(tmp_path, text), SETTINGS, genome, with_features=False).rna_features == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the table is empty"),
        ("id,TSS\nA,11\n", "no column 'chr'; it has id, TSS"),
        ("id,chr,TSS\nA,1,11\nA,1,12\nB,1,3\nB,1,3\n", "gene ids given more than once: A, B; keep one row"),
        ("id,chr,TSS\nENSG00000000003.1,1,1\nENSG00000000003.2,1,2\n", "more than once: ENSG00000000003;"),
        ("id,chr,TSS\nA,1,x\n", "A: tss 'x' is not a whole number"),
        ("id,chr,TSS\nA,1,-4\n", "A: tss '-4' is not a whole number"),
        ("id,chr,TSS\nA,1,0\n", "A: tss 0 with tss_base 1"),
        ("id,chr,TSS\nA,1,1,7,8\n", "not a table"),
        ("id,chr,TSS,CDSGC\nA,1,1,0.5\n", "mRNA features UTR5LEN_log10zscore, .* are missing"),
        (f"id,chr,TSS,{','.join(RNA_FEATURES)}\nA,1,1,1,1,1,1,1,1,,1\n", "A: UTR3GC is ''; give a number"),
    ],
)
def test_table_errors(tmp_path, text, message):
    path = _csv(tmp_path, text)
    with pytest.raises(ValueError, match=message) as error:
        read_gene_list(path, SETTINGS)
    assert str(error.value).startswith(str(path))


def test_table_strand_error(tmp_path):
    with pytest.raises(ValueError, match="A: strand 'plus' must be"):
        read_gene_list(_csv(tmp_path, "id,chr,TSS,s,name\nA,1,1,plus,a\n"), STRANDED)


def test_genes_of_chosen_chromosomes_only(tmp_path, genome):
    table = _csv(tmp_path, "gene_id,chrom,tss\nA,1,10\nB,2,20\nC,9,30\n")
    settings = ListSettings.parse({"tss_base": 0, "columns": {}})
    found = genes_of_list(table, settings, genome, chromosomes=["chr2"])
    assert list(found.frame["gene_id"]) == ["B"]
    with pytest.raises(ValueError, match=r"chromosomes = chrX: no gene lies there; the genes are on 1, 2, 9"):
        genes_of_list(table, settings, genome, chromosomes=["chrX"])
    gtf = write(tmp_path / "x.gtf", REVERSE + FORWARD)
    assert len(genes_of_gtf(gtf, genome, chromosomes=["1"]).frame) == 2


def test_table_off_the_genome_is_refused(tmp_path, genome):
    with pytest.raises(ValueError, match="no chromosome 7; it has chr1, chr2"):
        genes_of_list(_csv(tmp_path, "id,chr,TSS\nA,1,11\nC,7,11\n"), SETTINGS, genome)
    with pytest.raises(ValueError, match="A: tss 200 is not on chr1, which has 200 bp"):
        genes_of_list(_csv(tmp_path, "id,chr,TSS\nA,1,201\n"), SETTINGS, genome)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"columns": {}}, "tss_base is None; set it to 1"),
        ({"tss_base": 2}, "tss_base is 2"),
        ({"tss_base": True}, "tss_base is True"),
        (
            {"tss_base": 0, "columns": {"TSS": "tss"}},
            "columns has TSS; it maps gene_id, chrom, tss, strand, symbol",
        ),
        ({"tss_base": 0, "columns": ["TSS"]}, "columns is "),
        ({"tss_base": 0, "base": 1}, "unknown key base"),
    ],
)
def test_settings_errors(settings, message):
    with pytest.raises(ValueError, match=message):
        ListSettings.parse(settings)


def test_script(tmp_path, genome, root):
    command = [sys.executable, "-m", "workflow_scripts.annotation", "--fasta", str(genome.path)]
    out = tmp_path / "out" / "genes.tsv"
    gtf = write(tmp_path / "x.gtf.gz", FORWARD + REVERSE)
    subprocess.run([*command, "--gtf", gtf, "--out", out], cwd=root, check=True, capture_output=True)
    assert genes.read(out).kept["tss"].tolist() == [10, 179]
    failed = subprocess.run([*command, "--out", out], cwd=root, capture_output=True, text=True, check=False)
    assert (failed.returncode, failed.stderr) == (
        1,
        "error: neither --gtf nor --gene-table given: genes need one of them\n",
    )

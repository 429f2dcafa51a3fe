"""A user's gene table: strands and features from the GTF, the TSS base checked against it, and every error."""

from __future__ import annotations

import logging

import pandas as pd
import pytest

from prism.genome.genes import table as genes
from prism.genome.genes.annotation import genes_of_gtf, genes_of_list
from prism.genome.genes.gene_list import ListSettings, read_gene_list, read_strands
from prism.genome.genes.table import RNA_FEATURES
from prism.genome.tracks.fasta import Genome
from tests.unit.genome.genes.gtf_text import FORWARD, REVERSE, write
from tests.unit.genome.tiny_genome import write_genome


def _frame(table: genes.GeneTable) -> pd.DataFrame:
    return table.frame.set_index("gene_id")


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
    genome = Genome(write_genome(tmp_path / "long.fa", {"chr1": "A" * 3000, "chr2": "A" * 10}))
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
        ("id,chr,TSS\nA,1,1,7,8\n", "line 2: 5 cells, where the header names 3 columns"),
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
    with pytest.raises(ValueError, match=r"chromosomes = chr22: no gene lies there"):
        genes_of_list(table, settings, genome, chromosomes=["chr2", "chr22"])
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


def test_an_older_release_gives_the_strand_of_genes_that_the_annotation_lacks(tmp_path, genome, caplog):
    caplog.set_level(logging.INFO)
    gtf = write(tmp_path / "x.gtf", FORWARD + REVERSE)
    table = _csv(tmp_path, "id,chr,TSS\nA,chr1,11\nB,chr2,5\nX,chr1,50\nY,chr1,60\n")
    older = _csv(tmp_path, "gene\ttx\tst\nA\ta1\t-1\nB\tb\t1\nX\tx1\t-1\nX\tx2\t-1\n", "older.tsv")
    strands = read_strands(older, {"gene_id": "gene", "strand": "st"})
    assert strands == {"A": "-", "B": "+", "X": "-"}
    found = _frame(genes_of_list(table, SETTINGS, genome, gtf, with_features=False, strands=strands))
    assert found["strand"].to_dict() == {"A": "+", "B": ".", "X": "-", "Y": "."}  # the annotation comes first
    assert found["dropped"].to_dict() == {
        "A": "", "B": "on another chromosome in the annotation", "X": "",
        "Y": "not in the annotation, so the strand is unknown",
    }  # fmt: skip
    assert "1 dropped: not in the annotation, so the strand is unknown (Y)" in caplog.text


def test_an_older_release_with_both_strands_of_a_gene_is_refused(tmp_path):
    older = _csv(tmp_path, "gene_id,strand\nA,+\nB,+\nA,-\n", "older.csv")
    with pytest.raises(ValueError, match=r"older\.csv: genes with both strands: A; keep the right row"):
        read_strands(older)

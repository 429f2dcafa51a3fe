"""One gene id at several places, with several symbols, or with another gene's transcript id."""

from __future__ import annotations

import pyfaidx
import pytest

from prism.genome.genes.annotation import genes_of_gtf, genes_of_list
from prism.genome.genes.gene_list import ListSettings
from prism.genome.genes.gtf import read_gtf
from prism.genome.genes.places import SEVERAL
from prism.genome.tracks.fasta import Genome
from tests.unit.genome.genes.gtf_text import CODING, FORWARD, line, write

GTF_1 = ListSettings.parse({"tss_base": 1})


@pytest.fixture
def wide(tmp_path) -> Genome:
    """Chromosomes 1, 2, X, Y and an alternative sequence, 200 bp each."""
    names = ("chr1", "chr2", "chrX", "chrY", "chr1_KI270766v1_alt")
    path = tmp_path / "wide.fa"
    path.write_text("".join(f">{name}\n{'ACGT' * 50}\n" for name in names))
    pyfaidx.Faidx(str(path))
    return Genome(path)


def copy(start: int, chrom: str, strand="+", transcript="NM_1", gene="G", tags="", length=40) -> list[str]:
    """A transcript of one exon with a CDS of 20 bp from its fifth base."""
    where, more = (strand, gene, transcript, chrom), CODING.format(gene) + tags
    end = start + length - 1
    kinds = [("transcript", start, end), ("exon", start, end), ("CDS", start + 4, start + 23)]
    return [line(*each, *where, more=more) for each in kinds]


def found(path, genome, **more):
    return genes_of_gtf(path, genome, **more).frame.set_index("gene_id")[
        ["chrom", "tss", "strand", "dropped"]
    ]


@pytest.mark.parametrize(
    "others",
    [
        copy(101, "chr2"),
        copy(101, "chr1", "-"),
        copy(101, "chr1"),  # one id twice on one strand
        copy(11, "chr2", "-", "NM_2"),
        copy(101, "chr2") + copy(1, "chrX"),
    ],
)
def test_a_gene_of_several_places_is_dropped_and_named(tmp_path, wide, caplog, others):
    table = found(write(tmp_path / "x.gtf", copy(11, "chr1") + others + FORWARD), wide)
    assert table["dropped"].to_dict() == {"A": "", "G": SEVERAL}
    assert (
        "1 genes are at several places in the annotation, none of them the main one: G (chr1:10-50 +, "
        in caplog.text
    )


def test_so_is_it_where_only_one_of_its_chromosomes_is_chosen(tmp_path, wide):
    path = write(tmp_path / "x.gtf", copy(11, "chr1") + copy(11, "chr2") + FORWARD)
    assert found(path, wide, chromosomes=["chr1"])["dropped"].to_dict() == {"A": "", "G": SEVERAL}


@pytest.mark.parametrize(
    ("lines", "main"),
    [
        # the alternative's CDS is as long and its transcript has more exonic bases: its place was taken before
        (copy(101, "chr1_KI270766v1_alt", length=60) + copy(11, "chr1"), ["chr1", 10, "+"]),
        (copy(101, "chrY", length=60) + copy(11, "chrX"), ["chrX", 10, "+"]),
        (copy(101, "chr1", length=60) + copy(11, "chr2", tags=' tag "MANE_Select";'), ["chr2", 10, "+"]),
        (
            copy(101, "chr1", length=60) + copy(11, "chr2", "-", tags=' tag "Ensembl_canonical";'),
            ["chr2", 49, "-"],
        ),
    ],
)
def test_the_main_place_is_taken_and_said(tmp_path, wide, caplog, lines, main):
    table = found(write(tmp_path / "x.gtf", lines), wide)
    assert table.loc["G"].tolist() == [*main, ""]
    assert f"the main one is taken: G ({main[0]}:10-50 {main[2]})" in caplog.text


def test_transcripts_apart_on_one_strand_are_one_gene(tmp_path, wide, caplog):
    lines = copy(11, "chr1") + copy(101, "chr1", transcript="NM_2", length=50)
    assert found(write(tmp_path / "x.gtf", lines), wide).loc["G"].tolist() == ["chr1", 100, "+", ""]
    assert "several places" not in caplog.text


def test_a_place_that_the_genome_lacks_is_none(tmp_path, wide):
    lines = copy(11, "chr1") + copy(101, "chr1_KI270766v2_alt") + copy(101, "chr5")
    assert found(write(tmp_path / "x.gtf", lines), wide).loc["G"].tolist() == ["chr1", 10, "+", ""]


def test_one_transcript_id_under_two_genes_is_a_transcript_of_each(tmp_path, wide):
    lines = copy(11, "chr1") + copy(31, "chr1", gene="H")
    apart = sorted(
        zip(*(read_gtf(write(tmp_path / "x.gtf", lines)).frame[k] for k in ("gene_id", "start")), strict=True)
    )
    assert apart == [("G", 10), ("H", 30)]
    mixed = [line for pair in zip(lines[:3], lines[3:], strict=True) for line in pair]
    read = read_gtf(write(tmp_path / "y.gtf", mixed))
    assert read.frame["end"].tolist() == [50, 70]
    assert read.exons.total(2).tolist() == [40, 40]
    assert found(tmp_path / "y.gtf", wide)["tss"].to_dict() == {"G": 10, "H": 30}


def test_a_line_without_gene_id_belongs_to_its_transcripts_gene(tmp_path):
    lines = [each.replace('gene_id "G"; ', "") if "\texon\t" in each else each for each in copy(11, "chr1")]
    assert read_gtf(write(tmp_path / "x.gtf", lines)).exons.total(1).tolist() == [40]


def test_two_symbols_of_one_gene_are_said(tmp_path, wide, caplog):
    lines = copy(11, "chr1", length=60) + [
        each.replace('gene_name "G"', 'gene_name "other"') for each in copy(31, "chr1", transcript="NM_2")
    ]
    lines = [each.replace('gene_name "G"', 'gene_name "one"') for each in lines]
    table = genes_of_gtf(write(tmp_path / "x.gtf", lines), wide)
    assert table.frame["symbol"].tolist() == ["one"]
    assert "1 genes have several symbols in the annotation, one is shown: G" in caplog.text


def test_a_symbol_is_shown_where_the_chosen_transcript_has_none(tmp_path, wide, caplog):
    bare = [each.replace('gene_name "G";', "") for each in copy(11, "chr1", length=60)]
    named = [each.replace('gene_name "G"', 'gene_name "one"') for each in copy(31, "chr1", transcript="NM_2")]
    assert genes_of_gtf(write(tmp_path / "x.gtf", bare + named), wide).frame["symbol"].tolist() == ["one"]
    assert "several symbols" not in caplog.text


@pytest.mark.parametrize(("tss", "strand"), [(11, "+"), (150, "-")])
def test_a_gene_table_says_which_place_and_the_nearest_start_which_strand(tmp_path, wide, tss, strand):
    """Features are those of the place: CDS of 20 bp at (chr1, +), 22 bp at (chr1, -), 24 bp on chr2; less one."""
    here = copy(11, "chr1") + [
        each.replace("\t124\t", "\t126\t") for each in copy(101, "chr1", "-", length=50)
    ]
    away = [each.replace("\t34\t", "\t38\t") for each in copy(11, "chr2")]
    gtf = write(tmp_path / "x.gtf", here + away + FORWARD)
    genes = tmp_path / "genes.tsv"
    genes.write_text(f"gene_id\tchrom\ttss\nG\tchr1\t{tss}\nA\tchr1\t11\n")
    scale = {name: (0.0, 1.0) for name in ("UTR5LEN", "CDSLEN", "INTRONLEN", "UTR3LEN")}
    table = genes_of_list(genes, GTF_1, wide, gtf, scale=scale).frame.set_index("gene_id")
    assert table.loc["G", "strand"] == strand
    assert table.loc["G", "dropped"] == ""
    assert 10 ** table.loc["G", "CDSLEN_log10zscore"] == pytest.approx({"+": 19.1, "-": 21.1}[strand])

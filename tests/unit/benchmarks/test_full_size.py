"""The benchmark of the main job at real size: its files hold what was drawn, and a wrong number ends it."""

from __future__ import annotations

import csv
import gzip
import sys
import zipfile

import cooler
import numpy as np
import pyBigWig
import pytest

from benchmarks import full_size
from benchmarks.real_size import annotation, checks, contacts, genes, genome, signals
from benchmarks.real_size.sizes import Sizes
from prism.genome.tracks.fasta import Genome, write_fasta

SMALL = Sizes(0.001)


@pytest.fixture(scope="module")
def drawn() -> genes.Genes:
    return genes.draw(SMALL)


def test_sizes_are_those_of_the_main_job():
    sizes = Sizes()
    assert round(sizes.total / 1e9, 2) == 3.11
    assert sum(sizes.intervals.values()) == 20_000_000
    bins = np.array([-(-bp // contacts.BIN) for bp in sizes.lengths.values()])
    assert round(sum((bins[:, None] - contacts.OFFSETS).clip(0).sum(axis=1)) / 1e6) == 49


def test_genes_of_the_main_job_are_as_many_and_lose_as_many(monkeypatch):
    monkeypatch.setattr(genes, "_labels", lambda sizes, frame, dice: np.zeros(len(frame)))
    found = genes.draw(Sizes())
    assert found.frame["in_gtf"].sum() == 60_649
    assert found.listed["split"].value_counts().to_dict() == {"train": 15_985, "valid": 1_225, "test": 1_167}
    assert (~found.listed["in_gtf"]).sum() == 920
    assert (~found.listed["labelled"]).sum() == 735
    assert len(found.kept) == 16_722
    assert (found.kept["split"] == "test").sum() == 1_070
    assert found.frame["gene_id"].is_unique


def test_bases_in_the_file_are_those_that_were_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(genome, "_BLOCK", 60 * 1000)
    genome.write(tmp_path / "genome.fa.gz", SMALL)
    assert write_fasta(tmp_path / "genome.fa.gz", tmp_path / "genome.fa") == SMALL.lengths
    whole = Genome(tmp_path / "genome.fa")
    end = SMALL.lengths["chr1"]
    for start, stop in ((-500, 20_000), (59_000, 121_000), (end - 11_000, end + 500)):
        found = genome.codes(SMALL, "chr1", start, stop)
        assert (whole.codes("chr1", start, stop) == found).all()
        assert (found == 4).any() == (start != 59_000)
    assert np.bincount(genome.codes(SMALL, "chr2", 50_000, 90_000)).min() > 9_500


def test_values_in_the_file_are_those_that_were_drawn(tmp_path):
    signals.write(tmp_path / "signal.bw", SMALL, "DNase")
    drawn = signals.intervals(SMALL, "DNase", "chr5")
    with pyBigWig.open(str(tmp_path / "signal.bw")) as file:
        assert len(file.intervals("chr5")) == SMALL.intervals["chr5"]
        found = np.nan_to_num(file.values("chr5", 0, 5_000, numpy=True))
    assert (signals.values(drawn, 0, 5_000) == found).all()
    assert (signals.values(drawn, -30, 100)[:30] == 0).all()
    assert 0 < (found == 0).sum() < 2_500  # gaps, as cells are filled by half at least


def test_contacts_in_the_file_are_those_that_were_drawn(tmp_path):
    n = contacts.write(tmp_path / "map.cool", SMALL)
    file = cooler.Cooler(str(tmp_path / "map.cool"))
    matrix = np.nan_to_num(file.matrix(balance=True).fetch("chr2"))
    assert n == file.pixels()[:].shape[0]
    for one, other in ((0, 0), (3, 10), (10, 3), (39, 7), (0, len(matrix) - 1)):
        assert contacts.between(SMALL, "chr2", one, other) == pytest.approx(matrix[one, other], rel=1e-12)
    assert contacts.between(SMALL, "chr2", 0, len(matrix)) == 0


def test_tables_hold_the_genes(tmp_path, drawn):
    n = annotation.write(tmp_path / "a.gtf.gz", drawn)
    lines = gzip.decompress((tmp_path / "a.gtf.gz").read_bytes()).decode().splitlines()
    assert len(lines) == n
    kinds = [line.split("\t")[2] for line in lines if line[0] != "#"]
    assert kinds.count("gene") == drawn.frame["in_gtf"].sum()
    genes.write_table(tmp_path / "genes.csv", drawn)
    with open(tmp_path / "genes.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["TSS"]) - 1 for row in rows] == drawn.listed["tss"].tolist()
    genes.write_labels(tmp_path / "labels.zip", drawn)
    with zipfile.ZipFile(tmp_path / "labels.zip") as file:
        assert len(file.read(genes.LABEL_MEMBER).splitlines()) == 1 + drawn.listed["labelled"].sum()


def test_coding_segments_are_whole_codons_of_the_exons_in_the_genes_direction(drawn):
    """One coding transcript of each strand: CDS from 60 bp inside, the start codon where the gene begins."""
    for strand in "+-":
        gene = next(each for each in drawn.frame.itertuples() if each.strand == strand and each.coding)
        fields = [line.split("\t") for line in annotation._gene(0, gene)]
        place = {kind: (int(low), int(high)) for _, _, kind, low, high, *_ in fields}
        first = place["start_codon"][0] if strand == "+" else place["start_codon"][1]
        assert abs(first - 1 - gene.tss) == 60
        assert place["transcript"][0 if strand == "+" else 1] == gene.tss + 1


def test_what_differs_is_named():
    checks.equal("same", np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    with pytest.raises(SystemExit, match=r"bases, at \[1\]: .*2.*, expected .*3"):
        checks.equal("bases", np.array([1, 2]), np.array([1, 3]))
    with pytest.raises(SystemExit, match="genes: 4, expected 5"):
        checks.equal("genes", 4, 5)


def test_costs_of_a_stage_are_those_of_its_jobs(tmp_path, monkeypatch):
    stage = full_size.Stage("figures", "figures/*.tsv", ("made/*",))
    monkeypatch.setattr(full_size, "STAGES", (stage,))
    costs, made = tmp_path / "results/job_costs/figures", tmp_path / "made"
    costs.mkdir(parents=True), made.mkdir()
    (costs / "a.tsv").write_text("s\tmax_rss\tcpu_time\n2.5\t300.2\t1.5\n")
    (costs / "b.tsv").write_text("s\tmax_rss\tcpu_time\n0.5\tNA\tNA\n")
    (made / "one.svg").write_bytes(b"0" * 200_000)
    (made / "link.svg").symlink_to(made / "one.svg")  # a user's own file, which is only linked
    assert full_size.rows(tmp_path)[1].split() == ["figures", "2", "3.0", "1.5", "300", "0.2"]
    (costs / "a.tsv").unlink(), (costs / "b.tsv").unlink()
    with pytest.raises(SystemExit, match="figures: no record of its costs"):
        full_size.rows(tmp_path)


@pytest.mark.slow
def test_the_whole_benchmark_at_a_small_scale(tmp_path, monkeypatch, capsys):
    words = ["full_size", "--scale", "0.001", "--steps", "1", "--folder", str(tmp_path), "--cores", "1"]
    monkeypatch.setattr(sys, "argv", words)
    full_size.main()
    text = capsys.readouterr().out
    assert text.count("right: ") == 6
    assert "21 of 23 genes to test" in text
    metrics = tmp_path / "run/results/qc/K562.json"
    metrics.write_text(metrics.read_text().replace("21 of 23 test genes", "22 of 23 test genes"))
    with pytest.raises(SystemExit, match="quality page, test: False, expected True"):
        full_size.main()
    assert "made" not in capsys.readouterr().err  # the files were there whole

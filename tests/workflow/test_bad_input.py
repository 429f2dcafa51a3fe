"""Bad input ends a run before training, with a line that names the thing, the value and the fix."""

from __future__ import annotations

import hashlib
import json
import os
import shutil

import pandas as pd
import pytest

from tests.workflow.project import CONFIG, Project, executed_jobs, make_project

GENE_COLUMNS = {"gene_id": "gene_id", "chrom": "chrom", "tss": "tss", "strand": "strand"}
WINDOWS = "results/windows/simA/400.h5"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory, root) -> Project:
    """A project with the simulated files and nothing else."""
    project = make_project(tmp_path_factory.mktemp("simulated"), root)
    project.snakemake("resources/simulated/genome.fa.gz")
    return project


@pytest.fixture
def project(simulated, tmp_path) -> Project:
    """A copy to spoil."""
    shutil.copytree(simulated.folder, tmp_path / "project")
    return Project(tmp_path / "project", simulated.workflow)


def with_gene_table(project: Project, rows: list[tuple]) -> None:
    """Configure a user's table of genes (gene_id, chrom, tss, strand)."""
    pd.DataFrame(rows, columns=list(GENE_COLUMNS)).to_csv(project.folder / "mine.csv", index=False)
    table = {"address": "mine.csv", "tss_base": 0, "columns": GENE_COLUMNS}
    assemblies = {"simulated": CONFIG["assemblies"]["simulated"] | {"annotation": None, "gene_table": table}}
    project.configure(assemblies=assemblies)


def replace_track(project: Project, name: str, content: bytes) -> None:
    """Put a file of the user's in the place of a signal."""
    (project.folder / name).write_bytes(content)
    table = project.folder / "cell_types.tsv"
    old = "file://{workdir}/resources/simulated/simA/DNase.bw"
    assert old in table.read_text()
    table.write_text(table.read_text().replace(old, name))


GENES = [("A", "chr1", 50_000, "+"), ("B", "chr2", 60_000, "-"), ("C", "chr3", 70_000, "+")]


def test_chr_prefix_is_resolved_and_logged(project):
    with_gene_table(
        project, [(name, chrom.removeprefix("chr"), tss, strand) for name, chrom, tss, strand in GENES]
    )
    project.snakemake("resources/simulated/genes.tsv")
    genes = pd.read_csv(project.folder / "resources/simulated/genes.tsv", sep="\t")
    assert list(genes["chrom"]) == ["chr1", "chr2", "chr3"]
    assert "chr" in (project.folder / "logs/annotation/simulated.log").read_text()


BAD_GENES = [
    ([*GENES, ("D", "chr9", 10, "+")], r"no chromosome chr9; it has chr1, chr2, chr3"),
    ([*GENES, ("D", "chr1", 400_000, "+")], "D: tss 400000 is not on chr1, which has 400000 bp"),
    ([*GENES, ("A", "chr1", 90_000, "+")], "gene ids given more than once: A"),
]


@pytest.mark.parametrize(("rows", "message"), BAD_GENES)
def test_bad_genes(project, rows, message):
    with_gene_table(project, rows)
    out = project.snakemake(WINDOWS, succeeds=False)
    assert message in out
    assert "Traceback" not in out.split("error:")[1].split("\n")[0]


def test_not_a_bigwig(project):
    replace_track(project, "notes.bw", b"chr1\t0\t100\t1.5\n" * 100)
    out = project.snakemake(WINDOWS, succeeds=False)
    assert "error: simA.DNase.bigWig" in out
    assert "bigWig" in out.split("error:")[1]
    assert not (project.folder / "resources/downloads/simA.DNase.bigWig").exists()


def test_bigwig_of_another_assembly(project):
    import pyBigWig

    with pyBigWig.open(str(project.folder / "other.bw"), "w") as track:
        track.addHeader([(f"chr{number}", 500_000) for number in (1, 2, 3)])
        track.addEntries(["chr1"], [100], ends=[200], values=[1.0])
    replace_track(project, "other.bw", (project.folder / "other.bw").read_bytes())
    out = project.snakemake(WINDOWS, succeeds=False)
    assert "500000" in out
    assert "400000" in out
    assert not (project.folder / WINDOWS).exists()


def test_bigwig_without_a_chromosome_that_has_genes(project):
    import pyBigWig

    with pyBigWig.open(str(project.folder / "part.bw"), "w") as track:
        track.addHeader([("chr1", 400_000), ("chr2", 400_000)])
        track.addEntries(["chr1"], [100], ends=[200], values=[1.0])
    replace_track(project, "part.bw", (project.folder / "part.bw").read_bytes())
    out = project.snakemake(WINDOWS, succeeds=False)
    assert "chr3" in out.split("error:")[1].split("\n")[0]


def test_odd_window_length_on_the_command_line(project):
    out = project.snakemake("results/windows/simA/401.h5", succeeds=False)
    assert "401" in out.split("error:")[1].split("\n")[0]


def test_fold_whose_test_set_has_no_gene(project):
    folds = project.folder / "folds.tsv"
    folds.write_text(folds.read_text().replace("chr3\ttest", "chr4\ttest"))
    out = project.snakemake("results/runs/simA/floor/fold1/seed2/metrics.json", succeeds=False)
    assert "its test split" in out
    assert "chr4" in out


def test_configuration_errors_are_one_line_of_snakemake(project):
    project.configure(seedz=[1])
    out = project.snakemake("--dry-run", succeeds=False)
    assert "config: unknown key 'seedz'" in out
    table = project.folder / "cell_types.tsv"
    table.write_text(table.read_text().replace("assembly", "genome"))
    project.configure()
    out = project.snakemake("--dry-run", succeeds=False)
    assert "no column 'assembly'; it has cell_type, genome" in out


def test_unknown_cell_type_on_the_command_line(project):
    out = project.snakemake("results/windows/simX/400.h5", succeeds=False)
    assert "cell type 'simX' is not in cell_types.tsv; there are: simA" in out


def test_cell_types_without_a_label_have_data_and_no_comparison(fresh):
    table = fresh.folder / "cell_types.tsv"
    table.write_text("cell_type\tassembly\tDNase\nsimA\tsimulated\tresources/simulated/simA/DNase.bw\n")
    jobs = fresh.planned()
    assert {"all", "cut_windows", "quality", "figure_signal_profile"} <= set(jobs)
    assert [rule for rule in jobs if rule.startswith(("train", "evaluation", "figure_metrics"))] == []
    assert set(fresh.planned("evaluate")) == {"evaluate"}


def test_a_file_that_is_gone_is_missed_after_a_run_too(finished, tmp_path):
    shutil.copytree(finished.folder, tmp_path / "project", symlinks=True)
    project = Project(tmp_path / "project", finished.workflow)
    table = project.folder / "cell_types.tsv"
    table.write_text(table.read_text().replace("simulated/simA/DNase.bw", "simulated/simA/DNase_v2.bw"))
    out = project.snakemake(succeeds=False)
    assert "cell_types.tsv: simA, column DNase = 'resources/simulated/simA/DNase_v2.bw': no such file" in out
    assert executed_jobs(out) == {}


def test_a_file_that_an_older_one_replaces_is_taken_again(project):
    tracks = project.folder / "resources/simulated/simA"
    own, manifest = project.folder / "own.bw", project.folder / "resources/downloads/simA.DNase.bigWig.json"
    replace_track(project, "own.bw", (tracks / "DNase.bw").read_bytes())
    project.snakemake(str(manifest.relative_to(project.folder)))
    assert project.planned(str(manifest.relative_to(project.folder))) == {}
    own.write_bytes((tracks / "H3K27ac.bw").read_bytes())
    os.utime(own, (1e9, 1e9))
    project.snakemake(str(manifest.relative_to(project.folder)))
    assert json.loads(manifest.read_text())["md5"] == hashlib.md5(own.read_bytes()).hexdigest()
    assert project.planned(str(manifest.relative_to(project.folder))) == {}

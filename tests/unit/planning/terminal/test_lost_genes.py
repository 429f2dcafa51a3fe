"""Which genes a run was made without, as it is said at its end."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from workflow_scripts.planning.terminal.lost_genes import gene_words

HEADER = "gene_id\tsymbol\tchrom\ttss\tstrand\texpression\tdropped\n"
CHROMOSOMES = "fold\tchromosome\tsplit\n" + "".join(
    f"{fold}\t{chrom}\t{split}\n"
    for fold in (1, 2)
    for chrom, split in (("chr1", "train"), ("chr2x", "train"), ("chr3", "valid"), ("chr4", "test"))
)


def job(*outputs: str) -> SimpleNamespace:
    return SimpleNamespace(output=list(outputs))


@pytest.fixture
def plan(tmp_path, monkeypatch) -> SimpleNamespace:
    """A plan of one fold; genes tables are written below the prefix `sub/`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folds.tsv").write_text(CHROMOSOMES)
    return SimpleNamespace(
        prefix="sub/", config={"folds": str(tmp_path / "folds.tsv")}, chosen={"folds": [1]},
        trained=["liver", "colon"], members=lambda name: ["liver", "colon"] if name == "gut" else [name],
    )  # fmt: skip


def write(name: str, genes: list[tuple[str, str, str]]) -> None:
    path = Path("sub/results/genes", f"{name}.tsv")
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{gene}\t{gene}\t{chrom}\t5\t+\t{'' if why else 1}\t{why}\n" for gene, chrom, why in genes]
    path.write_text(HEADER + "".join(lines))


def on(*chromosomes: str) -> list[tuple[str, str, str]]:
    return [(f"{name}.{i}", name, "") for name in chromosomes for i in range(2)]


def test_losses_by_split_and_reason_once_for_all_runs_of_a_fold(plan):
    lost = [(f"l{i}", "chr4", "no label") for i in range(5)] + [
        ("n", "chr4", "no CDS"),
        ("m", "chrM", "no CDS"),
    ]
    write("liver", on("chr1", "chr2x", "chr3", "chr4") + lost)
    write("colon", on("chr1", "chr2x", "chr3", "chr4"))
    jobs = [job(f"sub/results/genes/{name}.tsv") for name in ("liver", "colon")]
    runs = [f"sub/results/runs/liver/ridge_2k/fold1/seed{seed}" for seed in (2, 22)]
    jobs += [job(f"{run}/best.ckpt", f"{run}/metrics.json") for run in runs]
    assert gene_words(jobs, plan).splitlines() == [
        "liver: genes were dropped; sub/results/genes/liver.tsv says of each why",
        "  fold 1, test: 6 of 8 dropped: 5 no label (l0, l1, l2 and 2 more); 1 no CDS (n)",
        "  fold 1, in no split: 1 of 1 dropped: 1 no CDS (m)",
    ]


def test_losses_of_a_group_are_those_of_its_members(plan):
    write("liver", [*on("chr1", "chr2x", "chr3", "chr4"), ("l", "chr4", "no label")])
    write("colon", on("chr1", "chr2x", "chr3", "chr4"))
    assert gene_words([job("sub/results/runs/gut/a/fold1/seed2/metrics.json")], plan).splitlines() == [
        "liver: genes were dropped; sub/results/genes/liver.tsv says of each why",
        "  fold 1, test: 1 of 3 dropped: 1 no label (l)",
    ]


def test_a_training_chromosome_that_no_gene_has_is_said_once_per_fold(plan):
    write("liver", on("chr1", "chr3", "chr4"))
    write("colon", on("chr1", "chr3", "chr4"))
    jobs = [
        job(f"sub/results/runs/{name}/a/fold{fold}/seed{seed}/metrics.json")
        for name in ("liver", "colon") for fold in (1, 2) for seed in (2, 22)
    ]  # fmt: skip
    assert gene_words(jobs, plan).splitlines() == [
        f"Fold {fold}, train: no gene of colon or liver lies on chr2x; is the name right in the folds table?"
        for fold in (1, 2)
    ]


def test_a_gene_of_a_fold_that_no_dataset_has(plan, tmp_path):
    rows = [("a", "train"), ("typo", "train"), ("b", "valid"), ("c", "test")]
    (tmp_path / "folds.tsv").write_text(
        "fold\tgene_id\tsplit\n" + "".join(f"1\t{gene}\t{split}\n" for gene, split in rows)
    )
    write("liver", [("a", "chr1", ""), ("b", "chr1", ""), ("c", "chr1", "")])
    assert gene_words([job("sub/results/genes/liver.tsv")], plan) == (
        "Fold 1, train: liver has no gene typo; is the name right in the folds table?\n"
    )


def test_nothing_is_said_of_a_run_that_lost_nothing_or_did_not_train(plan):
    write("liver", on("chr1", "chr2x", "chr3", "chr4"))
    assert gene_words([job("sub/results/genes/liver.tsv")], plan) == ""
    write("liver", on("chr1"))
    others = [
        job("sub/results/genes/other.tsv"),
        job("results/genes/liver.tsv"),
        job("sub/results/qc/liver.html"),
    ]
    assert gene_words(others, plan) == ""

"""A run whose texts are words of the shell: they come out as they are, and nothing in them is executed."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from tests.workflow.project import CONFIG, FOLDS, cell_type_row

pytestmark = pytest.mark.slow

PATH = "$(touch PWNED)`touch PWNED`'\" & touch PWNED #"
SHELL = PATH + "; {input} {wildcards.cell_type}"
TARGETS = [
    "results/qc/simA.html",
    "results/comparison/figures/metrics.svg",
    "results/comparison/figures/signal_profile.simA.svg",
]


def test_no_text_is_executed_and_each_comes_out_as_it_is(fresh, root):
    folder, mine = fresh.folder, f"-my {PATH}"
    fresh.snakemake("resources/simulated/genome.fa.gz")
    (folder / mine).mkdir()
    (folder / mine / "folds.tsv").write_text(FOLDS)
    shutil.copy(root / "config/published_results.tsv", folder / mine / "published.tsv")
    shutil.copy(folder / "resources/simulated/simA/DNase.bw", folder / mine / f"d.{PATH}")
    header = (folder / "cell_types.tsv").read_text().split("\n")[0]
    row = cell_type_row("simA", "simA").rstrip("\n").replace("\tCAGE\t", f"\t{SHELL}\t")
    row = row.replace("file://{workdir}/resources/simulated/simA/DNase.bw", f"{mine}/d.{PATH}")
    (folder / "cell_types.tsv").write_text(f"{header}\tDNase_output_type\n{row}\tx {SHELL}\n")
    fresh.configure(
        folds=f"{mine}/folds.tsv",
        published=f"{mine}/published.tsv",
        run=CONFIG["run"] | {"models": ["floor"]},
    )
    fresh.snakemake(*TARGETS)
    found = [name for _, folders, files in os.walk(folder) for name in [*folders, *files]]
    assert [name for name in found if name.startswith("PWNED")] == []
    metrics = json.loads((folder / "results/runs/simA/floor/fold1/seed2/metrics.json").read_text())
    assert SHELL in json.dumps(metrics, ensure_ascii=False).replace('\\"', '"')
    numbers = json.loads((folder / "results/qc/simA.json").read_text())
    assert numbers["label"]["assay"] == SHELL
    assert numbers["sources"]["DNase"]["output_type"] == f"x {SHELL}"


def test_what_would_be_part_of_a_files_name_is_refused(fresh):
    fresh.configure(assemblies={"a;touch PWNED;b": CONFIG["assemblies"]["simulated"]})
    out = fresh.snakemake("--dry-run", succeeds=False)
    assert "config: assemblies = 'a;touch PWNED;b'" in out
    assert "letters, digits" in out

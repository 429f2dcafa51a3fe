"""One model on two cell types through Snakemake: scores of each, a group of one, a prediction, figures."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from tests.workflow.project import CONFIG, cell_type_row, executed_jobs

GROUPS = {"both": ["simB", "simA"], "alone": ["simA"]}
RUN = CONFIG["run"] | {"joint": GROUPS, "seeds": [2]}


@pytest.fixture
def with_groups(finished):
    """The finished project with a second cell type and two groups; it is put back after."""
    table = finished.folder / "cell_types.tsv"
    before = table.read_text()
    table.write_text(before + cell_type_row("simB", "simB"))
    finished.configure(run=RUN)
    yield finished
    table.write_text(before)
    finished.configure()


def test_a_group_trains_beside_what_is_there(with_groups):
    """The runs of the cell type by itself stay; the data of the other member are made."""
    planned = with_groups.planned("train")
    assert planned.pop("download") > 0
    assert planned == {
        "genes": 1, "cut_windows": 1, "clear_for_training": 4, "train_ridge": 2, "train_prism": 2, "train": 1,
    }  # fmt: skip


@pytest.mark.slow
def test_a_group_to_the_end(with_groups):
    project, prediction = with_groups, "results/predictions/simB/both.tiny.fold1.seed2.tsv.gz"
    out = project.snakemake("all", prediction)
    assert executed_jobs(out)["train_prism"] == 2
    assert "Joint both: one model of simA, simB" in out
    runs = project.folder / "results/runs"
    for model in ("floor", "tiny"):
        folder = runs / f"both/{model}/fold1/seed2"
        record = json.loads((folder / "metrics.json").read_text())
        assert record["cell_type"] == "both"
        assert list(record["cell_types"]) == ["simA", "simB"]
        assert record["label"]["assay"] == "CAGE"
        table = pd.read_csv(folder / "predictions.tsv.gz", sep="\t").query("split == 'test'")
        error = (table["prediction"] - table["expression"]) ** 2
        assert record["metrics"]["test"]["mse"] == pytest.approx(error.mean(), rel=1e-6)
        for name, found in record["cell_types"].items():
            its = table[table["cell_type"] == name]
            assert found["metrics"]["test"]["n"] == len(its) > 0
            assert found["metrics"]["test"]["mse"] == pytest.approx(error[its.index].mean(), rel=1e-6)
            pearson = np.corrcoef(its["prediction"], its["expression"])[0, 1]
            assert found["metrics"]["test"]["pearson"] == pytest.approx(pearson, abs=1e-6)
        # a group of one is the plain run
        plain, alone = (
            json.loads((runs / name / model / "fold1/seed2/metrics.json").read_text())
            for name in ("simA", "alone")
        )
        assert alone["metrics"] == plain["metrics"] == alone["cell_types"]["simA"]["metrics"]
    own = pd.read_csv(runs / "both/tiny/fold1/seed2/predictions.tsv.gz", sep="\t").query(
        "cell_type == 'simB'"
    )
    there = pd.read_csv(project.folder / prediction, sep="\t").set_index("gene_id")["prediction"]
    assert there[own["gene_id"]].to_numpy() == pytest.approx(own["prediction"].to_numpy(), rel=1e-4)
    for name in ("scatter.both.svg", "training_curves.both.svg", "signal_profile.simB.svg"):
        assert (project.folder / "results/comparison/figures" / name).is_file()
    summary = pd.read_csv(project.folder / "results/comparison/summary.tsv", sep="\t")
    assert set(summary["cell_type"]) == {"simA", "both", "alone"}

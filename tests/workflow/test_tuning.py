"""Tuning through Snakemake: candidates by validation alone, one choice for all seeds, another choice trains again."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import yaml

from tests.workflow.project import CONFIG, MODELS, executed_jobs

RATES = [1.0e-9, 1.0e-2]  # the first learns nothing
TUNING = "results/tuning/simA/tuned/fold1"


@pytest.fixture
def with_tuned(finished):
    """Function: give the finished project the entry `tuned`, with lists of values; the project is put back after."""

    def write(**tune):
        entry = MODELS["models"]["tiny"] | {"tune": tune}
        models = MODELS | {"models": MODELS["models"] | {"tuned": entry}}
        (finished.folder / "models.yaml").write_text(yaml.safe_dump(models))
        finished.configure(run=CONFIG["run"] | {"models": ["floor", "tiny", "tuned"]})
        return finished

    yield write
    (finished.folder / "models.yaml").write_text(yaml.safe_dump(MODELS, sort_keys=False))
    finished.configure()


TUNED = {"tune_model": 2, "choose_candidate": 1, "clear_for_training": 1, "train_prism": 2, "train": 1}


def test_a_plan_needs_no_choice(with_tuned):
    """What will be chosen is a file like others."""
    assert with_tuned(learning_rate=RATES).planned("train") == TUNED


@pytest.mark.slow
def test_the_best_by_validation_is_trained_with_every_seed(with_tuned):
    project = with_tuned(learning_rate=RATES)
    out = project.snakemake("train", "results/comparison/tuning.tsv")
    assert executed_jobs(out) == TUNED | {"tuning_table": 1}
    assert "Tuning: 2 candidates to train (2 of tuned), judged on validation" in out

    table = pd.read_csv(project.folder / "results/comparison/tuning.tsv", sep="\t")
    assert table["values"].tolist() == ["learning_rate=1e-09", "learning_rate=0.01"]
    assert table["valid_mse"].idxmin() == 1
    assert table["chosen"].tolist()[1] == "yes"
    assert pd.isna(table["chosen"][0])
    for place in (1, 2):
        folder = project.folder / TUNING / f"candidate{place}"
        left = {path.name.removesuffix(".sha256") for path in folder.iterdir()}
        assert left == {"history.csv", "record.json"}
        record = json.loads((folder / "record.json").read_text())
        assert "metrics" not in record
        assert record["seed"] == 2
    for seed in (2, 22):
        run = project.folder / f"results/runs/simA/tuned/fold1/seed{seed}"
        metrics = json.loads((run / "metrics.json").read_text())
        assert metrics["tuned"]["values"] == {"learning_rate": 0.01}
        assert metrics["entry"]["training"]["learning_rate"] == 0.01
        if seed == 2:  # of the candidate's seed: the same training, tested
            assert metrics["metrics"]["valid"]["mse"] == table["valid_mse"][1]

    assert project.planned("train") == {}
    again = {"choose_candidate": 1, "train_prism": 2, "train": 1}
    with_tuned(learning_rate=[*RATES, 2.0e-2])
    assert project.planned("train") == again | {"tune_model": 1}
    with_tuned(learning_rate=RATES[:1])
    assert project.planned("train") == again

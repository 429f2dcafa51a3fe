"""The trial of every model before its training: what it says, and that it trains nothing again."""

from __future__ import annotations

import json
import os

import yaml
from project import MODELS, executed_jobs

RUN = {"cell_types": ["simA"], "models": ["floor", "tiny", "gated"], "folds": [1], "seeds": [2]}
GATED = {
    "architecture": "caduceus", "length": 200, "signals": [], "protocol": "tiny",
    "settings": {"d_model": 8, "n_layer": 1},
}  # fmt: skip


def smoke_project(project, **changes):
    (project.folder / "models.yaml").write_text(
        yaml.safe_dump(MODELS | {"models": MODELS["models"] | {"gated": GATED}}, sort_keys=False)
    )
    project.configure(run=RUN, **changes)
    return project


def record(project, model):
    return json.loads((project.folder / f"results/smoke/simA/{model}.json").read_text())


def test_a_trial_of_every_model_and_no_training_again(fresh):
    project = smoke_project(fresh)
    jobs = executed_jobs(project.snakemake("smoke"))
    assert (jobs["smoke_model"], jobs["smoke_ridge"]) == (2, 1)
    assert not [name for name in jobs if name.startswith("train")]
    tiny = record(project, "tiny")
    assert (tiny["window"], tiny["window_wanted"], tiny["reduced"]) == (200, 200, [])
    assert (len(tiny["losses"]), len(tiny["seconds_a_step"]), len(tiny["valid_mse"])) == (2, 2, 2)
    assert (tiny["genes_a_step"], tiny["precision"], tiny["architecture"]) == (4, "fp32", "prism")
    assert record(project, "floor")["losses"] == []
    assert not (project.folder / "results/runs").exists()

    project.configure(run=RUN, smoke_first=True)
    planned = project.planned("train")
    assert (planned["train_prism"], planned["clear_for_training"]) == (1, 3)
    assert "smoke_model" not in planned
    project.snakemake("train")

    # neither a fresh trial, nor its disappearance, nor another setting trains again
    os.utime(project.folder / "results/smoke/simA/tiny.json")
    assert project.planned("train") == {}
    jobs = executed_jobs(project.snakemake("smoke", "train", "--forcerun", "smoke_model"))
    assert jobs["smoke_model"] == 2
    assert not [name for name in jobs if name.startswith("train_")]
    (project.folder / "results/smoke/simA/tiny.json").unlink()
    project.configure(run=RUN, smoke_first=False)
    assert not [name for name in project.planned("train") if name.startswith("train_")]


def test_training_waits_for_a_trial_that_fails_and_says_why(fresh):
    project = smoke_project(fresh, smoke_first=True)
    models = MODELS["models"] | {"gated": GATED | {"settings": {"d_model": 8, "n_layer": 0}}}
    (project.folder / "models.yaml").write_text(yaml.safe_dump(MODELS | {"models": models}))
    said = project.snakemake("train", succeeds=False)
    assert "smoke: gated on simA failed: ValueError: setting n_layer=0 must be" in said
    assert not (project.folder / "results/smoke/simA/gated.json").exists()
    assert not (project.folder / "results/runs/simA/gated").exists()
    assert (project.folder / "results/runs/simA/tiny/fold1/seed2/metrics.json").exists()

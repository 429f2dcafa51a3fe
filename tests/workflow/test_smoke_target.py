"""The trial of every model before its training: what it says, and that it trains nothing again."""

from __future__ import annotations

import json
import os
import shutil

import pytest
import yaml

from tests.workflow.project import MODELS, executed_jobs

pytestmark = pytest.mark.slow

RUN = {"cell_types": ["simA"], "models": ["floor", "tiny", "gated"], "folds": [1], "seeds": [2]}
GATED = {
    "architecture": "caduceus", "length": 200, "signals": [], "protocol": "tiny",
    "settings": {"d_model": 8, "n_layer": 1},
}  # fmt: skip


def trial_project(project, **changes):
    (project.folder / "models.yaml").write_text(
        yaml.safe_dump(MODELS | {"models": MODELS["models"] | {"gated": GATED}}, sort_keys=False)
    )
    project.configure(run=RUN, **changes)
    return project


def record(project, model):
    return json.loads((project.folder / f"results/smoke/simA/{model}.json").read_text())


def test_a_trial_of_every_model_and_no_training_again(fresh):
    project = trial_project(fresh)
    jobs = executed_jobs(project.snakemake("smoke"))
    assert (jobs["try_model"], jobs["try_ridge"]) == (2, 1)
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
    assert "try_model" not in planned
    project.snakemake("train")

    # neither a fresh trial, nor its disappearance, nor another setting trains again
    os.utime(project.folder / "results/smoke/simA/tiny.json")
    assert project.planned("train") == {}
    jobs = executed_jobs(project.snakemake("smoke", "train", "--forcerun", "try_model"))
    assert jobs["try_model"] == 2
    assert not [name for name in jobs if name.startswith("train_")]
    (project.folder / "results/smoke/simA/tiny.json").unlink()
    project.configure(run=RUN, smoke_first=False)
    assert not [name for name in project.planned("train") if name.startswith("train_")]


def test_training_waits_for_a_trial_that_fails_and_says_why(fresh):
    project = trial_project(fresh, smoke_first=True)
    models = MODELS["models"] | {"gated": GATED | {"settings": {"d_model": 8, "n_layer": 0}}}
    (project.folder / "models.yaml").write_text(yaml.safe_dump(MODELS | {"models": models}))
    said = project.snakemake("train", succeeds=False)
    assert "trial: gated on simA failed: ValueError: setting n_layer=0 must be" in said
    assert not (project.folder / "results/smoke/simA/gated.json").exists()
    assert not (project.folder / "results/runs/simA/gated").exists()
    assert (project.folder / "results/runs/simA/tiny/fold1/seed2/metrics.json").exists()


def test_a_trial_that_had_to_be_cut_is_told_and_clears_no_training(fresh, tmp_path):
    """In a clone where more than two genes a step find no memory."""
    clone = tmp_path / "clone"
    ignored = shutil.ignore_patterns(".git", ".venv", "tests", "__pycache__", ".snakemake", ".*_cache")
    shutil.copytree(fresh.workflow, clone, ignore=ignored)
    script, asked = (
        clone / "prism/training/trial.py",
        "needed_bytes(run, device), available_bytes(device, mem_mb)",
    )
    text = script.read_text()
    assert text.count(asked) == 1
    script.write_text(text.replace(asked, f"{asked} * (run.settings.batch_size <= 2)"))
    fresh.workflow = clone
    project = trial_project(fresh)
    said = project.snakemake("smoke")
    for model in ("tiny", "gated"):
        assert f"{model} on simA, whose trial was cut from 4 genes at once to 2 (4 gene(s) of 200 bp" in said
    assert said.count("Does not fit as it is: ") == 2

    project.configure(run=RUN, smoke_first=True)
    said = project.snakemake("train", "--keep-going", succeeds=False)
    assert "error: tiny on simA: its trial did not fit and was cut from 4 genes at once to 2 (" in said
    assert "In its entry set training.micro_batch: 2 (a model with BatchNorm refuses it), " in said
    assert not (project.folder / "results/runs/simA/tiny").exists()
    assert (project.folder / "results/runs/simA/floor/fold1/seed2/metrics.json").exists()

    project.configure(run=RUN, smoke_first=False)
    planned = project.planned("train")
    assert (planned["train_prism"], planned["train_caduceus"]) == (1, 1)

"""`start_from` through Snakemake: the run that it names is trained first, and its checkpoint is the start."""

from __future__ import annotations

import hashlib
import json

import pytest
import yaml

from tests.workflow.project import CONFIG, MODELS

RUN = "results/runs/simA/warm/fold1/seed2"


@pytest.fixture
def with_warm(finished):
    """Function: give the finished project the entry `warm` that starts from another; the project is put back after."""

    def write(base: str, **others):
        warm = MODELS["models"]["tiny"] | {"start_from": {"run": base}}
        models = MODELS | {"models": MODELS["models"] | {"warm": warm} | others}
        (finished.folder / "models.yaml").write_text(yaml.safe_dump(models))
        finished.configure(run=CONFIG["run"] | {"models": ["floor", "warm"]})
        return finished

    yield write
    (finished.folder / "models.yaml").write_text(yaml.safe_dump(MODELS, sort_keys=False))
    finished.configure()


def test_a_run_that_is_not_there_is_trained_first(with_warm):
    project = with_warm("cold", cold=MODELS["models"]["tiny"])
    assert project.planned("train") == {"clear_for_training": 2, "train_prism": 4, "train": 1}


@pytest.mark.slow
def test_a_finished_run_is_the_start(with_warm):
    project = with_warm("tiny")
    project.snakemake(f"{RUN}/metrics.json")
    base = "results/runs/simA/tiny/fold1/seed2/best.ckpt"
    start = json.loads((project.folder / RUN / "metrics.json").read_text())["start"]
    assert (start["file"], start["seed"]) == (base, 2)
    assert start["sha256"] == hashlib.sha256((project.folder / base).read_bytes()).hexdigest()
    assert project.planned(f"{RUN}/metrics.json") == {}

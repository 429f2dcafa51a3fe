"""Each model family that needs no environment of its own trains, predicts and is compared through its rule."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import yaml

from prism.models.catalogue import names
from tests.workflow.project import MODELS, executed_jobs

pytestmark = pytest.mark.slow

SMALL = {"d_model": 8, "n_layer": 1}
FAMILIES = {
    "caduceus": {"length": 200, "signals": [], "settings": SMALL},
    "caduceus_signals": {"length": 200, "settings": SMALL | {"input_mask": "peaks"}},
    "mamba": {"length": 200, "signals": [], "settings": SMALL},
    "hyenadna": {"length": 200, "signals": [], "settings": SMALL},
    "seq2exp_soft": {"length": 400, "settings": SMALL | {"center_len": 100}},
    "seq2exp_hard": {"length": 400, "settings": SMALL | {"center_len": 100}},
    "epinformer": {"length": 2000, "signals": [], "settings": {}, "rna_features": False},
    # beside EPInformer, on the same windows: elements must not keep the two apart
    "ridge": {"length": 2000, "rna_features": False},
}


def test_every_architecture_of_the_shared_environment_has_a_row():
    # Prism is what the other tests train
    assert {*FAMILIES, "prism"} == set(names(lambda entry: entry.in_shared_environment))


def test_every_family_trains(fresh):
    protocol = MODELS["protocols"]["tiny"] | {"steps": 2, "batch_size": 2}
    entries = {name: {"architecture": name, "protocol": "tiny"} | entry for name, entry in FAMILIES.items()}
    models = {"protocols": {"tiny": protocol}, "models": entries}
    (fresh.folder / "models.yaml").write_text(yaml.safe_dump(models))
    run = {"cell_types": ["simA"], "models": list(FAMILIES), "folds": [1], "seeds": [2]}
    fresh.configure(run=run, windows={"lengths": [400, 2000]})
    jobs = executed_jobs(fresh.snakemake("train", "evaluate"))
    assert {f"train_{name}" for name in FAMILIES} <= set(jobs)
    assert jobs["candidate_elements"] == 1
    for name in FAMILIES:
        record = json.loads((fresh.folder / f"results/runs/simA/{name}/fold1/seed2/metrics.json").read_text())
        assert record["metrics"]["test"]["n"] == 20
        assert (record["provenance"]["parameters"] > 0) == (name != "ridge")
        assert (record["provenance"]["elements"] is not None) == (name == "epinformer")
    scores = pd.read_csv(fresh.folder / "results/comparison/summary.tsv", sep="\t")
    assert set(scores["model"]) == set(FAMILIES)

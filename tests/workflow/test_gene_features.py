"""An entry trains on the gene features that it chooses, and a signal that leaks through them is said."""

from __future__ import annotations

import copy
import json

import pytest
import torch
import yaml

from prism.genome.genes.table import RNA_FEATURES
from tests.workflow.project import MODELS

pytestmark = pytest.mark.slow

RUN = "results/runs/simA/{}/fold1/seed2"


def write(project, **features) -> None:
    """Entries by name: the tiny Prism without H3K27ac, and what it gets of the gene features."""
    models = copy.deepcopy(MODELS)
    ablation = models["models"]["tiny"] | {"signals": ["DNase", "contacts"]}
    models["protocols"]["tiny"]["steps"] = 2
    models["models"] = {name: ablation | given for name, given in features.items()}
    (project.folder / "models.yaml").write_text(yaml.safe_dump(models))


def test_an_ablation_without_promoter_activity(fresh):
    run = {"cell_types": ["simA"], "models": ["mrna", "leaks"], "folds": [1], "seeds": [2]}
    fresh.configure(run=run)
    write(fresh, mrna={"gene_features": ["mrna"]}, leaks={})
    out = fresh.snakemake("evaluate")
    said = [line for line in out.splitlines() if "gets promoter_activity" in line]
    assert said == [
        "Model leaks: does not read H3K27ac, but gets promoter_activity, which is made of H3K27ac, DNase; where it "
        "shall do without, set its gene_features: [mrna]"
    ]
    trained = torch.load(fresh.folder / RUN.format("mrna") / "best.ckpt", weights_only=True)
    assert trained["rna_feature_names"] == list(RNA_FEATURES)
    assert trained["settings"]["n_rna_features"] == 8
    other = torch.load(fresh.folder / RUN.format("leaks") / "best.ckpt", weights_only=True)
    assert other["rna_feature_names"] == [*RNA_FEATURES, "promoter_activity"]
    record = json.loads((fresh.folder / RUN.format("mrna") / "metrics.json").read_text())
    assert record["entry"]["rna_features"] == ["mrna"]

    # said in other words, the same entries: nothing trains again
    write(fresh, mrna={"gene_features": ["mrna"]}, leaks={"gene_features": ["promoter_activity", "mrna"]})
    assert fresh.planned("evaluate") == {}

    write(fresh, mrna={"gene_features": ["mRNAs"]}, leaks={})
    refused = fresh.snakemake("evaluate", succeeds=False)
    assert "models.yaml: models.mrna: unknown gene features 'mRNAs'; did you mean 'mrna'?" in refused

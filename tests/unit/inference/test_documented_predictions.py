"""The configuration on docs/released_checkpoints.md is one that is planned as the page says."""

from __future__ import annotations

import re

import pytest
import torch
import yaml

from prism.inference.trained import Trained
from prism.models.catalogue import SEQ2EXP_PRIORS
from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.files import Files
from workflow_scripts.planning.prediction_files import PredictionFiles
from workflow_scripts.planning.tables.released import FEATURES


@pytest.fixture
def page(root) -> str:
    return (root / "docs" / "released_checkpoints.md").read_text()


@pytest.fixture
def shown(page) -> dict:
    """The page's configuration."""
    (block,) = re.findall(r"^```yaml theirs\.yaml\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    return yaml.safe_load(block)


def test_the_example_is_planned(shown, page):
    files = PredictionFiles(Files(make_plan(shown)))
    assert files.all() == [
        "results/predictions/K562/their_prism.tsv.gz",
        "results/predictions/GM12878/their_prism.tsv.gz",
    ]
    assert files.all()[0] in page
    assert files.checkpoint("their_prism") in page
    assert files.windows("K562", "their_prism") == "results/windows/K562/2000.h5"
    options = files.import_options("their_prism")
    assert options[options.index("--settings") + 1] == '{"center_len": 2000}'


def test_signals_and_features_stand_in_the_published_order(shown):
    (stated,) = shown["released"].values()
    assert stated["signals"] == list(SEQ2EXP_PRIORS)
    assert stated["rna_features"] == list(FEATURES)


def test_the_warnings_that_the_page_explains_are_those_that_are_written(page):
    facts = {
        "signal_scale": None,
        "signals": ["DNase"],
        "rna_feature_names": ["UTR5GC"],
        "provenance": {"sources": {"DNase": {"output_type": "a"}}},
    }
    trained = Trained(torch.nn.Module(), facts)
    features = {"UTR5GC": {"mean": 0.6, "sd": 0.1}}
    warnings = trained.scale_warnings({"DNase": {"mean": 1.0, "p99": 2.0}}, features, n_genes=100)
    warnings += trained.source_warnings({"DNase": {"output_type": "b"}})
    explained = re.findall(r"^\| `(.*?)` \| ", page.partition("## What the log says")[2], flags=re.MULTILINE)
    assert len(warnings) == len(explained) == 3
    for line, told in zip(warnings, explained, strict=True):
        assert re.search(".*".join(map(re.escape, told.split("…"))), line), line

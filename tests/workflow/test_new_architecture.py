"""An architecture is added in the four places that CONTRIBUTING names, and in no other; the workflow then trains it."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflow.project import Project, executed_jobs, make_project

pytestmark = pytest.mark.slow

MODULE = '''\
"""Toy: the mean of the central signals through the head; a model for a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prism.genome.batch import Batch
from prism.models.architecture import Architecture, at_least, check_widths
from prism.models.blocks.head import Head, pool_centre
from prism.models.blocks.linear import InputLinear
from prism.models.contract import Output
from prism.models.kept import Kept, Numbers


class Toy(Architecture):
    """Linear(n_signals, width) on the signals, central pooling, head."""

    def __init__(self, *, n_signals: int, n_rna_features: int, width: int, center_len: int) -> None:
        """Settings: see the catalogue."""
        super().__init__()
        self.n_signals, self.n_rna_features, self.center_len = n_signals, n_rna_features, center_len
        self.embed = InputLinear(n_signals, at_least("width", width, 1))
        self.head = Head(width, n_rna_features)

    def forward(self, batch: Batch, with_details: bool = False) -> Output:
        """Predict `batch`."""
        check_widths(batch, self.n_rna_features, self.n_signals)
        return Output(self.head(pool_centre(self.embed(batch.signals), self.center_len), batch.rna_features))

    @staticmethod
    def kept_per_gene(settings: Mapping[str, Any], length: int, device: str) -> Kept:
        """As `Architecture.kept_per_gene`."""
        kept = Numbers(whole=settings["n_signals"] * length)
        return Kept(Numbers(), 0, Numbers(), kept, kept, checkpointed=False)
'''
ENTRY = """\
    Traits(
        name="toy",
        home="prism.models.toy:Toy",
        data=(N_SIGNALS, N_RNA_FEATURES),
        settings=(Setting("width", 6, "hidden width"), CENTER_LEN),
        source="This test",
        differs="Nothing.",
        colour="#123456",
        needs_signals=True,
        has_released=False,
        training_mb=1234,
    ),
"""
MODEL = """
  toy_tiny:
    architecture: toy
    length: 200
    protocol: demo
    training: {steps: 4, batch_size: 4, warmup_steps: 1}
    settings: {center_len: 100}
"""
RULE = """

use rule train_model as train_toy with:
    wildcard_constraints:
        model=family(PLAN.models_of("toy")),
"""
COPIED = (
    *(
        "Snakefile",
        "requirements.txt",
        "benchmarks",
        "config",
        "docs_tools",
        "envs",
        "prism",
        "report",
        "rules",
    ),
    "workflow_scripts",
)


def add_toy(clone: Path) -> set[str]:
    """Add the architecture; the files that were touched."""
    (clone / "prism/models/toy.py").write_text(MODULE)
    entries = clone / "prism/models/catalogue/entries.py"
    text = entries.read_text()
    assert text.endswith("    ),\n)\n")
    entries.write_text(text.removesuffix(")\n") + ENTRY + ")\n")
    for file, addition in (("config/models.yaml", MODEL), ("rules/training.smk", RULE)):
        with (clone / file).open("a") as text:
            text.write(addition)
    return {
        "prism/models/toy.py",
        "prism/models/catalogue/entries.py",
        "config/models.yaml",
        "rules/training.smk",
    }


def contents(folder: Path) -> dict[str, str]:
    """Every file with the digest of its content, what Python compiled left out."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def with_toy(tmp_path_factory, root) -> Project:
    """A project on a copy of the workflow to which the architecture was added."""
    clone = tmp_path_factory.mktemp("clone")
    for name in COPIED:
        place = root / name
        if place.is_dir():
            shutil.copytree(place, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(place, clone / name)
    before = contents(clone)
    touched = add_toy(clone)
    after = contents(clone)
    assert {name for name in after if after[name] != before.get(name)} == touched
    project = make_project(tmp_path_factory.mktemp("project"), clone)
    (project.folder / "models.yaml").unlink()
    run = {"cell_types": ["simA"], "models": ["toy_tiny"], "folds": [1], "seeds": [2]}
    project.configure(run=run, models="config/models.yaml", smoke_first=True)
    return project


def test_the_workflow_trains_it(with_toy):
    jobs = executed_jobs(with_toy.snakemake("train"))
    assert (jobs["try_model"], jobs["train_toy"]) == (1, 1)
    folder = with_toy.folder / "results/runs/simA/toy_tiny/fold1/seed2"
    record = json.loads((folder / "metrics.json").read_text())
    assert record["metrics"]["test"]["n"] == 20
    # signals, promoter activity and mRNA features: (3 + 1) * 6, then 6 + 9 to 6, 6 to 6 and 6 to 1, with biases
    assert record["provenance"]["parameters"] == 24 + 16 * 6 + 7 * 6 + 7


def test_the_other_readers_of_the_catalogue_know_it(with_toy):
    asked = (
        "from prism.drawing import style; from prism.models import memory\n"
        "from workflow_scripts.planning.tables.models import read_models\n"
        "from workflow_scripts.planning.tables.paths import BASE\n"
        "entry = read_models([BASE / 'config' / 'models.yaml'])['toy_tiny']\n"
        "print(style.colour('toy'), memory.kept_bytes('toy', {}, 200), entry.training_mb)"
    )
    # 3 signals of 200 bp, 4 bytes each
    assert said(with_toy, "-c", asked) == "#123456 2400.0 1234\n"
    page = said(with_toy, "-m", "docs_tools.document_models")
    assert "## toy\nLinear(n_signals, width) on the signals, central pooling, head.\n" in page
    assert "| `width` | `6` | hidden width |" in page
    assert ", `toy`" in said(with_toy, "-m", "docs_tools.document_config")


def said(project: Project, *arguments: str) -> str:
    """What Python prints in the copy of the workflow."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=project.workflow, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout

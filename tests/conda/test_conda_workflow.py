"""The workflow with --use-conda: every rule in its own environment, and nothing from outside it."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest
import torch
import yaml

from prism.models import build
from prism.models.authors import authors_names
from tests.conda.deployment import CondaProject, pin_file_fell_back
from tests.unit.house.environments import FROM_CUDA, third_party, uses
from tests.workflow import tokens_project
from tests.workflow.project import COLUMNS, FOLDS, MODELS, cell_type_row

LENGTH = 1100
SMALL = {"d_model": 8, "n_layer": 1}
ENFORMER = {"crop_length": 1024, "d_model": 384, "n_layer": 1, "n_heads": 8}
# Models of which each goes through rules that the others do not.
ENTRIES = {
    "enformer": {
        "architecture": "enformer",
        "length": LENGTH,
        "signals": [],
        "settings": ENFORMER,
        "tune": {"learning_rate": [1e-3, 2e-3]},
    },
    "soft": {
        "architecture": "seq2exp_soft",
        "length": 400,
        "settings": SMALL | {"center_len": 100},
        "tune": {"learning_rate": [1e-3, 2e-3]},
    },
}
TARGETS = [
    "all",
    "results/elements/simA.h5",
    "results/smoke/simA/tiny.json",
    "results/smoke/simA/enformer.json",
]
PREDICTED_WITH = ["simA.tiny.fold1.seed2", "simA.tiny.fold1.seed22", "simA.enformer.fold1.seed2", "theirs"]
CHOSEN = ["SIMG00000000001", "SIMG00000000041"]


def publish(path: Path) -> dict:
    """A small model as its authors would publish it; its entry of `released`."""
    settings = {"length": 400, "center_len": 100, "n_signals": 0, "n_rna_features": 0, **SMALL}
    model = build("caduceus", settings)
    state = {}
    for name, value in model.state_dict().items():
        for theirs in authors_names(name, type(model).AUTHORS_NAMES):
            state[theirs] = value.unsqueeze(1) if theirs.endswith("conv1d.weight") else value
    torch.save(state, path)
    checkpoint = {"address": path.name, "md5": hashlib.md5(path.read_bytes()).hexdigest()}
    entry = {"checkpoint": checkpoint, "architecture": "caduceus", "settings": {"center_len": 100}}
    return entry | {"signals": [], "rna_features": [], "length": 400}


def configure(project: CondaProject) -> None:
    """Two cell types, the second without peaks of its own; four small models, and one that others have trained."""
    entries = MODELS["models"] | {name: entry | {"protocol": "tiny"} for name, entry in ENTRIES.items()}
    protocol = MODELS["protocols"]["tiny"] | {"steps": 2, "batch_size": 2}
    models = {"protocols": {"tiny": protocol}, "models": entries}
    (project.folder / "models.yaml").write_text(yaml.safe_dump(models, sort_keys=False))
    without_peaks = dict(zip(COLUMNS, cell_type_row("simB", "simB").rstrip("\n").split("\t"), strict=True))
    without_peaks["peaks"] = ""
    rows = cell_type_row("simA", "simA") + "\t".join(without_peaks.values()) + "\n"
    (project.folder / "cell_types.tsv").write_text("\t".join(COLUMNS) + "\n" + rows)
    (project.folder / "folds.tsv").write_text(FOLDS)
    run = {"cell_types": ["simA"], "models": list(entries), "folds": [1], "seeds": [2, 22]}
    released = {"theirs": publish(project.folder / "published.ckpt")}
    predictions = {"simB": {"runs": PREDICTED_WITH, "genes": CHOSEN}}
    cells = {"simulate": tokens_project.GENOME, "simulate_cells": tokens_project.CELLS}
    entry = tokens_project.tokens({"run": "simA.tiny.fold1.seed2"})
    project.configure(
        run=run,
        windows={"lengths": [LENGTH]},
        released=released,
        predictions=predictions,
        tokens={"small": entry},
        **cells,
    )


@pytest.fixture(scope="module")
def project(new_project) -> CondaProject:
    """A project whose workflow has run to the end."""
    project = new_project("whole")
    configure(project)
    targets = list(TARGETS)
    if "macs3" not in project.conda.unavailable:
        targets.append("resources/simB/called_peaks.narrowPeak")
    output = project.snakemake(*targets)
    assert not pin_file_fell_back(output), output
    return project


def served(project: CondaProject) -> set[tuple[str, str]]:
    """(script, environment) that can be deployed here."""
    # Enformer as DNA encoder would need its weights, and windows of 196,608 bp
    here = {each for each in uses() if not (each[0].startswith("tokens.") and each[1] == "enformer")}
    if "macs3" in project.conda.unavailable:
        here = {each for each in here if each[1] != "peaks"}
    return here


def test_every_rule_ran_in_its_own_environment(project):
    ran = {(each["script"], each["environment"]) for each in project.interpreters() if each["script"] != "-c"}
    assert served(project) <= ran
    assert {environment for _, environment in ran} <= {environment for _, environment in uses()}


def test_nothing_came_from_outside_the_environment(project):
    records = project.interpreters()
    assert len(records) > 15
    for each in records:
        prefix, stdlib = Path(each["prefix"]), Path(each["stdlib"])
        assert prefix.parent == project.environments, each["script"]
        outside = []
        for path in map(Path, each["files"]):
            in_stdlib = path.is_relative_to(stdlib) and "site-packages" not in path.parts
            made_up = not path.is_absolute()  # torch names modules that are in no file
            if not (
                made_up or path.is_relative_to(prefix) or path.is_relative_to(project.workflow) or in_stdlib
            ):
                outside.append(path)
        assert not outside, (each["script"], outside)
        programs = {name: path for name, path in each["programs"].items() if path}
        assert all(Path(path).is_relative_to(prefix) for path in programs.values()), programs
        assert ("bedtools" in programs) == (each["environment"] == "data")


@pytest.mark.parametrize("environment", sorted({environment for _, environment in uses()}))
def test_all_that_a_script_could_import_is_there(project, environment):
    """Imports inside functions too, of branches that this run did not take."""
    if environment not in project.prefixes():
        pytest.skip(f"envs/{environment}.yaml: {project.conda.unavailable}")
    prefix = project.prefixes()[environment]
    wanted = set().union(*(third_party(script) for script, name in uses() if name == environment)) - FROM_CUDA
    command = [prefix / "bin/python", "-I", "-c", f"import {', '.join(sorted(wanted))}"]
    variables = project.conda.environment(project.system)
    path = f"{prefix / 'bin'}:{variables['PATH']}"
    done = subprocess.run(command, env=variables | {"PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_macs3_calls_peaks_in_its_environment(project):
    if "macs3" in project.conda.unavailable:
        pytest.skip(project.conda.unavailable["macs3"])
    assert (project.folder / "resources/simB/called_peaks.narrowPeak").read_text().count("\n") > 10


def test_the_cuda_build_is_chosen_on_a_machine_without_a_gpu(conda, root, tmp_path, system):
    """Only the solver is asked: `pytorch` as envs/training.yaml pins it, with and without CONDA_OVERRIDE_CUDA."""
    builds = {}
    for cuda in ("", "12.9"):
        command = ["conda", "env", "create", "--dry-run", "--json", "--prefix", str(tmp_path / "never")]
        done = subprocess.run(
            [*command, "--file", str(root / "envs/training.yaml")],
            env=conda.environment(system) | {"CONDA_OVERRIDE_CUDA": cuda},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        listed = " ".join(json.loads(done.stdout[done.stdout.index("{") :])["dependencies"])
        builds[cuda] = re.search(r"::pytorch==?2[^=]*=(\S+)", listed)[1]
    assert "cuda" in builds["12.9"]
    assert "cuda" not in builds[""]
    assert not (tmp_path / "never").exists()

"""The plan of the whole benchmark: its jobs, and that the work of planning grows with them, not with their square."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.workflow.project import path_with_macs3

# Plans the grid as the command line does, and counts what runs of the planning modules and the rules: calls of each
# function, and lines of all, so that a loop inside a function counts too.
COUNTED = """
import collections, json, sys
from snakemake.cli import main

calls, lines = collections.Counter(), 0

def line(frame, event, _):
    global lines
    lines += event == "line"
    return line

def call(frame, event, _):
    code = frame.f_code
    if "/workflow_scripts/planning/" in code.co_filename or code.co_filename.endswith(".smk"):
        calls[code.co_qualname] += 1
        return line

sys.settrace(call)
try:
    main(sys.argv[1:])
except SystemExit as done:
    sys.settrace(None)
    print("WORK " + json.dumps([calls, lines]))
    sys.exit(done.code)
"""


@dataclass(frozen=True)
class Planned:
    """A dry run: jobs by rule, calls by function, lines of planning that ran, and what was printed."""

    jobs: dict[str, int]
    calls: dict[str, int]
    lines: int
    output: str


def dry_run(root: Path, folder: Path, changed: dict | None = None) -> Planned:
    """Plan config/paper.yaml, `changed` laid over it, through profiles/slurm."""
    (folder / "changed.yaml").write_text(yaml.safe_dump(changed or {}))
    command = [sys.executable, "-c", COUNTED, "--snakefile", str(root / "Snakefile"), "--dry-run"]
    command += ["--configfile", str(root / "config" / "paper.yaml"), "changed.yaml"]
    command += ["--workflow-profile", str(root / "profiles" / "slurm")]
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ
        | {"FOURDN_KEY_ID": "none", "FOURDN_KEY_SECRET": "none", "PATH": path_with_macs3(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    table = output.split("Job stats:")[1].split("\ntotal")[0]
    jobs = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)}
    return Planned(jobs, *json.loads(re.search(r"^WORK (.+)$", output, flags=re.MULTILINE)[1]), output)


@pytest.fixture(scope="module")
def grid(root, tmp_path_factory) -> Planned:
    """The whole grid."""
    return dry_run(root, tmp_path_factory.mktemp("grid"))


def test_every_model_is_trained_with_five_seeds_on_both_labelled_cell_types(grid, root):
    jobs = grid.jobs
    models = yaml.safe_load((root / "config" / "paper.yaml").read_text())["run"]["models"]
    solved = [name for name in models if name.startswith("ridge")]
    assert jobs["train_ridge"] == 2 * len(solved)
    trained = sum(count for rule, count in jobs.items() if rule.startswith("train_"))
    assert trained == 2 * 5 * (len(models) - len(solved)) + 2 * len(solved)
    assert jobs["train_prism"] == 2 * 5 * 5  # prism_2k, without mRNA features, n = 0, 1, 4
    assert jobs["cut_windows"] == 5  # H1, which is only predicted for, needs no 200 kb
    assert jobs["predict_expression"] == 10


def test_every_entry_that_reads_as_the_papers_do_is_in_the_grid(root):
    models = yaml.safe_load((root / "config" / "models.yaml").read_text())["models"]
    grid = yaml.safe_load((root / "config" / "paper.yaml").read_text())["run"]["models"]
    ours = {name for name, entry in models.items() if entry.get("orientation") == "gene"}
    assert ours == {"prism_fast_2k", "caduceus_signals_fast_2k", "ridge_oriented_2k"}
    assert sorted(grid) == sorted(name for name in models if not name.endswith("_demo") and name not in ours)


def test_nothing_is_read_twice_and_runs_are_listed_a_few_times(grid):
    assert sum(grid.jobs.values()) > 400
    assert grid.calls["make_plan"] == 1
    assert grid.calls["read_models"] == 1
    assert grid.calls["read_cell_types"] == 1
    # lists over all runs: a few for each rule that reads them all
    assert grid.calls["Plan.trainings"] < 30


def test_planning_work_is_proportional_to_the_jobs(grid, root, tmp_path):
    models = yaml.safe_load((root / "config" / "paper.yaml").read_text())["run"]["models"]
    half = dry_run(root, tmp_path, {"run": {"models": models[::2]}})
    jobs = sum(grid.jobs.values()) / sum(half.jobs.values())
    assert jobs > 1.7
    # with the square of the jobs it would be three times as much
    assert grid.lines / half.lines < 1.05 * jobs
    assert sum(grid.calls.values()) / sum(half.calls.values()) < 1.05 * jobs


def test_small_jobs_are_handed_in_together(grid):
    jobs, output = grid.jobs, grid.output
    groups = re.findall(r"Group job (\w+) \(jobs in", output)
    assert {"ridge", "data_pages", "comparison", "masks", "predictions"} <= set(groups)
    small = sum(jobs[rule] for rule in ("train_ridge", "quality", "learned_mask", "predict_expression"))
    assert small > 70
    assert len(groups) < 20
    # on their own: trainings of networks, and the data of each cell type
    here = ("all", "download", "clear_for_training")
    alone = [rule for rule in re.findall(r"^rule (\w+):", output, flags=re.MULTILINE) if rule not in here]
    networks = [rule for rule in alone if rule.startswith("train_")]
    assert (
        len(networks) == sum(jobs[rule] for rule in jobs if rule.startswith("train_")) - jobs["train_ridge"]
    )
    assert len(alone) - len(networks) < 20

"""The plan of the whole benchmark: its jobs, and that the work of planning grows with them, not with their square."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
import yaml

# Plans the grid as the command line does, and counts the calls of the planning modules' functions.
COUNTED = """
import collections, json, sys
from snakemake.cli import main

calls = collections.Counter()

def count(frame, event, _):
    if event == "call" and "/workflow_scripts/planning/" in frame.f_code.co_filename:
        calls[frame.f_code.co_qualname] += 1

sys.setprofile(count)
try:
    main(sys.argv[1:])
except SystemExit as done:
    sys.setprofile(None)
    print("CALLS " + json.dumps(calls))
    sys.exit(done.code)
"""


@pytest.fixture(scope="module")
def grid(root, tmp_path_factory) -> tuple[dict[str, int], dict[str, int], str]:
    """Jobs by rule, calls by function, and what the dry run of config/paper.yaml through profiles/slurm prints."""
    command = [sys.executable, "-c", COUNTED, "--snakefile", str(root / "Snakefile"), "--dry-run"]
    command += ["--configfile", str(root / "config" / "paper.yaml")]
    command += ["--workflow-profile", str(root / "profiles" / "slurm")]
    done = subprocess.run(
        command,
        cwd=tmp_path_factory.mktemp("grid"),
        env=os.environ | {"FOURDN_KEY_ID": "none", "FOURDN_KEY_SECRET": "none"},
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    table = output.split("Job stats:")[1].split("\ntotal")[0]
    jobs = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)}
    return jobs, json.loads(re.search(r"^CALLS (.+)$", output, flags=re.MULTILINE)[1]), output


def test_every_model_is_trained_with_five_seeds_on_both_labelled_cell_types(grid, root):
    jobs, _, _ = grid
    models = yaml.safe_load((root / "config" / "paper.yaml").read_text())["run"]["models"]
    solved = [name for name in models if name.startswith("ridge")]
    assert jobs["train_ridge"] == 2 * len(solved)
    trained = sum(count for rule, count in jobs.items() if rule.startswith("train_"))
    assert trained == 2 * 5 * (len(models) - len(solved)) + 2 * len(solved)
    assert jobs["train_prism"] == 2 * 5 * 5  # prism_2k, without mRNA features, n = 0, 1, 4
    assert jobs["cut_windows"] == 5  # H1, which is only predicted for, needs no 200 kb
    assert jobs["predict_expression"] == 10


def test_every_entry_but_the_demo_s_is_in_the_grid(root):
    models = yaml.safe_load((root / "config" / "models.yaml").read_text())["models"]
    grid = yaml.safe_load((root / "config" / "paper.yaml").read_text())["run"]["models"]
    assert sorted(grid) == sorted(name for name in models if not name.endswith("_demo"))


def test_planning_work_is_proportional_to_the_jobs(grid):
    jobs, calls, _ = grid
    total = sum(jobs.values())
    assert total > 400
    assert calls["make_plan"] == 1
    assert calls["read_models"] == 1
    assert calls["read_cell_types"] == 1
    # lists over all runs: a few for each rule that reads them all
    assert calls["Plan.runs"] < 30
    assert sum(calls.values()) < 60 * total


def test_small_jobs_are_handed_in_together(grid):
    jobs, _, output = grid
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

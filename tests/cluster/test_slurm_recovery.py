"""What goes wrong on a cluster: too little memory, a time limit, a cancelled job, a request that no node can meet."""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.submission import (
    HANG,
    Job,
    jobs_of,
    run_name,
    site_profile,
    snakemake,
    submit,
    visible_gpus,
)
from tests.workflow.project import MODELS, Project, make_project

# 85 s of training at least, on any machine, for a job that gets a minute
TIMED_STEPS, STEP_SECONDS = 425, 0.2
STEP_BEGINS = "        now = time.monotonic()\n        self.limits.note("
MEMORY_MB = 2200  # of a training's first attempt, in place of the catalogue's 5000
TRAININGS = {
    # a batch of all training genes through a wide model: about 3 GB, for longer than the second between two looks
    "hungry": {
        "architecture": "prism",
        "length": 400,
        "protocol": "tiny",
        "training": {"steps": 4, "batch_size": 20},
        "settings": {"d_model": 640, "n_layer": 4, "center_len": 400, "n_context": 2, "cnn_dim": 2},
    },
    "steady": {
        "architecture": "prism",
        "length": 400,
        "protocol": "tiny",
        "training": {"steps": 2500, "batch_size": 4, "validations_per_epoch": 0.02},
        "settings": {"d_model": 16, "n_layer": 1, "center_len": 400, "n_context": 1, "cnn_dim": 2},
    },
}


@pytest.fixture(scope="module")
def prepared(demo, tmp_path_factory) -> Project:
    """The demo's project with the trainings, and a workflow whose trainings of prism ask for little memory.

    A training of TIMED_STEPS sleeps before each of its steps.
    """
    ignored = shutil.ignore_patterns(".venv*", ".git", "results", "resources", ".snakemake", "logs", "tests")
    clone = tmp_path_factory.mktemp("clone") / "prism"
    shutil.copytree(demo.project.workflow, clone, ignore=ignored)
    entries = clone / "prism" / "models" / "catalogue" / "entries.py"
    of_prism = r'(name="prism",.*?training_mb=)\d+'
    text, replaced = re.subn(of_prism, rf"\g<1>{MEMORY_MB}", entries.read_text(), count=1, flags=re.DOTALL)
    assert replaced == 1
    entries.write_text(text)
    slow_down(clone, TIMED_STEPS, STEP_SECONDS)
    project = Project(demo.project.folder, clone)
    set_trainings(project, TRAININGS)
    return project


@pytest.fixture(scope="module")
def cancelled(prepared, slurm) -> tuple[str, list[Job]]:
    """A training cancelled by scancel after some steps: that job's id, and all jobs of its run, to its end."""
    training = Training(prepared, "steady")
    with snakemake(prepared, slurm, training.target) as process:
        wait_for(lambda: training.steps_done > 0)
        (running,) = slurm.call("squeue", "-h", "--states=running", "--format=%A").split()
        slurm.call("scancel", running)
        wait_for(lambda: running not in slurm.call("squeue", "-h", "--format=%A").split())
        training.assert_nothing_half_written()
        output, _ = process.communicate(timeout=HANG)
    assert process.returncode == 0, output
    return running, jobs_of(slurm, run_name(output), "train_prism")


def test_out_of_memory_is_tried_again_with_more(prepared, slurm, tmp_path):
    """The GPU is asked for by --gres here, as some sites want it."""
    profile = site_profile(tmp_path / "profile", ask_gpu={"gpu": 0, "gres": "gpu:1"})
    training = Training(prepared, "hungry")
    done = submit(prepared, slurm, training.target, profile=profile)
    assert done.status == 0, done.output
    jobs = done.jobs("train_prism")
    # without cgroups, Slurm kills what is above its request and calls it failed
    assert [job.state in ("FAILED", "OUT_OF_MEMORY") for job in jobs[:-1]] == [True] * (len(jobs) - 1)
    assert jobs[-1].state == "COMPLETED"
    assert [job.memory_mb for job in jobs[:2]] == [MEMORY_MB, MEMORY_MB * 3 // 2]
    assert {job.gpus for job in jobs} == {1}
    # one attempt a job: the snakemake inside it tries nothing again in the memory that was too small
    steps = slurm.call("sacct", "-n", "-P", f"--jobs={jobs[0].id}", "--format=JobID").split()
    assert steps == [jobs[0].id, f"{jobs[0].id}.batch", f"{jobs[0].id}.0"]
    assert visible_gpus(slurm, jobs[-1]) in ({"0"}, {"1"})
    training.assert_finished(4)
    assert "memory ran out before" in training.log


def test_a_cancelled_training_goes_on_from_its_state(prepared, cancelled):
    first, jobs = cancelled
    assert [job.state for job in jobs] == ["CANCELLED", "COMPLETED"]
    assert jobs[0].id == first
    training = Training(prepared, "steady")
    assert training.resumed_at > 0
    training.assert_finished(2500)


def test_an_interrupted_run_and_a_training_longer_than_its_time_limit(prepared, cancelled, slurm, tmp_path):
    """Ctrl-C cancels the job; then a training ends before its limit of a minute, and its next attempt goes on."""
    training = Training(prepared, "timed")
    timed = TRAININGS["steady"] | {"training": TRAININGS["steady"]["training"] | {"steps": TIMED_STEPS}}
    set_trainings(prepared, TRAININGS | {"timed": timed})
    with snakemake(prepared, slurm, training.target) as process:
        wait_for(lambda: training.log)
        os.kill(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=HANG)
        assert process.returncode != 0
    wait_for(lambda: not slurm.call("squeue", "-h"))
    (job,) = wait_for(lambda: all_ended(jobs_of(slurm, run_name(output), "train_prism")))
    assert job.state == "CANCELLED"
    training.assert_nothing_half_written()

    profile = site_profile(tmp_path / "profile", gpu_minutes=1)
    done = submit(prepared, slurm, training.target, "--retries", "9", profile=profile)
    assert done.status == 0, done.output
    jobs = done.jobs("train_prism")
    assert len(jobs) >= 2
    assert {job.minutes for job in jobs} == {1}
    # it ends by itself; on a machine too busy for that, Slurm ends it, and it saves its state then
    assert {job.state for job in jobs[:-1]} <= {"FAILED", "TIMEOUT"}
    assert jobs[-1].state == "COMPLETED"
    assert training.resumed_at > 0
    training.assert_finished(TIMED_STEPS)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("simulate:mem_mb=900000", "Memory specification can not be satisfied"),
        ("simulate:runtime=90000", "Requested time limit is invalid"),
    ],
)
def test_what_no_node_has_is_refused(slurm, root, tmp_path, asked, said):
    """At once and in Slurm's words, with the request; nothing waits in the queue for ever."""
    project = make_project(tmp_path / "project", root)
    done = submit(project, slurm, "--set-resources", asked)
    assert done.status == 1
    assert said in done.output
    assert "Error in rule simulate" in done.output
    assert re.search(r"sbatch call:\s+sbatch .*--mem \d+", done.output)
    # Slurm may note the attempts; none of them got a core
    assert {(job.state, job.cpus) for job in done.jobs()} <= {("FAILED", 0)}
    assert slurm.call("squeue", "-h") == ""
    assert not list((project.folder / "resources").rglob("*.*"))


@dataclass(frozen=True)
class Training:
    """What a training with seed 2 has left."""

    project: Project
    model: str

    @property
    def folder(self) -> Path:
        """Of its results."""
        return self.project.folder / f"results/runs/simA/{self.model}/fold1/seed2"

    @property
    def target(self) -> str:
        """What Snakemake is asked for."""
        return f"results/runs/simA/{self.model}/fold1/seed2/metrics.json"

    @property
    def log(self) -> str:
        """What it has said."""
        log = self.project.folder / f"logs/runs/simA/{self.model}/fold1/seed2.log"
        return log.read_text() if log.exists() else ""

    @property
    def steps_done(self) -> int:
        """The last step that it told of."""
        return max(map(int, re.findall(r"step (\d+)/", self.log)), default=0)

    @property
    def resumed_at(self) -> int:
        """The step of the state that it went on from."""
        return max(map(int, re.findall(r"resumed at step (\d+)", self.log)), default=0)

    @property
    def history(self) -> list[dict[str, str]]:
        """Rows of history.csv, one a validation."""
        return list(csv.DictReader((self.folder / "history.csv").read_text().splitlines()))

    def assert_nothing_half_written(self) -> None:
        """No declared output, nor a part of one; there may be its state."""
        assert not self.folder.exists() or {path.name for path in self.folder.iterdir()} <= {"state"}
        assert not list(self.project.folder.rglob("*.part"))

    def assert_finished(self, steps: int) -> None:
        """Every validation once and in order, up to the last step, and no state left."""
        found = [int(row["step"]) for row in self.history]
        assert found == sorted(set(found))
        assert found[-1] == steps
        assert not list(self.folder.glob("state/*/*"))


def slow_down(clone: Path, steps: int, seconds: float) -> None:
    """Let a training of `steps` steps take at least `seconds` for each."""
    (file,) = (each for each in (clone / "prism").rglob("*.py") if STEP_BEGINS in each.read_text())
    sleep = f"        time.sleep({seconds} * (task.data.steps == {steps}))\n"
    file.write_text(file.read_text().replace(STEP_BEGINS, sleep + STEP_BEGINS))


def set_trainings(project: Project, trainings: dict) -> None:
    """Let the project have these entries beside the demo's."""
    models = MODELS | {"models": MODELS["models"] | trainings}
    (project.folder / "models.yaml").write_text(yaml.safe_dump(models))
    run = {"cell_types": ["simA"], "models": [*models["models"]], "folds": [1], "seeds": [2, 22]}
    project.configure(device="auto", run=run)


def all_ended(jobs: list[Job]) -> list[Job]:
    """The jobs, once each has an end in the records; nothing before."""
    return jobs if jobs and all(job.end for job in jobs) else []


def wait_for(condition: Callable[[], Any], seconds: float = HANG) -> Any:
    """The first true value of `condition`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.5)
    raise AssertionError(f"waited {seconds:.0f} s in vain")

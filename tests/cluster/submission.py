"""Snakemake handing its jobs to Slurm, and what Slurm's own records say of them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml

from tests.cluster.slurm import Slurm
from tests.workflow.project import Project

PROFILE = Path(__file__).resolve().parents[2] / "profiles" / "slurm"
# The profile polls like a guest on a large cluster; here it may look more often.
IMPATIENT = ("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "5")
HANG = 3600  # seconds: no verdict depends on it
FIELDS = ("JobID", "Partition", "ReqMem", "Timelimit", "AllocTRES", "State", "Start", "End", "Comment")


@dataclass(frozen=True)
class Job:
    """One row of sacct."""

    id: str
    partition: str
    memory_mb: int
    minutes: int
    cpus: int
    gpus: int
    state: str
    start: datetime | None
    end: datetime | None
    comment: str  # Snakemake's: rule_<rule or rules of the group>_wildcards_<their values>

    @classmethod
    def parse(cls, line: str) -> Job:
        """From a line of `sacct --parsable2` with FIELDS."""
        row = dict(zip(FIELDS, line.split("|"), strict=True))
        allocated = dict(pair.split("=") for pair in row["AllocTRES"].split(",") if pair)
        days, _, clock = row["Timelimit"].rpartition("-")
        hours, minutes, _ = (int(part) for part in clock.split(":"))
        start, end = (
            datetime.fromisoformat(row[name]) if row[name][:1].isdigit() else None
            for name in ("Start", "End")
        )
        return cls(
            id=row["JobID"],
            partition=row["Partition"],
            memory_mb=megabytes(row["ReqMem"]),
            minutes=int(days or 0) * 1440 + hours * 60 + minutes,
            cpus=int(allocated.get("cpu", 0)),
            gpus=int(allocated.get("gres/gpu", 0)),
            state=row["State"].split()[0],
            start=start,
            end=end,
            comment=row["Comment"],
        )


def megabytes(text: str) -> int:
    """`4000M` or `2G` as sacct writes them, in MB."""
    return int(float(text[:-1]) * {"M": 1, "G": 1024}[text[-1]])


@dataclass
class Submission:
    """A finished run of Snakemake: what it printed, and its project."""

    project: Project
    slurm: Slurm
    output: str
    status: int

    @property
    def run_name(self) -> str:
        """The name that its jobs have in Slurm."""
        return run_name(self.output)

    def jobs(self, part: str = "") -> list[Job]:
        """Its jobs in the order of their ids, those whose comment holds `part`."""
        return jobs_of(self.slurm, self.run_name, part)


def run_name(output: str) -> str:
    """The name in Slurm of the jobs of a run, from what it prints."""
    return re.search(r"SLURM run ID: (\S+)", output)[1]


def jobs_of(slurm: Slurm, name: str, part: str = "") -> list[Job]:
    """Jobs of one name in sacct's records, in the order of their ids."""
    columns = ",".join(FIELDS)
    table = slurm.call("sacct", "-X", "-n", "-P", "-S", "now-1days", f"--name={name}", f"--format={columns}")
    jobs = [Job.parse(line) for line in table.splitlines()]
    return sorted((job for job in jobs if part in job.comment), key=lambda job: int(job.id))


def visible_gpus(slurm: Slurm, job: Job) -> set[str]:
    """CUDA_VISIBLE_DEVICES of a job's tasks, as the node's task prolog saw them."""
    lines = (slurm.folder / "visible_gpus.txt").read_text().splitlines()
    return {line.split(maxsplit=1)[1] for line in lines if line.split()[0] == job.id}


def site_profile(folder: Path, **values) -> Path:
    """The profile with other values under __variables__, as a site would write its own."""
    profile = yaml.safe_load((PROFILE / "config.yaml").read_text())
    assert set(values) <= set(profile["__variables__"])
    profile["__variables__"] |= values
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(profile, sort_keys=False))
    return folder


@contextmanager
def snakemake(
    project: Project, slurm: Slurm, *arguments: str, profile: Path = PROFILE
) -> Iterator[subprocess.Popen]:
    """Snakemake with the profile in the project's folder; stdout and stderr together are its stdout.

    It does not outlive the block.
    """
    command = [sys.executable, "-m", "snakemake", "-s", str(project.workflow / "Snakefile")]
    command += ["--configfile", "config.yaml", "--workflow-profile", str(profile), *IMPATIENT, *arguments]
    path = f"{Path(sys.executable).parent}:{slurm.environment['PATH']}"
    process = subprocess.Popen(
        command,
        cwd=project.folder,
        env=slurm.environment | {"PATH": path, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # Ctrl-C reaches it also where these tests run in the background, which ignores that signal
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def submit(project: Project, slurm: Slurm, *arguments: str, profile: Path = PROFILE) -> Submission:
    """Run Snakemake to its end."""
    with snakemake(project, slurm, *arguments, profile=profile) as process:
        output, _ = process.communicate(timeout=HANG)
    return Submission(project, slurm, output, process.returncode)

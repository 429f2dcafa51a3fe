"""What the whole benchmark (config/paper.yaml) costs before it runs: time to plan it, jobs, hours, disk.

    python -m benchmarks.plan [--repeats 5]

`snakemake --dry-run` plans the grid in an empty folder, with each profile, and is timed as a whole. The jobs that
a cluster gets are those of the plan under profiles/slurm: a group of small jobs is one. Hours of training are by the
step times of benchmarks/results/model_costs.tsv, where there are some. The table goes to the screen and to
benchmarks/results/plan.<cpu>.txt. The 4DN key of H1's contacts has only to be there: a made-up one serves.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.tables.paths import BASE
from workflow_scripts.planning.terminal.announcement import training_lines
from workflow_scripts.planning.terminal.sizes import GB, GENES, dataset_bytes
from workflow_scripts.planning.terminal.training_costs import Trained

RESULTS = Path(__file__).parent / "results"
KEY = {"FOURDN_KEY_ID": "none", "FOURDN_KEY_SECRET": "none"}
LOCAL = ("all", "download", "clear_for_training")  # run where snakemake runs
LIMIT = 10.0  # seconds


def planned(profile: str, folder: str) -> tuple[str, float, float]:
    """What a dry run prints, its seconds, and those of the processor.

    profile: a folder of profiles/. folder: to plan in.
    """
    command = [sys.executable, "-m", "snakemake", "-s", str(BASE / "Snakefile"), "--dry-run"]
    command += ["--configfile", str(BASE / "config" / "paper.yaml")]
    command += ["--workflow-profile", str(BASE / "profiles" / profile)]
    start, used = time.perf_counter(), cpu_seconds()
    done = subprocess.run(
        command, cwd=folder, env=os.environ | KEY, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout + done.stderr, time.perf_counter() - start, cpu_seconds() - used


def cpu_seconds() -> float:
    """Processor time of all processes that were started here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def jobs_by_rule(output: str) -> dict[str, int]:
    """From the table that Snakemake prints."""
    rows = output.split("Job stats:")[1].split("total")[0].splitlines()[3:]
    return {name: int(count) for name, count in (row.split() for row in rows if row.strip())}


def submissions(output: str) -> int:
    """Jobs that Slurm gets: single ones, and groups."""
    groups = re.findall(r"Group job (\S+) \(jobs in", output)
    # a rule's lines are indented below its group
    single = [name for name in re.findall(r"^rule (\w+):", output, flags=re.MULTILINE) if name not in LOCAL]
    return len(groups) + len(single)


def costs(folder: str, output: str) -> list[str]:
    """Lines on what the plan costs: disk for windows, hours of training.

    folder: an empty one, to plan in. output: of a dry run there.
    """
    os.environ.update(KEY)
    with contextlib.chdir(folder):
        plan = make_plan(yaml.safe_load((BASE / "config" / "paper.yaml").read_text()))
        cut = set(re.findall(r"output: results/windows/([\w-]+)/(\d+)\.h5", output))
        disk = sum(dataset_bytes(plan, name, int(length)) for name, length in cut)
        hours = training_lines([Trained(each.model) for each in plan.trainings()], plan)
    return [f"windows on disk: at most {disk / GB:,.0f} GB before compression ({GENES:,} genes)", *hours]


def report(repeats: int) -> str:
    """The table.

    repeats: dry runs with each profile.
    """
    outputs: dict[str, str] = {}
    seconds: dict[str, list[tuple[float, float]]] = {"default": [], "slurm": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(repeats):
            for profile, times in seconds.items():
                outputs[profile], *took = planned(profile, folder)
                times.append(tuple(took))
        costly = costs(folder, outputs["default"])
    lines = [
        "planning the whole benchmark (config/paper.yaml)",
        f"machine: {cpu()}, {os.cpu_count()} cores; load {os.getloadavg()[0]:.1f}",
        f"seconds of a dry run, median (longest) of {repeats}; limit {LIMIT:.0f} s",
    ]
    for profile, times in seconds.items():
        wall, used = zip(*times, strict=True)
        lines.append(
            f"profiles/{profile}: {statistics.median(wall):.1f} s ({max(wall):.1f} s), "
            f"{statistics.median(used):.1f} s of them on the processor"
        )
    jobs = jobs_by_rule(outputs["default"])
    many = sorted(jobs.items(), key=lambda item: -item[1])
    lines.append(f"jobs: {sum(jobs.values())} ({', '.join(f'{count} {name}' for name, count in many)})")
    lines.append(f"jobs handed to Slurm: {submissions(outputs['slurm'])}")
    return "\n".join([*lines, *costly]) + "\n"


def cpu() -> str:
    """Name of the processor."""
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else "unknown"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    text = report(parser.parse_args().repeats)
    print(text)
    name = re.sub(r"[^a-z0-9]+", "-", re.sub(r"\(.*?\)", "", cpu()).lower()).strip("-")
    (RESULTS / f"plan.{name}-{os.cpu_count()}-cores.txt").write_text(text)


if __name__ == "__main__":
    main()

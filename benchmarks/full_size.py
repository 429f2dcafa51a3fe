"""The main job at real size, stage by stage: seconds, peak memory, disk; and whether every number is right.

    python -m benchmarks.full_size [--folder WORK] [--scale 1] [--steps 40] [--cores 2]

Makes files as large as those of K562: a genome of 3.11 Gb, a GTF of 60,649 genes, two bigWigs of 20 million
intervals, contacts of 49 million pixels, the table of 18,377 genes (of which the GTF lacks 920, and the labels 735).
Then Snakemake runs to ridge and its figures, and trains the bundled Prism for 40 steps. What the files should lead to
is worked out from the arrays that they were drawn from (`benchmarks/real_size/checks.py`); the first number that
differs ends the benchmark.

About ten minutes and 5 GB on two cores. With --folder, what is there whole is not made again. The table goes to the
screen and, at full size, to benchmarks/results/full_size.<cpu>.txt. Seconds and memory of a stage are those that
Snakemake recorded of its jobs (results/job_costs); memory is that of the largest job with all its processes, and
seconds of the processor are those until its last look at the job, which may be half a minute before the end.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.plan import cpu
from benchmarks.real_size.checks import checked_data, checked_scores
from benchmarks.real_size.project import CELL_TYPE, FOLD, PRISM, RIDGE, SEED, Project
from benchmarks.real_size.sizes import Sizes

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Stage:
    """A stage of the workflow.

    name: of the stage.
    costs: pattern of its records below results/job_costs.
    made: patterns of its files in the working directory.
    """

    name: str
    costs: str
    made: tuple[str, ...]


STAGES = (
    Stage("inputs: md5, links", "download/**/*.tsv", ("resources/downloads/**/*",)),
    Stage("genome", "genome/*.tsv", ("resources/*/genome.fa*",)),
    Stage("annotation", "annotation/*.tsv", ("resources/*/genes.tsv",)),
    Stage("genes", "genes/*.tsv", ("results/genes/*",)),
    Stage("windows, 2 kb", "windows/*/*.tsv", ("results/windows/*/*",)),
    Stage("quality page", "quality/*.tsv", ("results/qc/*",)),
    Stage("ridge", f"runs/*/{RIDGE}/**/*.tsv", (f"results/runs/*/{RIDGE}/**/*",)),
    Stage("comparison", "comparison.tsv", ("results/comparison/*",)),
    Stage("figures", "figures/*.tsv", ("results/comparison/figures/*",)),
    Stage("Prism", f"runs/*/{PRISM}/**/*.tsv", (f"results/runs/*/{PRISM}/**/*",)),
)


def rows(folder: Path) -> list[str]:
    """A line for each stage: its jobs, seconds, processor seconds, MB of memory, MB on disk.

    folder: Snakemake's working directory.
    """
    lines = [f"{'stage':20s} {'jobs':>4s} {'seconds':>8s} {'cpu s':>7s} {'memory MB':>9s} {'disk MB':>8s}"]
    for stage in STAGES:
        found = [cost(path) for path in sorted((folder / "results/job_costs").glob(stage.costs))]
        if not found:
            raise SystemExit(f"{stage.name}: no record of its costs in {folder / 'results/job_costs'}")
        paths = {path for pattern in stage.made for path in folder.glob(pattern)}
        disk = sum(path.lstat().st_size for path in paths if path.is_file() and not path.is_symlink())
        seconds, used = (sum(each[key] for each in found) for key in ("s", "cpu_time"))
        memory = max(each["max_rss"] for each in found)
        lines.append(
            f"{stage.name:20s} {len(found):4d} {seconds:8.1f} {used:7.1f} {memory:9,.0f} {disk / 1e6:8,.1f}"
        )
    return lines


def cost(path: Path) -> dict[str, float]:
    """What Snakemake recorded of a job: seconds `s`, `cpu_time`, MB `max_rss`; 0 for what was too short to see.

    path: of the record.
    """
    with open(path, newline="") as file:
        record = next(csv.DictReader(file, delimiter="\t"))
    seen = {key: record[key] for key in ("s", "cpu_time", "max_rss")}
    return {key: 0.0 if text in ("NA", "-") else float(text) for key, text in seen.items()}


def report(project: Project, cores: int) -> str:
    """The whole benchmark, and its text.

    project: the main job.
    cores: for Snakemake.
    """
    load, start = os.getloadavg()[0], time.perf_counter()
    made = project.make(say)
    project.configure(cores)
    said, *to_ridge = project.snakemake(cores, "all")
    say(f"snakemake all: {to_ridge[0]:.0f} s, load {os.getloadavg()[0]:.1f}")
    right = checked_data(project, said) + checked_scores(project, RIDGE)
    run = f"results/runs/{CELL_TYPE}/{PRISM}/fold{FOLD}/seed{SEED}/metrics.json"
    _, *to_prism = project.snakemake(cores, run, with_prism=True)
    right += checked_scores(project, PRISM)
    lines = [
        f"the main job at real size (scale {project.sizes.scale:g})",
        f"machine: {cpu()}, {os.cpu_count()} cores, {cores} for Snakemake; load before {load:.1f}, after "
        f"{os.getloadavg()[0]:.1f}",
        *_of_files(project, made),
        "",
        *rows(project.run),
        "",
        f"snakemake: {to_ridge[0]:.0f} s ({to_ridge[1]:.0f} s of processor time) to ridge and figures,",
        f"  {to_prism[0]:.0f} s ({to_prism[1]:.0f} s of processor time) for {project.steps} steps of Prism",
        f"in all: {time.perf_counter() - start:.0f} s, {_bytes(project.folder) / 1e9:.1f} GB",
        *(f"right: {line}" for line in right),
    ]
    return "\n".join(lines) + "\n"


def _of_files(project: Project, made: dict[str, dict]) -> list[str]:
    """How large the input files are, and what they took."""
    sizes, genes = project.sizes, project.genes
    written = (
        f"{name} {facts['bytes'] / 1e6:,.0f} MB ({facts['seconds']:.0f} s)" for name, facts in made.items()
    )
    return [
        f"files: a genome of {sizes.total / 1e9:.2f} Gb; a GTF of {genes.frame['in_gtf'].sum():,} genes in "
        f"{made['annotation.gtf.gz']['count']:,} lines; two bigWigs of {sum(sizes.intervals.values()):,} intervals;",
        f"  {made['contacts.cool']['count']:,} pixels of contacts; {len(genes.listed):,} genes listed",
        f"written: {', '.join(written)}",
    ]


def _bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())


def say(line: str) -> None:
    """Tell how far it is.

    line: of text.
    """
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--folder", type=Path, help="where the files are made and kept (default: a temporary folder)")
    add("--scale", type=float, default=1.0, help="of the files; 0.001 takes less than a minute")
    add("--steps", type=int, default=40, help="of Prism")
    add("--cores", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)).resolve()
        text = report(Project(folder, Sizes(arguments.scale), arguments.steps), arguments.cores)
    print(text)
    if arguments.scale == 1:
        name = re.sub(r"[^a-z0-9]+", "-", re.sub(r"\(.*?\)", "", cpu()).lower()).strip("-")
        (RESULTS / f"full_size.{name}-{os.cpu_count()}-cores.txt").write_text(text)


if __name__ == "__main__":
    main()

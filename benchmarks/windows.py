"""Speed and memory of cutting windows here: `prism.genome.dataset.cut.cut` and the published way, gene by gene.

    python -m benchmarks.windows [--genes 18377] [--lengths 2000 200000:962 200000] [--threads 2] [--folder F]

Synthetic tracks of three real chromosome lengths (benchmarks/tracks.py: FASTA, two bigWigs, a .cool at 5 kb, blacklist
and peaks) are made once in the folder. Each length is cut for all genes, or for as many as stand behind its colon: the
three chromosomes are a nineteenth of a genome, so 962 genes lie on them as densely as 18,377 on a whole genome.

Every contender runs in a process of its own, one after the other. `cut` writes the whole dataset file (compressed,
hashed). The peer does what published preprocessing does for each gene: `values()` of each bigWig as a Python list, a
list of four numbers for each base, and filters of a pandas table of the chromosome's contacts; its numbers are kept in
lists and never written, and loading the table is not counted. It is timed on a few genes, twice, and the faster is
kept; the ratio is of times per gene. Its numbers are compared with those in the dataset file.

Wall time and processor time (user and system, of the processes together) stand side by side: other work on the machine
lengthens the first far more. Memory is the highest sum of the resident sizes of a contender and its workers, ten
times a second. The pieces are timed one by one (processor time of one thread) on blocks spread over the genome.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import psutil

from benchmarks import tracks
from benchmarks.scan import cpu_name
from benchmarks.window_contenders import CONTENDERS, UNAVOIDABLE, Case

RESULTS = Path(__file__).parent / "results"
GENOME_GENES = 18_377


def in_own_process(name: str, case: Case) -> dict:
    """A contender's numbers from a fresh process, with `memory`: the highest resident size in GB, workers included."""
    numbers = [
        f"--folder={case.folder}",
        f"--lengths={case.length}:{case.genes}",
        f"--threads={case.threads}",
    ]
    command = [sys.executable, "-m", "benchmarks.windows", "--contender", name, *numbers]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    watched, highest = psutil.Process(process.pid), 0
    while process.poll() is None:
        found = 0
        for one in _family(watched, with_parent=name != "cut"):
            try:
                found += one.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        highest = max(highest, found)
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"{name} at {case.length} bp failed")
    return json.loads(process.stdout.read().splitlines()[-1]) | {"memory": highest / 1e9}


def _family(process: psutil.Process, with_parent: bool) -> list[psutil.Process]:
    """A process (but not one that only waits for its command) and all that it started."""
    try:
        return [process] * with_parent + process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def overlap(case: Case) -> float:
    """Windows over a base that any window covers, on average."""
    rows = [line.split("\t") for line in case.table.read_text().splitlines()[1:]]
    covered = 0
    for chrom in tracks.CHROMOSOMES:
        tss = sorted(int(row[3]) for row in rows if row[2] == chrom)
        covered += sum(min(b - a, case.length) for a, b in pairwise(tss)) + case.length
    return len(rows) * case.length / covered


def section(case: Case) -> list[str]:
    """The lines of one length."""
    load = os.getloadavg()[0]
    ours = in_own_process("cut", case)
    middle = os.getloadavg()[0]
    theirs = min((in_own_process("peer", case) for _ in range(2)), key=lambda one: one["cpu"])
    after = os.getloadavg()[0]
    case.out.unlink()
    found = in_own_process("pieces", case)
    lines = [
        "",
        f"{case.length:,} bp, {case.genes:,} genes; {overlap(case):.1f} windows over a covered base",
        "        genes    wall s     cpu s   genes/s   ms/gene   cpu ms/gene  ratio  (cpu)     memory   load",
    ]
    for name, one, loads in (("cut", ours, (load, middle)), ("peer", theirs, (middle, after))):
        wall, cpu = one["wall"] / one["genes"], one["cpu"] / one["genes"]
        ratios = wall * ours["genes"] / ours["wall"], cpu * ours["genes"] / ours["cpu"]
        lines.append(
            f"{name:5s} {one['genes']:7,d} {one['wall']:9.1f} {one['cpu']:9.1f} {1 / wall:9.1f} {wall * 1000:9.3f} "
            f"{cpu * 1000:13.3f} {ratios[0]:6.1f} {ratios[1]:6.1f} {one['memory']:6.2f} GB   "
            f"{loads[0]:.1f} -> {loads[1]:.1f}"
        )
    return lines + _outlook(ours, theirs) + _limits(ours, found)


def _outlook(ours: dict, theirs: dict) -> list[str]:
    minutes = [one[k] / one["genes"] * GENOME_GENES / 60 for one in (ours, theirs) for k in ("wall", "cpu")]
    return [
        f"{GENOME_GENES:,} genes at these rates: cut {minutes[0]:.2f} min ({minutes[1]:.2f} CPU min), peer "
        f"{minutes[2]:.1f} min ({minutes[3]:.1f} CPU min, extrapolated)",
        f"the peer's numbers differ from the dataset file's by at most {theirs['differs']:.1e}",
    ]


def _limits(ours: dict, found: dict) -> list[str]:
    spent, used = found["ms"], ours["cpu"] / ours["genes"] * 1000
    needed, largest = sum(spent[name] for name in UNAVOIDABLE), max(spent, key=spent.get)
    listed = ", ".join(f"{name} {one:.3f}" for name, one in spent.items())
    written, plain = ours["bytes"] / ours["wall"] / 1e6, found["disk"] / 1e6
    return [
        f"pieces, cpu ms a gene ({found['genes']:,} genes): {listed}; the rest of cut (start of the processes, "
        f"checks) {used - sum(spent.values()):.3f}",
        f"limit: {', '.join(UNAVOIDABLE)} need {needed:.3f} of the {used:.3f} ms that cut uses ({needed / used:.0%}); "
        f"the largest is {largest} ({spent[largest] / used:.0%})",
        f"disk: a file of {ours['bytes'] / 1e6:,.0f} MB ({ours['bytes'] / ours['genes'] / 1e3:.1f} kB a gene), at "
        f"{written:.0f} MB/s of the {plain:.0f} MB/s of plain writing",
    ]


def report(folder: Path, cases: list[tuple[int, int]], threads: int) -> str:
    started = time.perf_counter()
    tracks.make(folder)
    seconds = time.perf_counter() - started
    made = f"made in {seconds:.1f} s" if seconds > 1 else "made before"
    sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.0f} MB" for path in sorted(folder.iterdir())
                      if path.suffix in (".fa", ".bw", ".cool"))  # fmt: skip
    load, lines = os.getloadavg()[0], []
    for length, genes in cases:
        case = Case(folder, length, genes, threads)
        tracks.write_genes(case.table, genes)
        lines += section(case)
        print("\n".join(lines[-8:]), file=sys.stderr, flush=True)
    after = os.getloadavg()[0]
    rows = [
        "cutting windows: sequence, DNase, H3K27ac, contacts (.cool, 5 kb), blacklist, peaks",
        f"machine: {cpu_name()}, {os.cpu_count()} cores, {threads} threads; load before {load:.2f}, after {after:.2f}",
        f"tracks on {', '.join(f'{k} {v / 1e6:.1f} Mb' for k, v in tracks.CHROMOSOMES.items())}, {made}: {sizes}",
        "runs of one value: " + ", ".join(f"{k} {low}-{high} bp" for k, (low, high) in tracks.RUNS.items()),
        *lines, "", "ratio: the peer's time per gene over that of cut, wall and (second) processor time.",
    ]  # fmt: skip
    if max(load, after) > threads + 1.5:
        rows.append(
            "The machine was busy with other work: wall times are rough, and processor times too long."
        )
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--genes", type=int, default=GENOME_GENES)
    parser.add_argument(
        "--lengths", nargs="+", default=["2000", "200000:962", "200000"], metavar="BP[:GENES]"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--folder", type=Path, help="where the tracks are kept (default: a temporary folder)")
    parser.add_argument("--contender", choices=list(CONTENDERS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    split = [text.partition(":") for text in arguments.lengths]
    cases = [(int(length), int(genes or arguments.genes)) for length, _, genes in split]
    if arguments.contender:
        found = CONTENDERS[arguments.contender](Case(arguments.folder, *cases[0], arguments.threads))
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as temporary:
        text = report(arguments.folder or Path(temporary), cases, arguments.threads)
    print(text)
    slug = re.sub(
        r"[^a-z0-9]+", "-", f"{cpu_name()} {os.cpu_count()} cores".lower().replace("(r)", "")
    ).strip("-")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"windows.{slug}.txt").write_text(text + "\n")


if __name__ == "__main__":
    main()

"""Does Prism's adjustment take confounding away? Simulated worlds in which the answer is known (docs/causal_test.md).

    python -m benchmarks.causal_test [--only FAMILY ...] [--part 1/2] [--minutes 60]
    python -m benchmarks.causal_test --status
    python -m benchmarks.causal_test --table
    python -m benchmarks.causal_test --figure docs/causal_test.svg

Trains what is missing in the table of runs, one thread, and prints the tables, the primary test last. It can be stopped
at any moment and goes on where it was: a finished run is a row of --runs. --part 1/2 and --part 2/2 share the genomes
between two processes. --table, --status and --figure train nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from itertools import groupby
from pathlib import Path

from benchmarks import resumable
from workflow_scripts import threads

RUNS = Path(__file__).resolve().parents[1] / "results" / "causal_test.tsv"


def main() -> None:
    """Train what is missing, then print."""
    threads.limit(1)
    options = parsed()
    if not (options.status or options.table or options.figure):
        train_missing(options)
    from benchmarks.causal_test import figure, store, table

    runs = store.read_runs(options.runs)
    if options.figure:
        figure.draw(runs, options.figure)
    print("\n".join(status(runs) if options.status else table.lines(runs)))


def parsed() -> argparse.Namespace:
    """The command line."""
    from benchmarks.causal_test.protocol import FAMILIES, GENOMES

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.causal_test",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=Path, default=RUNS, help="table of runs, default %(default)s")
    parser.add_argument("--only", nargs="+", choices=FAMILIES, default=list(FAMILIES), help="families")
    parser.add_argument("--genomes", type=int, default=GENOMES, help="the first so many, default all")
    resumable.add_options(parser, "genomes", "run")
    parser.add_argument("--figure", type=Path, help="draw what is done into this SVG, and print the tables")
    return resumable.parsed(parser)


def train_missing(options: argparse.Namespace) -> None:
    """Train every task without a row, a line for each."""
    from benchmarks.causal_test import runs, store
    from benchmarks.causal_test.genomes import make_genome
    from benchmarks.causal_test.protocol import tasks
    from prism.runs.provenance import git_revision

    started, revision = time.monotonic(), git_revision() or ""
    there = store.done(store.read_runs(options.runs))
    wanted = [task for task in tasks(tuple(options.only), options.genomes)
              if task not in there and resumable.is_ours(task.genome, options)]  # fmt: skip
    for (_, number, world), todo in groupby(wanted, lambda task: (task.family, task.genome, task.world)):
        with tempfile.TemporaryDirectory() as folder:
            genome = make_genome(world, number, Path(folder))
            for task in todo:
                if time.monotonic() - started > 60 * options.minutes:
                    return
                row = runs.measured(task, genome, revision)
                store.add_run(options.runs, row)
                loss = row["observed_mse_shifted"] - row["observed_mse_same"]
                told = f"same {row['observed_mse_same']:.3f}, shifted - same {loss:+.3f}, {row['seconds']} s"
                print(f"{' '.join(map(str, task))}: {told}", file=sys.stderr, flush=True)


def status(runs) -> list[str]:
    """How many runs of each family and arm there are, and how long the rest takes at the pace so far.

    runs: of `store.read_runs`.
    """
    from benchmarks.causal_test import store
    from benchmarks.causal_test.protocol import tasks

    wanted = Counter((task.family, task.arm) for task in tasks())
    there = Counter((task.family, task.arm) for task in store.done(runs))
    seconds = runs.groupby(["family", "arm"])["seconds"].mean()
    lines = [f"{'family':12s}{'arm':18s}{'done':>6s}{'of':>6s}{'s a run':>9s}{'left':>9s}"]
    for (family, arm), total in wanted.items():
        pace = seconds.get((family, arm), float("nan"))
        left = (total - there[family, arm]) * pace / 3600
        lines.append(f"{family:12s}{arm:18s}{there[family, arm]:6d}{total:6d}{pace:9.1f}{left:7.2f} h")
    return lines


if __name__ == "__main__":
    main()

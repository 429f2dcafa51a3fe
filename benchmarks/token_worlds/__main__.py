"""Do dynamic tokens find what a factor regulates? Simulated cells in which the answer is known.

    python -m benchmarks.token_worlds [--only skill|null] [--seeds 5] [--nulls 200] [--part 1/2] [--minutes 60]
    python -m benchmarks.token_worlds --status
    python -m benchmarks.token_worlds --table

Five seeds, in each three arms: many genomes (residual form; and with the adapter's output as the token), and a single
genome, where no skill at mutations is expected. Each trains a DNA encoder (a run of this workflow), a foundation model
and adapters, mutates two factors by a variant that no donor carries, and scores token route, expression route, both,
and every control. Then 200 independent worlds in which nothing regulates anything: one p each, held against the
uniform distribution, that table last. One thread. It can be stopped at any moment and goes on where it was: a finished
world is a row of --worlds. --part 1/2 and --part 2/2 share the seeds between two processes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from itertools import groupby
from pathlib import Path

from benchmarks import resumable
from workflow_scripts import threads

WORLDS = Path(__file__).resolve().parents[1] / "results" / "token_worlds.tsv"
KINDS = ("skill", "null")


def main() -> None:
    """Measure what is missing, then print."""
    threads.limit(1)
    options = parsed()
    from benchmarks.token_worlds import store, table

    if not (options.status or options.table):
        measure_missing(options)
    worlds = store.read_worlds(options.worlds)
    print("\n".join(table.status(worlds) if options.status else table.lines(worlds)))


def parsed() -> argparse.Namespace:
    """The command line."""
    from benchmarks.token_worlds.protocol import NULL_WORLDS, SEEDS

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.token_worlds",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--worlds", type=Path, default=WORLDS, help="table of worlds, default %(default)s")
    parser.add_argument("--only", choices=KINDS, help="default both")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="of the worlds with regulation")
    parser.add_argument("--nulls", type=int, default=NULL_WORLDS, help="worlds without regulation")
    resumable.add_options(parser, "seeds", "world")
    return resumable.parsed(parser)


def measure_missing(options: argparse.Namespace) -> None:
    """Measure every world without a row, a line for each."""
    from benchmarks.token_worlds import store
    from benchmarks.token_worlds.protocol import NULL, hash_of, tasks
    from benchmarks.token_worlds.run import Seed
    from prism.runs.provenance import git_revision

    started, revision = time.monotonic(), git_revision() or ""
    there = store.done(store.read_worlds(options.worlds))
    wanted = [
        task
        for task in tasks(options.seeds, options.nulls)
        if task not in there
        and resumable.is_ours(task.seed, options)
        and options.only in (None, "null" if task.arm == NULL else "skill")
    ]
    for _, todo in groupby(wanted, lambda task: task.seed):
        with tempfile.TemporaryDirectory() as folder:
            seed = Seed(Path(folder))
            for task in todo:
                if time.monotonic() - started > 60 * options.minutes:
                    return
                before = time.process_time()
                found = seed.measured(task)
                seconds = round(time.process_time() - before, 1)
                facts = {"settings_hash": hash_of(task), "revision": revision, "seconds": seconds}
                store.add_world(options.worlds, {**task._asdict(), **facts, **found})
                print(f"{task.arm} {task.seed}: {seconds} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

"""What training each model costs on this machine: parameters, memory, seconds per optimiser step.

    python -m benchmarks.model_costs [--only NAME ...] [--device cpu|cuda] [--threads 2] [--out TABLE]

Every entry of config/models.yaml of its own architecture and window (no ablation, none without RNA features,
none of the demo) takes two real optimiser steps in a process of its own, through the trainer
(`prism.training.trial`), on synthetic windows of its real length: a short window with its whole batch, on a CPU
a window of more than 20 kb with two genes, one at a time where the entry may be divided
(`training.micro_batch`), else one. Memory is the highest resident size less that before the model was made; on
a GPU the highest that its tensors took. A step's time is that of the second step: the first compiles.

Rows are merged into the table by entry and device. An entry that does not fit says so with its reason, and
costs nothing. Enformer needs its own environment (`make test-enformer` makes it):
`--only enformer_2k enformer_200k --python .venv-enformer/bin/python`.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from workflow_scripts import threads as thread_limit
from workflow_scripts.planning.tables.paths import BASE, COST_TABLE

if TYPE_CHECKING:
    from prism.training.run import Run
    from workflow_scripts.planning.tables.models import Entry

COLUMNS = (
    "entry", "window", "window_read", "genes_a_step", "genes_at_once", "parameters", "memory_gb", "seconds_a_step",
    "first_step", "outcome", "device", "threads", "load", "torch", "numba", "date",
)  # fmt: skip


def measured_entries() -> dict[str, Entry]:
    """The entries that cost something, by name."""
    from workflow_scripts.planning.tables.models import (
        read_models,  # Enformer's environment has no jsonschema
    )

    entries = read_models([BASE / "config" / "models.yaml"])
    return {name: entry for name, entry in entries.items() if entry.has_own_cost}


def as_measured(entry: Entry, device: str) -> dict:
    """The entry as JSON, with the genes of a step that are measured."""
    settings = json.loads(entry.canonical())
    training = settings["training"]
    if entry.is_long and device == "cpu":
        divided = bool(training.get("micro_batch"))
        training |= {"batch_size": 2 if divided else 1} | ({"micro_batch": 1} if divided else {})
    return settings


def synthetic_run(entry: dict, name: str, genes: int) -> Run:
    """The training of an entry on synthetic windows of its own length.

    entry: as JSON.
    name: of the entry.
    genes: to train on; one more is validated and one tested.
    """
    import pandas as pd

    from benchmarks.synthetic_windows import SyntheticWindows
    from prism.training.run import Run

    split = ["train"] * genes + ["valid", "test"]
    folds = pd.DataFrame({"fold": "1", "gene_id": [f"gene{i}" for i in range(len(split))], "split": split})
    data = (entry["length"], entry["signals"], entry["rna_features"], entry["settings"].get("n_enhancers", 0))
    return Run(SyntheticWindows(len(folds), *data), folds, entry, "synthetic", name, 1, 2)


def measure(entry: dict, name: str, device: str) -> dict:
    """Two steps in this process; what `prism.training.trial` says of them."""
    from prism.training.trial import try_out

    genes = 2 * entry["training"]["batch_size"]
    return try_out(lambda changed: synthetic_run(changed, name, genes), entry, device)


def row_of(name: str, record: dict, load: float) -> dict[str, str]:
    """A row of the table."""
    first, *later = record["seconds_a_step"]
    memory = record["peak_memory_bytes"] - record["memory_before_bytes"]
    facts = {
        "entry": name,
        "window": record["window_wanted"],
        "window_read": record["window"],
        "genes_a_step": record["genes_a_step"],
        "genes_at_once": record["genes_at_once"],
        "parameters": record["parameters"],
        "memory_gb": f"{memory / 1e9:.3g}",
        "seconds_a_step": f"{later[-1]:.4g}",
        "first_step": f"{first:.4g}",
        "outcome": "; ".join(record["reduced"]) or "done",
        "device": record["device"],
        "threads": record["threads"],
        "load": f"{load:.1f}",
        "torch": record["packages"]["torch"],
        "numba": record["packages"].get("numba", ""),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    return {key: str(facts[key]) for key in COLUMNS}


def failed_row(
    name: str, entry: dict, reason: str, arguments: argparse.Namespace, load: float
) -> dict[str, str]:
    """A row of the table for an entry that could not take its two steps."""
    import torch

    from prism.compute.device import candidates, describe

    torch.set_num_threads(arguments.threads)
    facts = {
        "entry": name,
        "window": entry["length"],
        "window_read": entry["length"],
        "genes_a_step": entry["training"]["batch_size"],
        "genes_at_once": entry["training"].get("micro_batch") or entry["training"]["batch_size"],
        "outcome": f"failed: {reason}",
        "device": describe(candidates(arguments.device)[0]),
        "threads": arguments.threads,
        "load": f"{load:.1f}",
        "torch": torch.__version__,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    return {key: str(facts.get(key, "")) for key in COLUMNS}


def in_own_process(name: str, entry: dict, arguments: argparse.Namespace) -> dict[str, str]:
    """The row of an entry, measured in a fresh process."""
    command = [arguments.python, "-m", "benchmarks.model_costs", "--only", name, "--entry", json.dumps(entry)]
    command += ["--device", arguments.device, "--threads", str(arguments.threads)]
    load = os.getloadavg()[0]
    done = subprocess.run(command, capture_output=True, text=True, cwd=BASE)
    if done.returncode == 0:
        return row_of(name, json.loads(done.stdout.strip().splitlines()[-1]), load)
    # by a signal: most likely the system's, because memory ran out
    by_signal = f"killed by signal {-done.returncode}" if done.returncode < 0 else ""
    said = by_signal or (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
    return failed_row(name, entry, " ".join(said.split()), arguments, load)


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a table, none where there is no file."""
    if not path.exists():
        return []
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def merge(path: Path, row: dict[str, str]) -> None:
    """Put a row in the place of that of the same entry on the same kind of device."""
    from prism.files.atomic import writing

    def key(each: dict[str, str]) -> tuple[str, str]:
        return each["entry"], each["device"].split(":")[0].split(" ")[0]

    rows = {key(each): each for each in [*read(path), row]}
    with writing(path) as part, part.open("w", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[each] for each in sorted(rows))


def main() -> None:
    """Measure, row by row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", help="entries (default: all)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, default=COST_TABLE)
    parser.add_argument(
        "--python", default=sys.executable, help="of the environment to measure in (default: this one)"
    )
    parser.add_argument("--entry", help="measure this entry (JSON) in this very process and print its record")
    arguments = parser.parse_args()
    if arguments.entry:
        thread_limit.limit(arguments.threads)
        print(json.dumps(measure(json.loads(arguments.entry), arguments.only[0], arguments.device)))
        return
    entries = measured_entries()
    wanted = arguments.only or list(entries)
    if unknown := sorted(set(wanted) - set(entries)):
        parser.error(f"no entry {', '.join(unknown)} to measure; there are: {', '.join(entries)}")
    for name in wanted:
        row = in_own_process(name, as_measured(entries[name], arguments.device), arguments)
        merge(arguments.out, row)
        print("  ".join(row[key] for key in COLUMNS[:10]), flush=True)


if __name__ == "__main__":
    main()

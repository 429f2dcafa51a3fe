"""A training step of the published Prism and of the fast one, in one run, and what a whole training would cost.

    python -m benchmarks.fast_step [--threads 2] [--rounds 7]

Both are entries of config/models.yaml (`prism_2k`, `prism_fast_2k`) with their own batch and optimiser, in float32 on a
CPU, on random windows: the work does not depend on what is in them. The steps take turns in one process, so that what
else the machine does meets both: in each round one step of the published model and as many of the fast one as take
about as long. A step is forward, loss, backward, gradient clipping and AdamW. The table goes to the screen and to
benchmarks/results/fast_step.<cpu>.txt, the ratio last: the median over the rounds of published / fast.

limit: the share of the median step that its products and scans alone would take at rates measured before and after the
rounds (the better ones count); what counts as work says benchmarks/train_step.py.

memory: of a step in a process of its own, the highest resident size less that after a tiny step of the same kind (the
loaded program). Loading windows is not in it: two kilobases of 16,000 genes are held in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

from benchmarks.entries import entry_of
from workflow_scripts import threads as thread_limit

ENTRIES = {"published": "prism_2k", "fast": "prism_fast_2k"}
SIGNALS = 3
PASSES, GENES = 20, 16_000  # of a whole training
HEADER = f"{'':34s}{'median s':>10s}{'shortest':>10s}{'genes/s':>9s}{'memory':>10s}{'limit':>7s}"


def step_of_entry(entry: dict[str, Any], tiny: bool = False):
    """The step of an entry, a `benchmarks.training_steps.Step`.

    entry: as `entry_of` gives it.
    tiny: one gene and a narrow model of the same kind; default False.
    """
    import torch

    from benchmarks.training_steps import Step, our_loss, random_windows
    from prism.genome.genes.feature_groups import columns_of
    from prism.models import build
    from prism.models.parameter_groups import parameter_groups

    training, settings, features = (
        entry["training"],
        dict(entry["settings"]),
        len(columns_of(entry["rna_features"])),
    )
    if tiny:
        settings |= {"d_model": 16, "n_layer": 1}
    batch = random_windows(1 if tiny else training["batch_size"], entry["length"], SIGNALS, features)
    widths = {"length": entry["length"], "n_signals": SIGNALS, "n_rna_features": features}
    module = build(entry["architecture"], {**settings, **widths}).train()
    groups = parameter_groups(module, training["weight_decay"])
    optimiser = torch.optim.AdamW(groups, lr=training["learning_rate"], betas=tuple(training["betas"]))
    return Step(module, lambda: our_loss(module, batch), optimiser)


def memory_of(entry: dict[str, Any]) -> float:
    """GB that a step takes beyond the loaded program, in this process."""
    from benchmarks.scan import forget_peak, resident
    from prism.compute import malloc

    malloc.keep()
    step_of_entry(entry, tiny=True).whole()
    forget_peak()
    before = resident("VmRSS")
    step = step_of_entry(entry)
    for _ in range(2):  # the second one also holds the optimiser's moments
        step.whole()
    return resident("VmHWM") - before


def in_own_process(name: str, threads: int) -> float:
    """`memory_of` an entry, in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.fast_step", f"--threads={threads}", f"--memory-of={name}"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def rounds(entries: dict[str, dict[str, Any]], count: int) -> dict[str, list[float]]:
    """Seconds of a step of each entry, round by round.

    entries: by name.
    count: of rounds, after one that is not counted.
    """
    from prism.compute import malloc

    malloc.keep()
    steps = {name: step_of_entry(entry) for name, entry in entries.items()}
    for step in steps.values():
        step.whole()  # compiles, and takes its memory
    first = {name: timed(step, 1) for name, step in steps.items()}
    found = {name: [] for name in steps}
    for _ in range(count):
        for name, step in steps.items():
            found[name].append(timed(step, max(round(max(first.values()) / first[name]), 1)))
    return found


def limit_of(entry: dict[str, Any], rates: dict[str, float]) -> float:
    """Seconds that the products and scans of a step would take.

    entry: as `entry_of` gives it.
    rates: of `benchmarks.train_step.cpu_rates`.
    """
    from benchmarks.train_step import limit
    from prism.models.catalogue.tokens import Stem

    settings = entry["settings"]
    tokens = entry["length"] // Stem.of(settings.get("stem")).size
    size = {"d": settings["d_model"], "layers": settings["n_layer"], "n": settings["n_context"]}
    return sum(
        limit({"batch": entry["training"]["batch_size"], "length": tokens, **size}, rates, "cpu").values()
    )


def timed(step, count: int) -> float:
    """Seconds of a step, the mean of a few."""
    started = time.perf_counter()
    for _ in range(count):
        step.whole()
    return (time.perf_counter() - started) / count


def report(
    found: dict[str, list[float]],
    memory: dict[str, float],
    limits: dict[str, float],
    batches: dict[str, int],
    head: str,
) -> str:
    """The table.

    found: seconds of a step by name, round by round.
    memory: GB by name.
    limits: seconds by name, of `limit_of`.
    batches: genes of a step by name.
    head: its first lines.
    """
    rows = [head, HEADER]
    for name, seconds in found.items():
        median = statistics.median(seconds)
        hours = PASSES * GENES / batches[name] * median / 3600
        label = f"{name} ({ENTRIES[name]}), batch {batches[name]}"
        times = f"{label:34s}{median:10.3f}{min(seconds):10.3f}{batches[name] / median:9.1f}"
        rest = f"{memory[name]:7.2f} GB{limits[name] / median:7.0%}"
        rows.append(f"{times}{rest}   {PASSES} passes over {GENES} genes: {hours:.1f} hours")
    ratio = statistics.median(a / b for a, b in zip(found["published"], found["fast"], strict=True))
    return "\n".join([*rows, f"the fast step is {ratio:.1f} times faster"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--memory-of", choices=list(ENTRIES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    thread_limit.limit(options.threads)
    entries = {name: entry_of(entry) for name, entry in ENTRIES.items()}
    if options.memory_of:
        print(json.dumps(memory_of(entries[options.memory_of])))
        return
    import torch

    from benchmarks.scan import RESULTS, cpu_name, slug
    from benchmarks.train_step import cpu_rates

    load = os.getloadavg()[0]
    before = cpu_rates(options.threads)
    found = rounds(entries, options.rounds)
    rates = {name: max(before[name], rate) for name, rate in cpu_rates(options.threads).items()}
    limits = {name: limit_of(entry, rates) for name, entry in entries.items()}
    machine = f"{cpu_name()}, {options.threads} threads; torch {torch.__version__}"
    head = f"training steps on {machine}; load before {load:.2f}"
    products, operations = (rates[name] / 1e9 for name in ("products", "operations"))
    head += f"\nmeasured rates: products {products:.0f}, others {operations:.0f} G multiply-adds/s"
    if load > 0.5:
        head += "\nThe machine was busy with other work: all times are rough."
    memory = {name: in_own_process(name, options.threads) for name in entries}
    batches = {name: entry["training"]["batch_size"] for name, entry in entries.items()}
    text = report(found, memory, limits, batches, head)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"fast_step.{slug()}.txt").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()

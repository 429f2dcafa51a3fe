"""Writes docs/models.md from config/models.yaml: python -m workflow_scripts.document_models > docs/models.md."""

from __future__ import annotations

import csv
import inspect
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from workflow_scripts.model_sources import SOURCES
from workflow_scripts.planning.models import CLOSED_FORM, Entry, read_models
from workflow_scripts.planning.paths import BASE

INTRODUCTION = """\
# Models
Made from `config/models.yaml` and `benchmarks/results/model_costs.tsv` by `python -m
workflow_scripts.document_models`; do not edit.

Parameters are counted on the model as built for three signals (H3K27ac, DNase, contacts) and nine gene features
(the mRNA features and the promoter activity), or none where the entry says `rna_features: false`; not for ridge,
which is solved, nor for Enformer, whose library lives in an environment of its own (230,256,641: see
`tests/unit/test_enformer.py`). Steps and batch are those of the entry's protocol; `-` where there is none.
"""
COSTS = """\
## What training costs
`python -m benchmarks.model_costs` measures; it says how. Memory is what training took beyond the loaded program,
time is that of one optimiser step, of so many genes (those at once in brackets, where fewer go through the model
together). Where the load of the machine was above its threads, it was busy with other work, and the time is too long.
"""
ESTIMATES = """\
## Memory of a GPU, estimated
**No GPU has run this.** Worked out by `prism/models/memory.py` from what every operation keeps for its
gradient, in bf16 with the fused kernels; the count for a CPU in float32 is checked against the tensors that are
kept, to 2 % (`tests/unit/test_memory.py`). Bytes kept for each position are those of the whole model between
the forward and the backward pass of one gene, with the layers checkpointed (`checkpoint_layers`, their inputs
kept alone) or not. The estimates in GB add weights, optimiser and a rough upper count of the layer at work; not
the library, nor the GPU's own context (about 1 GB). The plain twin of the scan (`PRISM_SCAN=reference`) would
need some ten times as much: long windows are not for it.
"""
SIGNALS = ("H3K27ac", "DNase", "contacts")
FEATURES = 9
COST_TABLE = BASE / "benchmarks" / "results" / "model_costs.tsv"
HEAD = ("entry", "window, bp", "signals", "gene features", "parameters", "steps", "batch")
ENFORMER_PARAMETERS = 230_256_641
COST_HEAD = (
    "entry",
    "parameters",
    "inputs",
    "window, bp",
    "steps",
    "genes a step",
    "memory",
    "time per step",
    "measured on",
)
ESTIMATE_HEAD = (
    "entry", "window, bp", "bytes kept per position", "checkpointed", "on a CPU, float32", "batch", "whole batch, GB",
    "genes at once", "as configured, GB", "fits 80 GB",
)  # fmt: skip
ONE_GPU = 80e9
LONG = 20_000  # bp; shorter windows fit anywhere


def parameters(entry: Entry) -> str:
    """Trainable parameters of an entry, built; '-' for a closed form or where its library is not installed."""
    from prism.models import build

    signals = SIGNALS if entry.signals is None else entry.signals
    data = {
        "length": entry.length,
        "n_signals": len(signals),
        "n_rna_features": FEATURES if entry.rna_features else 0,
        "signals": list(signals),
    }
    if entry.architecture in (*CLOSED_FORM, "enformer"):
        return "-"
    module = build(entry.architecture, entry.settings | data)
    return f"{sum(each.numel() for each in module.parameters() if each.requires_grad):,}"


def steps(entry: Entry) -> str:
    """Optimiser steps of an entry, or its epochs; '-' where there are none."""
    training = entry.training
    if training.get("steps"):
        return f"{training['steps']:,}"
    return f"{training['epochs']} epochs" if training.get("epochs") else "-"


def inputs(entry: Entry) -> str:
    """What an entry reads, in words."""
    read = ["sequence"]
    read += ["signals" if entry.signals is None else ", ".join(entry.signals)] if entry.signals != () else []
    read += ["elements"] if entry.reads_elements else []
    read += ["peaks"] if entry.settings.get("input_mask") == "peaks" else []
    return ", ".join(read + (["gene features"] if entry.rna_features else []))


def cost_row(entry: Entry, cost: dict[str, str]) -> str:
    """One measurement as a line of the table."""
    genes = cost["genes_a_step"] + (
        f" ({cost['genes_at_once']})" if cost["genes_at_once"] != cost["genes_a_step"] else ""
    )
    where = f"{cost['device']}, load {cost['load']}, {cost['date']}"
    window = f"{entry.length:,}"
    if cost["window_read"] != cost["window"]:
        window += f" (measured at {int(cost['window_read']):,}: {cost['outcome']})"
    memory, seconds = (
        (f"{float(cost['memory_gb']):.1f} GB", f"{float(cost['seconds_a_step']):.1f} s")
        if cost["memory_gb"]
        else ("-", cost["outcome"])
    )
    count = f"{int(cost['parameters']):,}" if cost["parameters"] else "-"
    cells = (f"`{entry.name}`", count, inputs(entry), window, steps(entry), genes, memory, seconds, where)
    return _line(cells)


def costs(entries: Sequence[Entry]) -> list[str]:
    """The table of what was measured, in the order of the entries; those not measured are named below it."""
    with COST_TABLE.open(newline="") as lines:
        measured = list(csv.DictReader(lines, delimiter="\t"))
    rows = [cost_row(entry, cost) for entry in entries for cost in measured if cost["entry"] == entry.name]
    there = {cost["entry"] for cost in measured}
    missing = [f"`{entry.name}`" for entry in entries if entry.length > LONG and entry.name not in there]
    note = ["", f"Not measured yet: {', '.join(missing)}."] if missing else []
    return [COSTS, *_head(COST_HEAD), *rows, *note, ""]


def estimate_row(entry: Entry) -> str:
    """One entry's memory on a GPU as a line of the table."""
    from prism.models import memory

    count = (
        ENFORMER_PARAMETERS if entry.architecture == "enformer" else int(parameters(entry).replace(",", ""))
    )
    batch = entry.training["batch_size"]
    at_once = entry.training.get("micro_batch") or batch

    def kept(checkpointed: bool, **how: Any) -> str:
        settings = entry.settings | {"checkpoint_layers": checkpointed}
        return (
            f"{memory.kept_bytes(entry.architecture, settings, entry.length, 1, **how) / entry.length:,.0f}"
        )

    def need(genes: int) -> float:
        return memory.training_bytes(
            entry.architecture, entry.settings, entry.length, genes, count, "cuda", 2
        )

    on_gpu = {"device": "cuda", "product_bytes": 2}
    cells = (
        f"`{entry.name}`", f"{entry.length:,}", kept(False, **on_gpu), kept(True, **on_gpu),
        f"{kept(False)}, {kept(True)}",
        str(batch), f"{need(batch) / 1e9:.0f}", str(at_once), f"{need(at_once) / 1e9:.0f}",
        "yes" if need(at_once) < ONE_GPU else "no",
    )  # fmt: skip
    return _line(cells)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _head(names: Sequence[str]) -> list[str]:
    return [_line(names), "|" + "---|" * len(names)]


def row(entry: Entry) -> str:
    """One line of the table."""
    signals = "all" if entry.signals is None else ", ".join(entry.signals) or "none"
    cells = (
        f"`{entry.name}`",
        f"{entry.length:,}",
        signals,
        "yes" if entry.rna_features else "no",
        parameters(entry),
        steps(entry),
        str(entry.training.get("batch_size", "-")),
    )
    return _line(cells)


def settings_of(architecture: str) -> list[str]:
    """The settings of an architecture with their defaults, and what it is, from its class."""
    from prism.models import registry

    own = {k: v for k, v in registry.known_settings(architecture).items() if k not in registry.DATA_SETTINGS}
    meaning = " ".join(inspect.getdoc(registry.architecture(architecture)).split("\n\n")[0].split())
    source, differs = SOURCES[architecture]
    return [
        meaning,
        "",
        f"Source: {source}. What differs: {differs}",
        "",
        "Settings: " + (", ".join(f"`{key}` ({value!r})" for key, value in own.items()) or "none"),
    ]


def document() -> str:
    """The whole page."""
    entries = sorted(
        read_models([BASE / "config" / "models.yaml"]).values(), key=lambda e: (e.architecture, e.name)
    )
    by_cost = [entry for entry in entries if not entry.name.endswith(("_norna", "_demo"))]
    lines = [INTRODUCTION, *costs(by_cost), ESTIMATES, *_head(ESTIMATE_HEAD)]
    lines += [*(estimate_row(entry) for entry in by_cost if entry.length > LONG), ""]
    for architecture, group in groupby(entries, key=lambda entry: entry.architecture):
        lines += [f"## {architecture}", *settings_of(architecture), ""]
        lines += [*_head(HEAD), *(row(entry) for entry in group), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    print(document(), end="")

"""Tables of the model entries, as lines of Markdown; for docs/models.md."""

from __future__ import annotations

import csv
import inspect
from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from prism.genome.genes.feature_groups import columns_of, in_words
from prism.genome.reading import UNSCALED
from prism.models.catalogue import traits
from workflow_scripts.planning.tables.models import Entry
from workflow_scripts.planning.tables.paths import COST_TABLE

SIGNALS = ("H3K27ac", "DNase", "contacts")
HEAD = ("entry", "window, bp", "signals", "gene features", "orientation", "parameters", "steps", "batch")
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
SETTINGS_HEAD = ("setting", "default", "meaning")
ONE_GPU = 80e9


def parameters(entry: Entry) -> str:
    """Trainable parameters of an entry, built; '-' for a closed form or where its library is not installed."""
    from prism.models import build

    signals = SIGNALS if entry.signals is None else entry.signals
    data = {
        "length": entry.length,
        "n_signals": len(signals),
        "n_rna_features": len(columns_of(entry.rna_features)),
        "signals": list(signals),
    }
    if entry.traits.closed_form or not entry.traits.in_shared_environment:
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
    read += ["elements"] if entry.traits.reads_elements else []
    read += ["peaks"] if entry.settings.get("input_mask") == "peaks" else []
    features = ", ".join(in_words(entry.rna_features))
    return ", ".join(read + ([f"gene features ({features})"] if features else []))


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
    missing = [f"`{entry.name}`" for entry in entries if entry.name not in there]
    note = ["", f"Not measured yet: {', '.join(missing)}."] if missing else []
    return [*_head(COST_HEAD), *rows, *note, ""]


def estimates(entries: Sequence[Entry]) -> list[str]:
    """The table of the memory that the long entries need on a GPU."""
    return [*_head(ESTIMATE_HEAD), *(estimate_row(entry) for entry in entries if entry.is_long), ""]


def listing(entries: Iterable[Entry]) -> list[str]:
    """The table of what the entries are."""
    return [*_head(HEAD), *(row(entry) for entry in entries), ""]


def estimate_row(entry: Entry) -> str:
    """One entry's memory on a GPU as a line of the table."""
    from prism.models import memory

    count = entry.traits.parameters or int(parameters(entry).replace(",", ""))
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
        gene_features(entry),
        entry.orientation,
        parameters(entry),
        steps(entry),
        str(entry.training.get("batch_size", "-")),
    )
    return _line(cells)


def gene_features(entry: Entry) -> str:
    """The gene features of an entry in words, and whether they are scaled."""
    words = ", ".join(in_words(entry.rna_features))
    scaled = f" ({entry.scale_features})" if entry.scale_features != UNSCALED and words else ""
    return words + scaled or "none"


def about(architecture: str) -> list[str]:
    """What an architecture is, where it comes from, and its settings with their defaults."""
    from prism.models import registry

    known = traits(architecture)
    meaning = " ".join(inspect.getdoc(registry.architecture(architecture)).split("\n\n")[0].split())
    settings = [
        _line((f"`{each.name}`", f"`{_as_written(each.default)}`", each.meaning)) for each in known.settings
    ]
    return [
        meaning,
        "",
        f"Source: {known.source}. What differs: {known.differs}",
        "",
        *_head(SETTINGS_HEAD),
        *settings,
    ]


def _as_written(default: Any) -> str:
    """A default as it is written in YAML."""
    plain = list(default) if isinstance(default, tuple) else default
    return yaml.safe_dump(plain, default_flow_style=True).splitlines()[0]

"""Hours of dynamic tokens, worked out from the sizes of the models before anything runs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from workflow_scripts.planning.plan import Plan
from workflow_scripts.planning.tables.tokens import TokensEntry

# Two cores: benchmarks.tokens at Geneformer V1's size; small models spend their time between the products.
FLOPS, LEAST_SECONDS = 4e10, 1e-3
BACKWARD = 3  # of a training step, in forward passes
# Worked out from the products of Enformer's layers, not measured.
ENFORMER_SECONDS = 30.0
RUN_SECONDS = 0.05
WAYS = 6  # passes of a cell beside the random directions
HELD_OUT = 6  # adapters of heldout.tsv: three encoders, static and dynamic outputs
ADAPTERS = 2  # trained: ours, and the one with exchanged DNA
GENES = 20_000  # with a window; a small genome has fewer


def cell_seconds(entry: TokensEntry) -> float:
    """Seconds of one cell that fills the context, once through the single-cell model.

    entry: of the plan.
    """
    given = entry.settings["foundation"]
    if entry.folder:
        told = json.loads((Path(entry.folder) / "config.json").read_text(encoding="utf-8"))
        sizes = (told.get(key) for key in ("hidden_size", "num_hidden_layers", "max_position_embeddings"))
        width, layers, context = (int(size or 0) for size in sizes)
        inner = int(told.get("intermediate_size") or 2 * width)
    else:
        width, layers, context = (given[key] for key in ("width", "layers", "context"))
        inner = 2 * width
    of_token = layers * (8 * width**2 + 4 * width * inner + 4 * context * width)
    return max(LEAST_SECONDS, of_token * context / FLOPS)


def hours_of(entry: TokensEntry) -> dict[str, float]:
    """Hours of each kind of job of an entry.

    entry: of the plan.
    """
    settings, seconds = entry.settings, cell_seconds(entry)
    found = {}
    if not entry.folder:
        small = settings["foundation"]
        found["pretraining"] = small["steps"] * small["cells_at_once"] * BACKWARD * seconds
    adapter = settings["adapter"]
    window = ENFORMER_SECONDS if "enformer" in settings["encoder"] else RUN_SECONDS if entry.run else 0.0
    found["windows"] = GENES * window
    found["adapters"] = ADAPTERS * adapter["steps"] * adapter["cells_at_once"] * BACKWARD * seconds
    if entry.run or settings["fold"] is not None:
        steps = HELD_OUT * settings["held_out_steps"]
        found["held-out genes"] = steps * adapter["cells_at_once"] * BACKWARD * seconds
    passes, windows = 0, 0
    for factor in entry.factors.values():
        ways = WAYS + settings["directions"]
        if factor["profile"]:
            start, end = factor["profile"]["interval"]
            windows += 3 * (end - start)
            passes += settings["n_cells"] * (factor["profile"]["top"] + factor["profile"]["random"])
        passes += len(factor["cell_types"] or [""]) * settings["n_cells"] * ways
    found["factors"] = passes * seconds + windows * window
    return {name: value / 3600 for name, value in found.items()}


def token_lines(jobs: Iterable, plan: Plan) -> list[str]:
    """A line for each entry that jobs are about to run for: hours on two cores.

    jobs: Snakemake's, those about to run.
    plan: of this run of the workflow.
    """
    kinds = {
        "tokens_pretrain": "pretraining",
        "tokens_adapters": "adapters",
        "tokens_factor": "factors",
        "tokens_profile": "factors",
        "tokens_held_out": "held-out genes",
    }
    asked: dict[str, set[str]] = {}
    for job in jobs:
        if job.rule.name in kinds:
            asked.setdefault(job.wildcards.tokens, set()).add(kinds[job.rule.name])
    lines = []
    for name, parts in asked.items():
        entry = plan.tokens[name]
        hours = hours_of(entry)
        # windows are embedded before the adapters are trained
        told = {
            part: hours[part]
            for part in hours
            if part in parts or (part == "windows" and "adapters" in parts)
        }
        lines.append(
            f"Tokens {name}: at most about {sum(told.values()):.2g} hours on two cores ("
            + ", ".join(f"{part} {value:.2g}" for part, value in told.items())
            + f"), {len(entry.factors)} factors, {entry.settings['n_cells']} cells of a type, "
            f"{entry.settings['directions']} random directions"
        )
    return lines

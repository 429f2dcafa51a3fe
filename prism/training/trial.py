"""A short trial of a training before anything long starts: two steps with an evaluation after each, on a few genes.

A trial uses the task, the optimiser and the data of a training, on a GPU without its CUDA graph. It leaves facts, not a
trained model.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from prism.compute.device import describe, peak_memory_gb, place_on
from prism.compute.gpu_lock import reserved
from prism.compute.precision import usable_precision
from prism.genome.dataset.joint import members_of
from prism.jobs.log import say
from prism.models import build, memory
from prism.models.catalogue import traits
from prism.models.catalogue.tokens import fitting_length
from prism.protocol.settings import TrainingSettings
from prism.protocol.tuning import candidates, with_values
from prism.runs import provenance
from prism.training.closed_form import fit_closed_form
from prism.training.loop.state import RunState, seed_everything
from prism.training.memory.estimate import available_bytes, keep_freed_memory, needed_bytes
from prism.training.memory.shortage import is_shortage
from prism.training.run import Conditions, Run

STEPS = 2
VALID_GENES = 2
CLOSED_FORM_GENES = 32  # a closed form has no batches
SHORTEST = 500  # bp; a shorter window would try out another model

# a trial costs seconds: nothing is saved of it, and no step is captured
CONDITIONS = Conditions(state_minutes=math.inf, cuda_graphs=False)

OpenRun = Callable[[dict[str, Any]], Run]


@dataclass
class StepClock:
    """Seconds of each optimiser step, from its first forward pass to the updated weights.

    device: where the model computes; a GPU is waited for.
    """

    device: torch.device
    seconds: list[float] = field(default_factory=list)
    _started: float | None = None

    @contextmanager
    def watching(self, module: nn.Module) -> Iterator[None]:
        """Time the steps of a model while the context lasts.

        module: the model that is trained.
        """
        hooks = [
            module.register_forward_pre_hook(self._start),
            register_optimizer_step_post_hook(self._stop),
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _start(self, module: nn.Module, inputs: tuple) -> None:
        if module.training and self._started is None:
            self._started = self._now()

    def _stop(self, *_: object) -> None:
        if self._started is not None:
            self.seconds.append(self._now() - self._started)
            self._started = None

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()


class _NoState(RunState):
    """States that are neither written nor looked for: nobody goes on with a trial."""

    def load(self) -> None:
        return None

    def save(self, state: dict[str, Any]) -> None:
        pass


def try_out(
    open_run: OpenRun, entry: dict[str, Any], device: str = "auto", mem_mb: int | None = None
) -> dict[str, Any]:
    """Try out an entry: with its own window, or, where memory does not suffice, with fewer genes or a shorter window.

    open_run: makes the run of an entry, its windows opened at the entry's length.
    entry: of config/models.yaml, resolved.
    device: auto (the default), cpu, cuda or cuda:<number>.
    mem_mb: limit of host memory of the training's job, MiB; None for no limit.

    Returns what the result file holds; `reduced` says what was cut and why.
    Raises what the training would raise, and ValueError where the smallest trial does not fit.
    """
    wanted, reduced = entry, []
    with reserved(device, say) as place:
        while True:
            run = _few_genes(open_run(entry))
            try:
                refuse_too_large(run, place, mem_mb)
                record = _trial(run, place, mem_mb)
                break
            except (MemoryError, RuntimeError) as error:
                if not is_shortage(error):
                    raise
                reason = " ".join(str(error).split(". ")[0].split())
            # outside of `except`: the error's traceback holds the arrays of the failed trial
            if place.type == "cuda":
                torch.cuda.empty_cache()
            entry, change = smaller(entry, reason)
            say(f"trial: {reason}; trying {change}")
            reduced.append(f"{change}: {reason}")
    return {
        "window_wanted": wanted["length"],
        "genes_at_once_wanted": genes_at_once(wanted),
        "reduced": reduced,
    } | record


def genes_at_once(entry: dict[str, Any]) -> int | None:
    """Genes that go through the model at once in training; None for a closed form.

    entry: of config/models.yaml, resolved.
    """
    training = entry.get("training")
    if not training:
        return None
    return TrainingSettings.from_entry(training).at_once


def largest(entry: dict[str, Any]) -> dict[str, Any]:
    """What is tried out of an entry: of one with `tune` the candidate that keeps most memory; from random weights.

    entry: of config/models.yaml, resolved.
    """
    entry = {key: value for key, value in entry.items() if key != "start_from"}
    found = [with_values(entry, values) for values in candidates(entry.get("tune") or {})] or [entry]
    return found[0] if traits(entry["architecture"]).closed_form else max(found, key=_kept)


def _kept(entry: dict[str, Any]) -> float:
    settings = entry.get("settings") or {}
    return memory.kept_bytes(entry["architecture"], settings, entry["length"], genes_at_once(entry) or 1)


def smaller(entry: dict[str, Any], reason: str) -> tuple[dict[str, Any], str]:
    """The entry with half the genes at once, or, where only one gene is left, with half the window.

    entry: of config/models.yaml, resolved.
    reason: why it has to be smaller, for the error.

    Returns the changed entry and the change in words.
    Raises ValueError where there is nothing left to halve.
    """
    at_once, training = genes_at_once(entry) or 1, entry.get("training") or {}
    if at_once > 1:
        cut = dict.fromkeys(
            ("batch_size", *(["micro_batch"] if training.get("micro_batch") else [])), at_once // 2
        )
        return entry | {"training": training | cut}, f"{at_once // 2} genes at once"
    known = traits(entry["architecture"])
    length = fitting_length(known.known_settings | (entry.get("settings") or {}), entry["length"] // 2)
    if length < max(SHORTEST, known.shortest):
        raise ValueError(f"one gene of {entry['length']:,} bp does not fit: {reason}")
    settings = dict(entry.get("settings") or {})
    # what Enformer reads of the window, whether the entry says it or leaves it to the default
    if crop := (known.known_settings | settings).get("crop_length"):
        settings["crop_length"] = min(crop, length // 128 * 128)
    return entry | {"length": length, "settings": settings}, f"a window of {length:,} bp"


def refuse_too_large(run: Run, device: torch.device, mem_mb: int | None = None) -> None:
    """Raise MemoryError where a training is estimated to need more memory than there is.

    On a CPU it would not be an error later on: the system kills the process.

    run: what would be trained.
    device: where it would compute.
    mem_mb: limit of host memory of the training's job, MiB; None for no limit.
    """
    need, there = needed_bytes(run, device), available_bytes(device, mem_mb)
    if need and need > there:
        size, length = run.settings.at_once, run.windows.length
        raise MemoryError(
            f"{size} gene(s) of {length:,} bp are estimated to need {need / 1e9:.1f} GB, "
            f"{there / 1e9:.1f} GB are available on {device}"
        )


def _few_genes(run: Run) -> Run:
    """The run with as many training genes as two steps take, a few valid genes and one test gene (never read).

    A step with micro batches takes two of them instead of the whole batch: the second has the gradient of the first
    beside it in memory, and any further one needs as much as the second. So this does not count as a cut.
    """
    training = dict(run.entry.get("training") or {})
    size = run.settings.batch_size
    if training.get("micro_batch"):
        size = min(size, 2 * training["micro_batch"])
    members = members_of(run.windows)
    wanted = {"train": STEPS * size if training else CLOSED_FORM_GENES, "valid": VALID_GENES, "test": 1}
    rows = [
        (str(run.fold), gene, split)
        for split, count in wanted.items()
        for gene in _shared_genes(run, split)[: -(-count // len(members))]
    ]
    folds = pd.DataFrame(rows, columns=["fold", "gene_id", "split"])
    if training:
        train = len(members) * sum(split == "train" for _, _, split in rows)
        training.pop("epochs", None)
        size = min(size, train)
        training |= {"steps": STEPS, "batch_size": size}
        # so that each step is followed by an evaluation
        training["validations_per_epoch"] = max(1, train // size)
    return replace(run, folds=folds, entry=run.entry | ({"training": training} if training else {}))


def _shared_genes(run: Run, split: str) -> list[str]:
    """Ids of a split's genes that all of the run's cell types have, in the dataset's order."""
    first, *others = members_of(run.windows)
    there = set(first.gene_id).intersection(*(each.gene_id for each in others))
    places = run.indices(split)
    return [gene for gene in (first.gene_id[i] for i in places[places < len(first)]) if gene in there]


def _trial(run: Run, place: torch.device, mem_mb: int | None = None) -> dict[str, Any]:
    """Two steps, an evaluation after each, and what they took."""
    import prism.training.gradient  # noqa: F401  Lightning's memory is not the model's

    seed_everything(run.seed)
    place_on(run.windows, place)
    keep_freed_memory(run, place, mem_mb)
    before = _used_now(place)
    started = time.perf_counter()
    module = build(run.entry["architecture"], run.build_settings)
    rows, steps, precision = _fitted(module, run, place)
    seconds = time.perf_counter() - started
    return _facts(run, module, place) | {
        "precision": precision,
        "losses": [row["train_loss"] for row in rows if "train_loss" in row],
        "valid_mse": [row["valid_mse"] for row in rows],
        "seconds": seconds,
        "seconds_a_step": [float(f"{each:.4g}") for each in steps],
        # the kernel counts the two apart, and the peak lags
        "peak_memory_bytes": max(round(peak_memory_gb(place) * 1e9), before),
        "memory_before_bytes": before,
    }


def _fitted(module: nn.Module, run: Run, place: torch.device) -> tuple[list[dict], list[float], str]:
    """Fit the model: the rows of its history, the seconds of each step and the precision of its products."""
    if module.closed_form:
        return fit_closed_form(module, run).rows, [], "fp64"
    from prism.training.gradient import fit_by_gradient

    precision, clock = usable_precision(run.settings.precision, place, run.cpu_precision), StepClock(place)
    with clock.watching(module):
        fitted = fit_by_gradient(module, run, place, precision, _NoState("", run.identity, say), CONDITIONS)
    return fitted.rows, clock.seconds, precision


def _facts(run: Run, module: nn.Module, place: torch.device) -> dict[str, Any]:
    """What was tried out, and where."""
    return {
        "cell_type": run.cell_type,
        "model": run.model,
        "architecture": run.entry["architecture"],
        "window": run.windows.length,
        "genes_at_once": None if module.closed_form else genes_at_once(run.entry),
        "genes_a_step": None if module.closed_form else run.settings.batch_size,
        "parameters": sum(each.numel() for each in module.parameters()),
        "device": describe(place),
        "threads": torch.get_num_threads(),
        "entry": run.entry,
        "packages": provenance.package_versions(),
        "dataset_hash": run.windows.identity,
    }


def _used_now(place: torch.device) -> int:
    """Bytes in use, before the model is made; on a GPU the peak is counted from here."""
    if place.type == "cuda":
        torch.cuda.reset_peak_memory_stats(place)
        return torch.cuda.memory_allocated(place)
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if pages.exists() else 0

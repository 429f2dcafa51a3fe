"""Hours of the trainings of a plan, by step times that were measured; nothing is guessed where none was."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from prism.protocol.settings import TrainingSettings
from workflow_scripts.planning.tables.models import Entry
from workflow_scripts.planning.tables.paths import COST_TABLE as TABLE


@dataclass(frozen=True, order=True)
class StepTime:
    """A row of the table: seconds of one optimiser step of an entry, on one device."""

    entry: str
    seconds: float
    genes: int  # of the step that was measured
    device: str

    @property
    def on_gpu(self) -> bool:
        """Whether a GPU was measured."""
        return self.device.startswith("cuda")


@dataclass
class Hours:
    """Hours of trainings on one kind of device, and what of them nobody has measured."""

    hours: float = 0.0
    runs: int = 0
    scaled: int = 0  # runs whose step was measured with fewer genes, its time taken as proportional to them
    unmeasured: set[str] = field(default_factory=set)  # entries
    devices: set[str] = field(default_factory=set)


def read_step_times(path: Path = TABLE) -> list[StepTime]:
    """The measured times.

    path: default `benchmarks/results/model_costs.tsv`. Rows without a time are left out; [] where it is absent.
    """
    if not path.exists():
        return []
    with path.open() as lines:
        rows = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")
        return [
            StepTime(
                row["entry"], float(row["seconds_a_step"]), int(row["genes_a_step"]), row["device"].strip()
            )
            for row in rows
            if row["outcome"] == "done"
        ]


def _batch_of(entry: Entry) -> int:
    return entry.training.get("batch_size", TrainingSettings.batch_size)


def _alike(entry: Entry) -> str:
    """What a step's time depends on: the head's inputs (mRNA features) are not worth a measurement of their own."""
    fields = (entry.architecture, entry.length, entry.signals, entry.settings, _batch_of(entry))
    return json.dumps(fields, sort_keys=True)


class Trained(NamedTuple):
    """What a job trains.

    entry: the name of an entry, or of a candidate of one.
    cell_types: how many train it together, whose genes a pass goes over; default 1.
    """

    entry: str
    cell_types: int = 1


def training_hours(
    trainings: Iterable[Trained], entries: dict[str, Entry], times: list[StepTime], genes: int, gpu: bool
) -> Hours:
    """Hours of trainings, one after the other; one with values still to be chosen counts as its longest candidate.

    trainings: what is trained.
    entries: by name.
    times: what was measured; an entry takes the time of one that is alike.
    genes: training genes of a cell type, for entries whose length is in passes over them.
    gpu: whether times on a GPU count, or those on a CPU.
    """
    measured = {
        _alike(entries[each.entry]): each for each in times if each.on_gpu == gpu and each.entry in entries
    }
    total = Hours()
    for name, cell_types in trainings:
        entry = entries[name]
        if entry.traits.closed_form:
            continue
        total.runs += 1
        times_of = [measured.get(_alike(each)) for each in entry.as_trained]
        if None in times_of:
            total.unmeasured.add(name)
            continue
        hours, batch, time = max(
            (_hours(each, time, genes * cell_types), _batch_of(each), time)
            for each, time in zip(entry.as_trained, times_of, strict=True)
        )
        total.scaled += time.genes != batch
        total.hours += hours
        total.devices.add(time.device)
    return total


def _hours(entry: Entry, time: StepTime, genes: int) -> float:
    steps = TrainingSettings.from_entry(entry.training).total_steps(genes)
    return steps * time.seconds * _batch_of(entry) / time.genes / 3600


def with_candidates(entries: dict[str, Entry]) -> dict[str, Entry]:
    """The entries, and every candidate of those with `tune` as "<entry>, candidate <place>".

    entries: by name.
    """
    found = {
        candidate_name(name, place): candidate
        for name, entry in entries.items()
        for place, candidate in enumerate(entry.candidates, start=1)
    }
    return entries | found


def candidate_name(model: str, place: int | str) -> str:
    """What a candidate is called where entries are.

    model: the name of its entry.
    place: its place among the candidates, from 1.
    """
    return f"{model}, candidate {place}"


def told(total: Hours, what: str) -> str:
    """One line on the hours of all trainings.

    total: hours, runs and the devices that they were measured on.
    what: CPU or GPU.
    """
    if not total.devices:
        return f"Training on a {what}: hours unknown, no step was measured"
    details = [f"measured on {'; '.join(sorted(total.devices))}"]
    details += [f"{total.scaled} runs by a step of fewer genes"] if total.scaled else []
    details += [f"without {', '.join(sorted(total.unmeasured))}: not measured"] if total.unmeasured else []
    return f"Training on a {what}: about {total.hours:,.0f} hours for {total.runs} runs in a row ({'; '.join(details)})"


def beyond_limit(
    allowed: dict[Trained, tuple[float | None, int]],
    entries: dict[str, Entry],
    times: list[StepTime],
    genes: int,
    kind: str,
) -> list[str]:
    """A line for each entry whose training takes longer than its attempts may take together.

    allowed: minutes of an attempt (0 or None: no limit) and attempts, by what is trained.
    entries, times, genes: as for `training_hours`.
    kind: `CPU` or `GPU`.
    """
    lines = []
    for what, (minutes, attempts) in sorted(allowed.items()):
        hours = training_hours([what], entries, times, genes, kind == "GPU").hours
        if minutes and hours > attempts * minutes / 60:
            together = f" on {what.cell_types} cell types" if what.cell_types > 1 else ""
            lines.append(
                f"Time limit: {what.entry}{together} takes about {hours:,.0f} hours a run on a {kind}, "
                f"more than {attempts} attempts of {minutes / 60:.3g} hours; it goes on after them as long as "
                "each attempt gets further"
            )
    return lines

"""The plan of a run: configuration and tables, checked, and what follows from them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from itertools import product

import yaml

from prism.fetch.addresses import missing_key
from prism.genome.folds import read as read_folds
from workflow_scripts.planning import downloads as fetching
from workflow_scripts.planning.cell_types import CellType, read_cell_types
from workflow_scripts.planning.downloads import Download
from workflow_scripts.planning.folds import split_of
from workflow_scripts.planning.models import CLOSED_FORM, Entry, read_models
from workflow_scripts.planning.paths import BASE, find
from workflow_scripts.planning.validation import check, read_schema


@dataclass(frozen=True)
class Run:
    """One training: a cell type, an entry of models.yaml, a fold and a seed."""

    cell_type: str
    model: str
    fold: str
    seed: int

    @property
    def folder(self) -> str:
        """The folder of its results, relative to the working directory."""
        return f"results/runs/{self.cell_type}/{self.model}/fold{self.fold}/seed{self.seed}"


@dataclass(frozen=True)
class Plan:
    """Everything that the rules ask for."""

    config: dict
    cell_types: dict[str, CellType]
    entries: dict[str, Entry]
    splits: dict[str, str]  # fold -> canonical description of its split
    downloads: dict[str, Download]

    @property
    def chosen(self) -> dict:
        """The part of the configuration that says what to run."""
        return self.config["run"]

    def runs(self, cell_type: str | None = None) -> list[Run]:
        """All trainings asked for (of one cell type)."""
        chosen = (
            [cell_type] if cell_type else [name for name in self.chosen["cell_types"] if self.trains(name)]
        )
        folds = [str(fold) for fold in self.chosen["folds"]]
        return [
            Run(name, model, fold, seed)
            for name, model, fold in product(chosen, self.chosen["models"], folds)
            for seed in self.seeds(model)
        ]

    def seeds(self, model: str) -> list[int]:
        """Seeds of a model; one is enough where nothing is random."""
        closed_form = self.entries[model].architecture in CLOSED_FORM
        return self.chosen["seeds"][:1] if closed_form else self.chosen["seeds"]

    def trains(self, cell_type: str) -> bool:
        """Whether the cell type has a label."""
        return self.cell_types[cell_type].label.kind != "none"

    def signal_names(self, cell_type: str) -> list[str]:
        """Signals of a cell type's dataset, in order: those the configuration names, else all of its row."""
        there = self.cell_types[cell_type].signals
        named = self.config["windows"].get("signals")
        return [name for name in named if name in there] if named is not None else list(there)

    def dataset_length(self, length: int) -> int:
        """The smallest dataset that a window of `length` can be cropped from."""
        lengths = self.config["windows"]["lengths"]
        return min(each for each in lengths if each >= length)

    def models_of(self, architecture: str) -> list[str]:
        """Entries of one architecture, among those to run."""
        return [name for name in self.chosen["models"] if self.entries[name].architecture == architecture]

    @property
    def masks_by_peaks(self) -> bool:
        """Whether a model to train takes the peaks as its input mask."""
        return any(_masks_by_peaks(self.entries[name]) for name in self.chosen["models"])

    def peak_signal(self, cell_type: str) -> str:
        """The signal that peaks are called from; refused where the row has neither it nor peaks."""
        name, there = self.config["peak_calling"]["signal"], self.cell_types[cell_type].signals
        if name not in there or there[name].kind != "bigwig":
            tracks = ", ".join(key for key, source in there.items() if source.kind == "bigwig")
            raise ValueError(
                f"cell type {cell_type} has neither peaks nor the signal {name} to call them from (bigWigs there: "
                f"{tracks or 'none'}); fill the column peaks, or set peak_calling.signal"
            )
        return name

    def contact_maps(self, cell_type: str) -> list[str]:
        """Signals of a cell type that are contacts."""
        return [
            name for name, source in self.cell_types[cell_type].signals.items() if source.kind == "contacts"
        ]

    def signals_json(self, cell_type: str) -> str:
        """Signals of a cell type's windows as the script receives them."""
        return self.described(cell_type, self.signal_names(cell_type))

    def described(self, cell_type: str, names: list[str]) -> str:
        """Signals of a cell type as the scripts receive them: canonical JSON."""
        row = self.cell_types[cell_type]
        described = []
        for name in names:
            source = row.signals[name]
            files = [each.file for each in fetching.of_source(row, source)]
            described.append(
                {
                    "name": name,
                    "kind": source.kind,
                    "files": files,
                    "sources": list(source.addresses),
                    "transform": source.transform,
                    "output_type": source.output_type,
                }
            )
        return json.dumps(described, sort_keys=True)


def _check_chosen(config: dict, cell_types: dict, entries: dict) -> None:
    for key, there in (("cell_types", cell_types), ("models", entries)):
        for name in config["run"][key]:
            if name not in there:
                raise ValueError(f"config: run.{key}: {name!r} is in no table; there are: {', '.join(there)}")
    for name in config["run"]["cell_types"]:
        assembly = cell_types[name].assembly
        if assembly not in config["assemblies"]:
            known = ", ".join(config["assemblies"])
            raise ValueError(
                f"config: assemblies: {assembly!r} (of cell type {name}) is missing; there are: {known}; add its genome"
            )


def _check_lengths(config: dict, entries: dict) -> None:
    lengths = config["windows"]["lengths"]
    for length in lengths:
        if length % 2:
            raise ValueError(
                f"config: windows.lengths: {length} is odd; windows are centred on the TSS, give an even number"
            )
    for name in config["run"]["models"]:
        if entries[name].length > max(lengths):
            raise ValueError(
                f"config: model {name} needs windows of {entries[name].length} bp, the longest dataset has "
                f"{max(lengths)}; add {entries[name].length} to windows.lengths"
            )


def _check_signals(config: dict, cell_types: dict, entries: dict) -> None:
    named = config["windows"].get("signals")
    for cell_type in (cell_types[name] for name in config["run"]["cell_types"]):
        there = [name for name in cell_type.signals if named is None or name in named]
        for model in config["run"]["models"]:
            for signal in entries[model].signals or ():
                if signal not in there:
                    raise ValueError(
                        f"config: model {model} needs the signal {signal}, "
                        f"{cell_type.name} has: {', '.join(there) or 'none'}; "
                        "give it in the table of cell types, or run a model without it"
                    )


def _masks_by_peaks(entry: Entry) -> bool:
    return entry.settings.get("input_mask") == "peaks"


def _check_peaks(plan: Plan) -> None:
    reads_elements = any(plan.entries[name].reads_elements for name in plan.chosen["models"])
    for name in plan.chosen["cell_types"] if plan.masks_by_peaks or reads_elements else ():
        if plan.trains(name) and plan.cell_types[name].peaks is None:
            plan.peak_signal(name)


def _of_assembly(name: str, settings: dict) -> list[Download]:
    return list(fetching.of_assembly(name, settings).values())


def _of_cell_type(cell_type: CellType) -> list[Download]:
    sources = [*cell_type.signals.values(), *([cell_type.peaks] if cell_type.peaks else [])]
    plus, minus = fetching.of_label(cell_type)
    return [each for source in sources for each in fetching.of_source(cell_type, source)] + plus + minus


def _check_keys(wanted: list[Download]) -> None:
    """Refuse a plan that needs the 4DN portal's key for a file not yet there while no key is set."""
    for download in wanted:
        problem = None if os.path.exists(download.file) else missing_key([download.address])
        if problem:
            raise ValueError(f"{download.file}: {problem}")


def merged(base: dict, over: dict) -> dict:
    """`base` with the keys of `over` laid upon it, mapping by mapping; lists and scalars are replaced."""
    out = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = merged(out[key], value) if both else value
    return out


def make_plan(given: dict) -> Plan:
    """Lay `given` over the bundled config/config.yaml and check it and the tables that it names.

    Raises ValueError naming the thing, the value and the fix.
    """
    config = merged(yaml.safe_load((BASE / "config" / "config.yaml").read_text()), given)
    check(config, read_schema("config"), "config")
    cell_types = read_cell_types(find(config["cell_types"], "cell_types"))
    names = config["models"] if isinstance(config["models"], list) else [config["models"]]
    entries = read_models([find(name, "models") for name in names])
    _check_chosen(config, cell_types, entries)
    _check_lengths(config, entries)
    _check_signals(config, cell_types, entries)
    folds_path = find(config["folds"], "folds")
    folds = read_folds(folds_path)
    wanted = [
        each for name, settings in config["assemblies"].items() for each in _of_assembly(name, settings)
    ]
    for cell_type in cell_types.values():
        files = _of_cell_type(cell_type)
        if cell_type.name in config["run"]["cell_types"]:
            _check_keys(files)
        wanted += files
    plan = Plan(
        config=config,
        cell_types=cell_types,
        entries=entries,
        splits={str(fold): split_of(folds, str(fold), folds_path) for fold in config["run"]["folds"]},
        downloads=fetching.register(wanted),
    )
    _check_peaks(plan)
    return plan

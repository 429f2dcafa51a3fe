"""The plan of a run: configuration and tables, checked, and what follows from them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from itertools import product

import yaml

from prism.fetch.addresses import missing_key
from prism.genome.dataset.folds import read as read_folds
from workflow_scripts.planning import downloads as fetching
from workflow_scripts.planning import predictions
from workflow_scripts.planning.cell_types import CellType, read_cell_types
from workflow_scripts.planning.checks import check_chosen, check_data, check_settings
from workflow_scripts.planning.command_line import typed
from workflow_scripts.planning.downloads import Download
from workflow_scripts.planning.folds import split_of
from workflow_scripts.planning.models import CLOSED_FORM, LEARNS_A_MASK, Entry, read_models
from workflow_scripts.planning.paths import BASE, find
from workflow_scripts.planning.released import Released, read_released
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
    released: dict[str, Released] = field(default_factory=dict)
    prefix: str = ""  # of every file, where another workflow uses this one as a module

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
        """Entries of one architecture, among those to run or to predict with."""
        asked = [*self.chosen["models"], *(run.model for run in predictions.own_runs(self.config))]
        return [name for name in dict.fromkeys(asked) if self.entries[name].architecture == architecture]

    @property
    def mask_models(self) -> list[str]:
        """Models to run whose learned mask can be drawn."""
        return [name for name in self.chosen["models"] if self.entries[name].architecture in LEARNS_A_MASK]

    def masks_by_peaks(self, cell_type: str) -> bool:
        """Whether a cell type's windows hold peaks for a model, to train or to predict it with, that masks by them."""
        predicting = [run for name, run in predictions.asked_for(self.config) if name == cell_type]
        training = any(self.entries[name].masks_by_peaks for name in self.chosen["models"])
        # One that is not trained on may have no peaks: its windows are then without.
        return (training and self._has_peaks(cell_type)) or any(
            predictions.needs(self, run).peaks for run in predicting
        )

    def _has_peaks(self, cell_type: str) -> bool:
        try:
            self.check_peaks(cell_type)
        except ValueError:
            return False
        return True

    def has_activity(self, cell_type: str) -> bool:
        """Whether a cell type's row has every signal of the promoter activity."""
        names, there = self.config.get("promoter_activity") or [], self.cell_types[cell_type].signals
        return bool(names) and all(name in there for name in names)

    def check_activity(self, cell_type: str, where: str) -> None:
        """Refuse candidate elements without activity, unless the configuration wants none; `where` begins the error."""
        names, there = self.config.get("promoter_activity") or [], self.cell_types[cell_type].signals
        if names and not self.has_activity(cell_type):
            raise ValueError(
                f"{where} needs the activity of candidate elements, made of {', '.join(names)}; {cell_type} has: "
                f"{', '.join(there) or 'none'}; give them in the table, or set promoter_activity (to [] for none)"
            )

    def check_peaks(self, cell_type: str) -> None:
        """Refuse a cell type that has neither peaks nor a signal to call them from."""
        if self.cell_types[cell_type].peaks is None:
            self.peak_signal(cell_type)

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
            files = [self.prefix + each.file for each in fetching.of_source(row, source)]
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


def _of_assembly(name: str, settings: dict, prefix: str) -> list[Download]:
    return list(fetching.of_assembly(name, settings, prefix).values())


def _of_cell_type(cell_type: CellType) -> list[Download]:
    sources = [*cell_type.signals.values(), *([cell_type.peaks] if cell_type.peaks else [])]
    plus, minus = fetching.of_label(cell_type)
    return [each for source in sources for each in fetching.of_source(cell_type, source)] + plus + minus


def _check_keys(wanted: list[Download], prefix: str) -> None:
    """Refuse a plan that needs the 4DN portal's key for a file not yet there while no key is set."""
    for download in wanted:
        problem = None if os.path.exists(prefix + download.file) else missing_key([download.address])
        if problem:
            raise ValueError(f"{download.file}: {problem}")


def _folds(config: dict) -> list[str]:
    asked = [*map(str, config["run"]["folds"]), *(run.fold for run in predictions.own_runs(config))]
    return list(dict.fromkeys(asked))


def merged(base: dict, over: dict) -> dict:
    """`base` with the keys of `over` laid upon it, mapping by mapping; lists and scalars are replaced."""
    out = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = merged(out[key], value) if both else value
    return out


def make_plan(given: dict, prefix: str = "") -> Plan:
    """Lay `given` over the bundled config/config.yaml and check it and the tables that it names.

    `prefix` (empty, or ending on "/") is that of a module. Paths in a plan are without it, as Snakemake puts it before
    the files of the rules; those that scripts receive as an option or as JSON have it.

    Raises ValueError naming the thing, the value and the fix.
    """
    schema = read_schema("config")
    config = merged(yaml.safe_load((BASE / "config" / "config.yaml").read_text()), typed(given, schema))
    check(config, schema, "config")
    cell_types = read_cell_types(find(config["cell_types"], "cell_types"), prefix)
    names = config["models"] if isinstance(config["models"], list) else [config["models"]]
    entries = read_models([find(name, "models") for name in names])
    released = read_released(config.get("released"))
    check_chosen(config, cell_types, entries)
    folds_path = find(config["folds"], "folds")
    folds = read_folds(folds_path)
    wanted = [
        each
        for name, settings in config["assemblies"].items()
        for each in _of_assembly(name, settings, prefix)
    ]
    wanted += [fetching.of_released(each, prefix) for each in released.values()]
    chosen = {*config["run"]["cell_types"], *(name for name, _ in predictions.asked_for(config))}
    for cell_type in cell_types.values():
        files = _of_cell_type(cell_type)
        if cell_type.name in chosen:
            _check_keys(files, prefix)
        wanted += files
    plan = Plan(
        config=config,
        cell_types=cell_types,
        entries=entries,
        splits={fold: split_of(folds, fold, folds_path) for fold in _folds(config)},
        downloads=fetching.register(wanted),
        released=released,
        prefix=prefix,
    )
    check_data(plan)
    check_settings(plan)
    return plan

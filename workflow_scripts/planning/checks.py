"""What a plan is refused for before any job: names that are in no table, and data that a model asks for and lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow_scripts.planning.model_settings import check_entry, check_priors, check_released
from workflow_scripts.planning.models import NEEDS_SIGNALS, Entry
from workflow_scripts.planning.predictions import (
    asked_for,
    check_prediction,
    own_runs,
    surely_absent,
    surely_there,
)

if TYPE_CHECKING:  # a plan is checked here, and makes use of this
    from workflow_scripts.planning.plan import Plan


def check_chosen(config: dict, cell_types: dict, entries: dict) -> None:
    """Refuse a cell type, model or assembly that is in no table."""
    for key, there in (("cell_types", cell_types), ("models", entries)):
        for name in config["run"][key]:
            if name not in there:
                raise ValueError(f"config: run.{key}: {name!r} is in no table; there are: {', '.join(there)}")
    predicted = [name for name, _ in asked_for(config) if name in cell_types]
    for name in [*config["run"]["cell_types"], *predicted]:
        assembly = cell_types[name].assembly
        if assembly not in config["assemblies"]:
            known = ", ".join(config["assemblies"])
            raise ValueError(
                f"config: assemblies: {assembly!r} (of cell type {name}) is missing; there are: {known}; add its genome"
            )


def check_settings(plan: Plan) -> None:
    """Refuse settings that a model to train, or one that a prediction has trained, would stumble over in its job."""
    trained = [*plan.chosen["models"], *(run.model for run in own_runs(plan.config))]
    for name in dict.fromkeys(name for name in trained if name in plan.entries):
        check_entry(plan.entries[name])
    for released in plan.released.values():
        check_released(released)


def check_data(plan: Plan) -> None:
    """Refuse models to train, and predictions to make, whose data the plan does not have."""
    _check_lengths(plan)
    trained = [name for name in plan.chosen["cell_types"] if plan.trains(name)]
    for model in plan.chosen["models"]:
        entry = plan.entries[model]
        for cell_type in plan.chosen["cell_types"]:
            _check_signals(plan, cell_type, entry)
        for cell_type in trained:
            _check_features(plan, cell_type, entry)
            _check_regions(plan, cell_type, entry)
        _check_alike(plan, trained, entry)
    for cell_type, run in asked_for(plan.config):
        check_prediction(plan, cell_type, run)


def _check_lengths(plan: Plan) -> None:
    lengths = plan.config["windows"]["lengths"]
    for length in lengths:
        if length % 2:
            raise ValueError(
                f"config: windows.lengths: {length} is odd; windows are centred on the TSS, give an even number"
            )
    for name in plan.chosen["models"]:
        if plan.entries[name].length > max(lengths):
            raise ValueError(
                f"config: model {name} needs windows of {plan.entries[name].length} bp, the longest dataset has "
                f"{max(lengths)}; add {plan.entries[name].length} to windows.lengths"
            )


def _check_signals(plan: Plan, cell_type: str, entry: Entry) -> None:
    there = plan.signal_names(cell_type)
    for signal in entry.signals or ():
        if signal not in there:
            raise ValueError(
                f"config: model {entry.name} needs the signal {signal}, {cell_type} has: {', '.join(there) or 'none'}; "
                "give it in the table of cell types, or run a model without it"
            )
    reads = there if entry.signals is None else entry.signals
    if entry.architecture in NEEDS_SIGNALS and not reads:
        raise ValueError(
            f"config: model {entry.name} ({entry.architecture}) needs signals, {cell_type} has: "
            f"{', '.join(there) or 'none'} and the entry names {'all' if entry.signals is None else 'none'}; "
            "give some in the table of cell types, or run caduceus"
        )
    check_priors(entry, reads)


def _check_features(plan: Plan, cell_type: str, entry: Entry) -> None:
    if not entry.rna_features:
        return
    settings = plan.config["assemblies"][plan.cell_types[cell_type].assembly]
    none_of_rna = settings.get("rna_features") == "none"
    if none_of_rna and not plan.has_activity(cell_type):
        assembly, absent = plan.cell_types[cell_type].assembly, surely_absent(plan, cell_type)
        raise ValueError(
            f"config: model {entry.name} needs gene features, {cell_type} has none "
            f"(assemblies.{assembly}.rna_features is none, and {absent[-1]} is made of signals that are not there); "
            "set rna_features to genes, give the signals of promoter_activity, or run an entry with "
            "rna_features: false"
        )


def _check_regions(plan: Plan, cell_type: str, entry: Entry) -> None:
    if entry.masks_by_peaks or entry.reads_elements:
        plan.check_peaks(cell_type)
    if entry.reads_elements:
        plan.check_activity(cell_type, f"config: model {entry.name}")


def _check_alike(plan: Plan, trained: list[str], entry: Entry) -> None:
    """Refuse one model name for models of different inputs: they would stand side by side in tables and figures."""
    for first, other in ((trained[0], other) for other in trained[1:]):
        if entry.signals is None:
            here, there = plan.signal_names(first), plan.signal_names(other)
            if here != there:
                fix = "name those that all have in the entry's `signals` or in windows.signals"
                raise ValueError(_unlike(entry, "signals", {first: here, other: there}, fix))
        if entry.rna_features:
            here, there = (
                [name for name in surely_there(plan, one) if name in surely_absent(plan, another)]
                for one, another in ((first, other), (other, first))
            )
            if here or there:
                fix = (
                    "give all the signals of promoter_activity and mRNA features, or take an entry with "
                    "rna_features: false"
                )
                raise ValueError(_unlike(entry, "gene features", {first: here, other: there}, fix))
        if entry.reads_elements:
            here, there = plan.contact_maps(first), plan.contact_maps(other)
            if bool(here) != bool(there):
                raise ValueError(
                    _unlike(
                        entry,
                        "contacts of its elements",
                        {first: here, other: there},
                        "give each a contact map",
                    )
                )


def _unlike(entry: Entry, what: str, found: dict[str, list[str]], fix: str) -> str:
    told = "; ".join(f"{name}: {', '.join(names) or 'none'}" for name, names in found.items())
    return (
        f"config: model {entry.name} takes what each cell type has, and the {what} differ ({told}); {fix}, or run "
        "the cell types with a configuration each"
    )

"""What is refused of trainings before any job: names that are in no table, settings, data that a row lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prism.genome.genes.feature_groups import MRNA, columns_of
from prism.genome.genes.table import ACTIVITY
from workflow_scripts.planning import requests
from workflow_scripts.planning.checks.data import check_activity, check_peaks, check_strands
from workflow_scripts.planning.checks.joint import check_groups, check_members
from workflow_scripts.planning.checks.model_settings import check_entry, check_priors, check_released
from workflow_scripts.planning.checks.name_clashes import check_assemblies
from workflow_scripts.planning.plan import Plan
from workflow_scripts.planning.tables.models import Entry
from workflow_scripts.planning.tables.names import among, nearest, refuse_alike
from workflow_scripts.planning.tables.patterns import FOLD


def check_chosen(config: dict, cell_types: dict, entries: dict) -> None:
    """Refuse a cell type, model or assembly that is in no table, and groups that cannot be.

    config: the whole configuration.
    cell_types, entries: what the tables have, by name.
    Raises ValueError with the names that are there.
    """
    for key, there in (("cell_types", cell_types), ("models", entries)):
        for name in config["run"][key]:
            if name not in there:
                raise ValueError(f"config: run.{key}: {name!r} is in no table; {among(name, there)}")
    check_groups(config, cell_types)
    for fold in config["run"]["folds"]:
        if not re.fullmatch(FOLD, str(fold)):
            raise ValueError(
                f"config: run.folds: {fold!r} cannot be part of a file's name; use letters, digits, '_' and '-', "
                "in the table of folds too"
            )
    for key in ("cell_types", "models", "folds", "seeds"):
        names = [str(name) for name in config["run"][key]]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"config: run.{key} names {twice} twice; give it once")
    refuse_alike(map(str, config["run"]["folds"]), "config: run.folds:")
    check_assemblies(config, cell_types, requests.cell_types(config))


def check_settings(plan: Plan) -> None:
    """Refuse settings, of entries to train and of released checkpoints, that a job would fail on.

    plan: of this run of the workflow.
    Raises ValueError naming the entry, the setting and the fix.
    """
    for name in (name for name in plan.to_train if name in plan.entries):
        check_entry(plan.entries[name])
    for released in plan.released.values():
        check_released(released)


def check_trainings(plan: Plan) -> None:
    """Refuse models to train whose data the chosen cell types do not have.

    plan: of this run of the workflow.
    Raises ValueError naming the model, the cell type, what is missing and the fix.
    """
    _check_lengths(plan)
    check_members(plan)
    trained = list(dict.fromkeys(each for name in plan.trained for each in plan.members(name)))
    for model in plan.chosen["models"]:
        entry = plan.entries[model]
        for cell_type in plan.described_cell_types:
            _check_signals(plan, cell_type, entry)
        for cell_type in trained:
            _check_features(plan, cell_type, entry)
            _check_regions(plan, cell_type, entry)
            check_strands(plan, cell_type, entry.orientation, f"config: model {entry.name}")
        _check_alike(plan, trained, entry)
    for cell_type, model in ((each, model) for name, model in plan.starts for each in plan.members(name)):
        entry = plan.entries[model]
        _check_signals(plan, cell_type, entry)
        _check_features(plan, cell_type, entry)
        _check_regions(plan, cell_type, entry)
        check_strands(plan, cell_type, entry.orientation, f"config: model {entry.name}")


def _check_lengths(plan: Plan) -> None:
    lengths = plan.config["windows"]["lengths"]
    for length in lengths:
        if length % 2:
            raise ValueError(
                f"config: windows.lengths: {length} is odd; windows are centred on the TSS, give an even number"
            )
    for name in dict.fromkeys([*plan.chosen["models"], *(model for _, model in plan.starts)]):
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
                f"{_meant(signal, there)}give it in the table of cell types, or run a model without it"
            )
    reads = there if entry.signals is None else entry.signals
    if entry.traits.needs_signals and not reads:
        raise ValueError(
            f"config: model {entry.name} ({entry.architecture}) needs signals, {cell_type} has: "
            f"{', '.join(there) or 'none'} and the entry names {'all' if entry.signals is None else 'none'}; "
            "give some in the table of cell types, or run caduceus"
        )
    for each in entry.as_trained:
        check_priors(each, reads)


def _meant(name: str, there: list[str]) -> str:
    close = nearest(name, there)
    return f"did you mean {close!r}? else " if close else ""


def _check_features(plan: Plan, cell_type: str, entry: Entry) -> None:
    absent = plan.features_surely_absent(cell_type)
    if not entry.rna_features or any(name not in absent for name in columns_of(entry.rna_features)):
        return
    assembly = plan.cell_types[cell_type].assembly
    reasons = {
        MRNA: (f"assemblies.{assembly}.rna_features is none", "set rna_features to genes"),
        ACTIVITY: (
            f"{ACTIVITY} is made of signals that are not there",
            "give the signals of promoter_activity",
        ),
    }
    why, fixes = zip(*(reasons[group] for group in entry.gene_features), strict=True)
    raise ValueError(
        f"config: model {entry.name} needs gene features, {cell_type} has none ({', and '.join(why)}); "
        f"{', '.join(fixes)}, or run an entry with gene_features: []"
    )


def _check_regions(plan: Plan, cell_type: str, entry: Entry) -> None:
    if entry.masks_by_peaks or entry.traits.reads_elements:
        check_peaks(plan, cell_type)
    if entry.traits.reads_elements:
        check_activity(plan, cell_type, f"config: model {entry.name}")


def _check_alike(plan: Plan, trained: list[str], entry: Entry) -> None:
    """Refuse one model name for models of different inputs: they would appear side by side in tables and figures."""
    for other in trained[1:]:
        for what, found, fix in _differences(plan, trained[0], other, entry):
            told = "; ".join(f"{name}: {', '.join(names) or 'none'}" for name, names in found.items())
            raise ValueError(
                f"config: model {entry.name} takes what each cell type has, and the {what} differ ({told}); {fix}, "
                "or run the cell types with a configuration each"
            )


def _differences(
    plan: Plan, first: str, other: str, entry: Entry
) -> Iterator[tuple[str, dict[str, list[str]], str]]:
    """Inputs of an entry that differ between two cell types: what, the names of each cell type, and the fix."""
    if entry.signals is None:
        found = {name: plan.signal_names(name) for name in (first, other)}
        if found[first] != found[other]:
            yield "signals", found, "name those that all have in the entry's `signals` or in windows.signals"
    if entry.rna_features:
        found = {name: entry.of_its_features(plan.features_surely_there(name)) for name in (first, other)}
        absent = {name: plan.features_surely_absent(name) for name in (first, other)}
        here = [name for name in found[first] if name in absent[other]]
        there = [name for name in found[other] if name in absent[first]]
        if here or there:
            fix = "give all the signals of promoter_activity and mRNA features, or take an entry with "
            yield "gene features", {first: here, other: there}, fix + "gene_features: []"
    if entry.traits.reads_elements:
        found = {name: plan.contact_maps(name) for name in (first, other)}
        if bool(found[first]) != bool(found[other]):
            yield "contacts of its elements", found, "give each a contact map"

"""Predictions of trained models: which checkpoint each takes, and what it needs of a cell type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism.genome.genes.table import ACTIVITY, RNA_FEATURES

if TYPE_CHECKING:  # a plan is checked here, and makes use of this
    from workflow_scripts.planning.plan import Plan

_OWN_RUN = re.compile(
    r"(?P<cell_type>[A-Za-z0-9][A-Za-z0-9_-]*)\.(?P<model>[A-Za-z0-9][A-Za-z0-9_-]*)"
    r"\.fold(?P<fold>[A-Za-z0-9_-]+)\.seed(?P<seed>\d+)"
)


@dataclass(frozen=True)
class OwnRun:
    """The name `K562.prism_2k.fold11.seed2` in parts."""

    cell_type: str
    model: str
    fold: str
    seed: int

    @classmethod
    def parse(cls, run: str) -> OwnRun | None:
        """None where the name is not of that form, as a released checkpoint's is not."""
        found = _OWN_RUN.fullmatch(run)
        return cls(**found.groupdict() | {"seed": int(found["seed"])}) if found else None


@dataclass(frozen=True)
class Needs:
    """What a checkpoint asks of the data that it predicts from."""

    run: str
    architecture: str
    length: int  # bp
    signals: tuple[str, ...]
    rna_features: tuple[str, ...]  # those that it surely reads
    peaks: bool
    elements: bool
    contacts: bool  # of its elements


def asked_for(config: dict) -> list[tuple[str, str]]:
    """(cell type, run) of every prediction that the configuration names."""
    return [(name, run) for name, runs in (config.get("predictions") or {}).items() for run in runs]


def own_runs(config: dict) -> list[OwnRun]:
    """The runs of one's own among them, each once."""
    found = [OwnRun.parse(run) for _, run in asked_for(config)]
    return list(dict.fromkeys(run for run in found if run))


def needs(plan: Plan, run: str) -> Needs:
    """What the checkpoint of `run` asks for; ValueError where there is no such run."""
    if run in plan.released:
        entry = plan.released[run]
        return Needs(
            run, entry.architecture, entry.length, entry.signals, entry.rna_features,
            peaks=entry.settings.get("input_mask") == "peaks", elements=entry.reads_elements,
            contacts=entry.reads_elements,
        )  # fmt: skip
    own = OwnRun.parse(run)
    if own is None:
        raise ValueError(
            f"predictions: {run!r} is neither a released checkpoint (there are: "
            f"{', '.join(plan.released) or 'none'}) nor a run such as K562.prism_2k.fold11.seed2; correct it"
        )
    _check_own(plan, own, run)
    entry = plan.entries[own.model]
    signals = entry.signals if entry.signals is not None else plan.signal_names(own.cell_type)
    return Needs(
        run, entry.architecture, entry.length, tuple(signals),
        tuple(surely_there(plan, own.cell_type)) if entry.rna_features else (),
        peaks=entry.masks_by_peaks, elements=entry.reads_elements,
        contacts=entry.reads_elements and bool(plan.contact_maps(own.cell_type)),
    )  # fmt: skip


def _check_own(plan: Plan, own: OwnRun, run: str) -> None:
    for value, there, what in (
        (own.cell_type, plan.cell_types, "cell type"),
        (own.model, plan.entries, "model"),
    ):
        if value not in there:
            raise ValueError(
                f"predictions: {run}: {what} {value!r} is in no table; there are: {', '.join(there)}"
            )
    if not plan.trains(own.cell_type):
        raise ValueError(
            f"predictions: {run}: {own.cell_type} has no label, so that nothing was trained on it; name a run of a "
            "cell type with one"
        )


def check_prediction(plan: Plan, cell_type: str, run: str) -> Needs:
    """What `run` needs; ValueError, with what is there and the fix, where the cell type lacks any of it."""
    if cell_type not in plan.cell_types:
        known = ", ".join(plan.cell_types)
        raise ValueError(f"predictions: cell type {cell_type!r} is in no table; there are: {known}")
    wanted = needs(plan, run)
    where = f"predictions: {run} for {cell_type}"
    longest = max(plan.config["windows"]["lengths"])
    if wanted.length > longest:
        raise ValueError(
            f"{where}: it reads windows of {wanted.length} bp, the longest dataset has {longest}; add "
            f"{wanted.length} to windows.lengths"
        )
    _check_signals(plan, cell_type, wanted, where)
    _check_features(plan, cell_type, wanted, where)
    if wanted.peaks or wanted.elements:
        try:
            plan.check_peaks(cell_type)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
    if wanted.elements:
        _check_elements(plan, cell_type, wanted, where)
    return wanted


def _check_signals(plan: Plan, cell_type: str, wanted: Needs, where: str) -> None:
    there, in_row = plan.signal_names(cell_type), plan.cell_types[cell_type].signals
    missing = [name for name in wanted.signals if name not in there]
    if missing:
        left_out = [name for name in missing if name in in_row]
        fix = (
            f"{', '.join(left_out)} {'is' if len(left_out) == 1 else 'are'} left out by windows.signals: add it there"
            if left_out
            else "give it in the table of cell types, or predict with a model that does without"
        )
        raise ValueError(
            f"{where}: it reads the signals {', '.join(wanted.signals)}, {cell_type} has "
            f"{', '.join(there) or 'none'} and lacks {', '.join(missing)}; {fix}"
        )


def _check_features(plan: Plan, cell_type: str, wanted: Needs, where: str) -> None:
    absent = [name for name in surely_absent(plan, cell_type) if name in wanted.rna_features]
    if ACTIVITY in absent:
        named, row = plan.config.get("promoter_activity") or [], plan.cell_types[cell_type]
        raise ValueError(
            f"{where}: it reads promoter_activity, which is made of "
            f"{', '.join(named) or 'no signal (promoter_activity: [])'}; "
            f"{cell_type} has the signals {', '.join(row.signals) or 'none'}; give them in the table of cell types"
        )
    if absent:
        assembly = plan.cell_types[cell_type].assembly
        raise ValueError(
            f"{where}: it reads the mRNA features {', '.join(absent)}, and assemblies.{assembly}.rna_features is "
            "none; set it to genes or published"
        )


def _check_elements(plan: Plan, cell_type: str, wanted: Needs, where: str) -> None:
    row = plan.cell_types[cell_type]
    if wanted.contacts and not plan.contact_maps(cell_type):
        raise ValueError(
            f"{where}: its candidate elements have contacts, and {cell_type} has no contact map (signals: "
            f"{', '.join(row.signals) or 'none'}); give one (.hic, .mcool, .cool) in the table of cell types"
        )
    plan.check_activity(cell_type, where)


def surely_there(plan: Plan, cell_type: str) -> list[str]:
    """Gene features that a cell type's genes will have, as far as it is known before they are made."""
    settings = plan.config["assemblies"][plan.cell_types[cell_type].assembly]
    from_annotation = settings.get("annotation") and not settings.get("gene_table")
    found = list(RNA_FEATURES) if from_annotation and settings.get("rna_features") != "none" else []
    return found + ([ACTIVITY] if plan.has_activity(cell_type) else [])


def surely_absent(plan: Plan, cell_type: str) -> list[str]:
    """Gene features that a cell type's genes will not have, as far as it is known before they are made."""
    settings = plan.config["assemblies"][plan.cell_types[cell_type].assembly]
    found = list(RNA_FEATURES) if settings.get("rna_features") == "none" else []
    return found + ([] if plan.has_activity(cell_type) else [ACTIVITY])

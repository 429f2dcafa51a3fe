"""What is refused of groups of cell types that train one model: names, labels, data that are not alike."""

from __future__ import annotations

from collections.abc import Iterable

from workflow_scripts.planning import requests
from workflow_scripts.planning.plan import Plan
from workflow_scripts.planning.tables.cell_types import CellType
from workflow_scripts.planning.tables.names import among, refuse_alike


def check_groups(config: dict, cell_types: dict[str, CellType]) -> None:
    """Refuse a group whose name is taken, and members that are in no table or named twice.

    config: the whole configuration.
    cell_types: the rows, by name.
    Raises ValueError naming the group, the cell type and the fix.
    """
    groups = requests.joint(config)
    if not groups and not config["run"]["cell_types"]:
        raise ValueError(
            "config: run names neither cell_types nor joint; name what to train on in one of them"
        )
    for group, members in groups.items():
        where = f"config: run.joint.{group}"
        if group in cell_types:
            raise ValueError(f"{where}: a cell type has this name, and results/runs/{group} would hold the runs "
                             "of both; give the group another name")  # fmt: skip
        for name in members:
            if name not in cell_types:
                raise ValueError(f"{where}: cell type {name!r} is in no table; {among(name, cell_types)}")
        if twice := next((name for name in members if members.count(name) > 1), None):
            raise ValueError(f"{where} names {twice} twice; give it once")
    refuse_alike([*cell_types, *groups], "config: run.joint and the cell types:")


def check_members(plan: Plan) -> None:
    """Refuse groups whose members cannot train one model: no label, another assembly, assay or transform of a signal.

    That each member has the signals, gene features and regions that a model reads is checked as of any cell type.

    plan: of this run of the workflow.
    Raises ValueError naming the group, two cell types, what tells them apart and the fix.
    """
    for group, members in plan.joint.items():
        where, rows = f"config: run.joint.{group}", [plan.cell_types[name] for name in members]
        if without := [row.name for row in rows if not plan.trains(row.name)]:
            raise ValueError(
                f"{where}: {', '.join(without)} has no label, and a model cannot be trained on it; give one in its row "
                "(label, label_kind), or take it out of the group"
            )
        _refuse_unlike(
            where, "assembly", {row.name: row.assembly for row in rows}, "take one out of the group"
        )
        assays = {row.name: row.label.assay or "not given" for row in rows}
        fix = "one model predicts one assay; take one out, or correct label_assay where they are the same"
        _refuse_unlike(where, "label_assay", assays, fix)
        for signal in _read(plan, members[0]):
            found = {row.name: row.signals[signal].transform for row in rows if signal in row.signals}
            fix = "give all the same, for one model reads them as one input"
            _refuse_unlike(where, f"{signal}_transform", found, fix)


def _read(plan: Plan, cell_type: str) -> Iterable[str]:
    """Signals of a cell type that a model to train reads."""
    entries = [plan.entries[name] for name in plan.chosen["models"]]
    there = plan.signal_names(cell_type)
    return [
        name for name in there if any(entry.signals is None or name in entry.signals for entry in entries)
    ]


def _refuse_unlike(where: str, what: str, found: dict[str, str], fix: str) -> None:
    first = next(iter(found))
    for name, value in found.items():
        if value != found[first]:
            raise ValueError(f"{where}: {what} of {first} is {found[first]}, of {name} {value}; {fix}")

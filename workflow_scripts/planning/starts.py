"""Weights that trainings start from (`start_from` of an entry): which runs that takes, and what is refused of it."""

from __future__ import annotations

from collections.abc import Mapping

from workflow_scripts.planning import requests
from workflow_scripts.planning.tables.cell_types import CellType
from workflow_scripts.planning.tables.models import Entry
from workflow_scripts.planning.tables.names import among
from workflow_scripts.planning.tables.paths import local_input
from workflow_scripts.planning.tables.released import Released

Pair = tuple[str, str]  # cell type or group, entry


def start_pairs(
    config: dict,
    entries: Mapping[str, Entry],
    cell_types: Mapping[str, CellType],
    released: Mapping[str, Released],
) -> list[Pair]:
    """(cell type or group, entry) of the trainings that those asked for start from, and these in turn; each once.

    config: the whole configuration.
    entries, cell_types, released: what the tables and the configuration have, by name.
    Raises ValueError naming the entry, the name or the value, and the fix: for a name that there is not, a closed form,
    another architecture, a cell type without a label, and entries that start from each other.
    """
    asked = [
        (name, model)
        for name in config["run"]["cell_types"]
        for model in config["run"]["models"]
        if cell_types[name].label.kind != "none"
    ]
    groups = requests.joint(config)
    asked += [(group, model) for group in groups for model in config["run"]["models"]]
    asked += [(each.cell_type, each.model) for each in requests.named_trainings(config)]
    found: list[Pair] = []
    for pair in asked:
        chain = [pair]
        while (step := _start_of(chain[-1], entries, cell_types, groups, released)) is not None:
            if step in chain:
                names = " from ".join(model for _, model in [*chain, step])
                raise ValueError(
                    f"config: model {step[1]}: start_from goes round ({names}); let one start anew"
                )
            chain.append(step)
        found += chain[1:]
    return list(dict.fromkeys(found))


def _start_of(
    pair: Pair,
    entries: Mapping[str, Entry],
    cell_types: Mapping[str, CellType],
    groups: Mapping[str, list[str]],
    released: Mapping[str, Released],
) -> Pair | None:
    """The training that one starts from; None where it starts from none, or from a file."""
    entry = entries.get(pair[1])
    if entry is None or not entry.start_from:
        return None
    where, told = f"config: model {entry.name}: start_from", entry.start_from
    if entry.traits.closed_form:
        raise ValueError(
            f"{where}: {entry.architecture} is solved and starts from nothing; remove start_from"
        )
    if "released" in told:
        _check_released(where, entry, released)
    if "checkpoint" in told and own_file(told) is None:
        raise ValueError(
            f"{where}.checkpoint: {told['checkpoint']!r} is no path of this machine; give one, or list the address "
            "under `released` of the configuration and name it here (released: name)"
        )
    if "run" not in told:
        return None
    cell_type = told.get("cell_type", pair[0])
    for key, name, there in (
        ("run", told["run"], entries),
        ("cell_type", cell_type, [*cell_types, *groups]),
    ):
        if name not in there:
            raise ValueError(f"{where}.{key}: {name!r} is in no table; {among(name, there)}")
    if cell_type in cell_types and cell_types[cell_type].label.kind == "none":
        raise ValueError(
            f"{where}: {cell_type} has no label, so that nothing is trained on it; name another cell type"
        )
    _check_architecture(where, entry, entries[told["run"]].architecture, f"the entry {told['run']}")
    return cell_type, told["run"]


def _check_released(where: str, entry: Entry, released: Mapping[str, Released]) -> None:
    name = entry.start_from["released"]
    if name not in released:
        raise ValueError(f"{where}.released: {name!r} is not in the configuration; {among(name, released)}")
    _check_architecture(where, entry, released[name].architecture, f"the released {name}")
    if entry.signals is not None and tuple(entry.signals) != released[name].signals:
        raise ValueError(
            f"{where}: the entry reads the signals {', '.join(entry.signals) or 'none'}, and the released {name} "
            f"{', '.join(released[name].signals) or 'none'}; give the entry the same, in that order"
        )


def _check_architecture(where: str, entry: Entry, found: str, what: str) -> None:
    if found != entry.architecture:
        raise ValueError(
            f"{where}: {what} is of architecture {found} and this entry of {entry.architecture}; take one of the same"
        )


def checkpoint_of(told: Mapping[str, str], cell_type: str, fold: str, seed: int) -> str | None:
    """The checkpoint that a training starts from, where the workflow makes it; None for a file of the user's.

    told: `start_from` of its entry.
    cell_type: of the training.
    fold: of the training, and of the run that it starts from: another fold's run has seen test genes.
    seed: likewise.
    """
    if "run" in told:
        folder = requests.Training(told.get("cell_type", cell_type), told["run"], fold, seed).folder
        return f"{folder}/best.ckpt"
    return f"results/released/{told['released']}.ckpt" if "released" in told else None


def own_file(told: Mapping[str, str]) -> str | None:
    """The user's checkpoint that a training starts from, as Snakemake should name it; None where it is none.

    told: `start_from` of its entry.
    """
    return local_input(told["checkpoint"]) if "checkpoint" in told else None

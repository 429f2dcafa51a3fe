"""Files of this machine that rows and configuration name: those that are not there are refused before any job."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from workflow_scripts.planning import downloads
from workflow_scripts.planning.downloads import Download
from workflow_scripts.planning.plan import Plan
from workflow_scripts.planning.starts import own_file
from workflow_scripts.planning.tables.cell_types import CellType


def absent_files(plan: Plan, made: Callable[[str], bool]) -> list[str]:
    """A sentence for each local file that is named, not there and made by no rule.

    plan: its cell types and checkpoints count where they are asked for, and where an earlier run has left their file:
    Snakemake would go on with that one, and not miss the new.
    made: whether a rule makes a file; it is asked once all rules are known.
    """
    found = []
    for name in (name for name in plan.to_train if name in plan.entries):
        path = own_file(plan.entries[name].start_from)
        if path is not None and not os.path.isfile(path) and not made(path):
            found.append(
                f"config: model {name}: start_from.checkpoint = {path!r}: no such file (a relative path starts at "
                f"{os.getcwd()}); correct the path, or put the file there"
            )
    for where, download, asked in _named(plan):
        path = download.local
        if path is None or os.path.isfile(path) or made(path):
            continue
        if asked or os.path.lexists(plan.prefix + download.file):
            what = "not a file" if os.path.exists(path) else "no such file"
            found.append(
                f"{where} = {path!r}: {what} (a relative path starts at {os.getcwd()}); correct the path, or put "
                "the file there"
            )
    return list(dict.fromkeys(found))


def _named(plan: Plan) -> Iterator[tuple[str, Download, bool]]:
    """Where each file from outside is named, the file, and whether this run asks for its owner."""
    cell_types = plan.cell_types_asked
    assemblies = {plan.cell_types[name].assembly for name in cell_types if name in plan.cell_types}
    for name, settings in plan.config["assemblies"].items():
        for part, download in downloads.of_assembly(name, settings, plan.prefix).items():
            yield f"config: assemblies.{name}.{part}.address", download, name in assemblies
    for released in plan.released.values():
        where = f"config: released.{released.name}.checkpoint.address"
        yield where, downloads.of_released(released, plan.prefix), released.name in plan.released_asked
    for row in plan.cell_types.values():
        for column, download in _of_row(row):
            where = f"{plan.config['cell_types']}: {row.name}, column {column}"
            yield where, download, row.name in cell_types


def _of_row(row: CellType) -> Iterator[tuple[str, Download]]:
    for track in [*row.signals.values(), *([row.peaks] if row.peaks else [])]:
        for download in downloads.of_track(row, track):
            yield track.name, download
    for column, files in zip(("label", "label_minus"), downloads.of_label(row), strict=True):
        for download in files:
            yield column, download

"""What is refused of names in the configuration that match no column of any row, or one another but for capitals."""

from __future__ import annotations

from collections.abc import Sequence

from workflow_scripts.planning.downloads import Download
from workflow_scripts.planning.tables.cell_types import CellType
from workflow_scripts.planning.tables.names import among, refuse_alike


def check_signal_names(config: dict, given: dict, cell_types: dict[str, CellType]) -> None:
    """Refuse a signal that the configuration names and that no row has.

    config: the whole configuration.
    given: what of it the user gave; the bundled defaults may name signals that a table is without.
    cell_types: the rows.
    Raises ValueError with the key, the name, and the nearest signal.
    """
    there = list(dict.fromkeys(name for row in cell_types.values() for name in row.signals))
    named = {"windows.signals": config["windows"].get("signals") or []}
    if "promoter_activity" in given:
        named["promoter_activity"] = config["promoter_activity"]
    if "signal" in given.get("peak_calling", {}):
        named["peak_calling.signal"] = [config["peak_calling"]["signal"]]
    for key, names in named.items():
        for name in names:
            if name not in there:
                raise ValueError(
                    f"config: {key}: no cell type has the signal {name!r}; {among(name, there)} (columns of the table "
                    "of cell types); correct it or take it out"
                )
        _refuse_twice(names, f"config: {key}")


def check_assemblies(config: dict, cell_types: dict[str, CellType], asked: Sequence[str]) -> None:
    """Refuse cell types whose assembly is not configured, and assemblies that differ in capitals only.

    config: the whole configuration.
    cell_types: the rows.
    asked: the cell types that a run asks for.
    """
    rows = [cell_types[name] for name in asked if name in cell_types]
    for row in rows:
        if row.assembly not in config["assemblies"]:
            raise ValueError(
                f"config: assemblies: {row.assembly!r} (of cell type {row.name}) is missing; "
                f"{among(row.assembly, config['assemblies'])}; add its genome"
            )
    refuse_alike(dict.fromkeys(row.assembly for row in rows), "config: assemblies")


def by_file(found: Sequence[Download]) -> dict[str, Download]:
    """Downloads by the file that each is written to.

    found: all of them.
    Raises ValueError where two different ones would be written to one file.
    """
    files: dict[str, Download] = {}
    for download in found:
        other = files.setdefault(download.file, download)
        if other != download:
            raise ValueError(
                f"{download.file} would hold both {other.address} and {download.address}; rename the cell type, "
                "the assembly or the released checkpoint of one"
            )
    return files


def _refuse_twice(names: Sequence[str], where: str) -> None:
    if twice := next((name for name in names if list(names).count(name) > 1), None):
        raise ValueError(f"{where} names {twice} twice; give it once")

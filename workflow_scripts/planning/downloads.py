"""Every file that comes from outside: its name under resources/downloads/, address, checksum and kind."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from prism.fetch.addresses import missing_key, suffix
from prism.fetch.environment import unset
from workflow_scripts.planning.tables.cell_types import CellType, Track
from workflow_scripts.planning.tables.paths import expand, local_input
from workflow_scripts.planning.tables.released import Released

FOLDER = "resources/downloads"
_PARTS = {
    "genome": "fasta",
    "annotation": "gtf",
    "blacklist": "bed",
    "gene_table": "table",
    "strand_table": "table",
}  # of an assembly: kinds


@dataclass(frozen=True)
class Download:
    """One file to fetch.

    file: where it is written, relative to the working directory. address: an accession, address or path. kind:
    bigwig, contacts, fasta, gtf, bed, table or any. md5: of the downloaded file, or its sha256, "" where it is not
    known. member: the file of a zip that is kept alone, "" for the whole. md5_from: the file, or the table and its
    row, in which the checksum stands.
    """

    file: str
    address: str
    kind: str
    md5: str = ""
    member: str = ""
    md5_from: str = ""

    @property
    def local(self) -> str | None:
        """The file on this machine that it is taken from, if any."""
        return local_input(self.address)


def _files(
    owner: str, name: str, addresses: tuple[str, ...], md5: tuple[str, ...], kind: str, member: str = ""
) -> list[Download]:
    out = []
    for address in addresses:
        if set("{}") & set(local_input(address) or ""):
            raise ValueError(
                f"{owner}, {name} = {address!r}: Snakemake takes {{ and }} in a path for its own; rename the file "
                "or folder"
            )
    for number, (address, checksum) in enumerate(zip(addresses, md5, strict=True), start=1):
        replicate = f".{number}" if len(addresses) > 1 else ""
        file = f"{FOLDER}/{owner}.{name}{replicate}{suffix(address, kind, member)}"
        out.append(Download(file, address, kind, "" if checksum == "-" else checksum, member))
    return out


def of_track(cell_type: CellType, track: Track) -> list[Download]:
    """The files of one track, replicate by replicate.

    cell_type: its row.
    track: one of the row's signals, or its peaks.
    """
    kind = "bed" if track.kind == "peaks" else track.kind
    return _files(cell_type.name, track.name, track.addresses, track.md5, kind)


def of_label(cell_type: CellType) -> tuple[list[Download], list[Download]]:
    """The files of the label: plus strand (or table), and minus strand.

    cell_type: its row.
    """
    label = cell_type.label
    kind = "bed" if label.kind == "ctss" else label.kind
    none = ("",) * len(label.minus_addresses)
    plus = _files(cell_type.name, "label", label.addresses, label.md5, kind, label.member)
    return plus, _files(cell_type.name, "label_minus", label.minus_addresses, none, kind)


def of_cell_type(cell_type: CellType) -> list[Download]:
    """All files of a row: signals, peaks and label.

    cell_type: the row.
    """
    tracks = [*cell_type.signals.values(), *([cell_type.peaks] if cell_type.peaks else [])]
    plus, minus = of_label(cell_type)
    return [each for track in tracks for each in of_track(cell_type, track)] + plus + minus


def of_assembly(name: str, settings: dict, prefix: str = "") -> dict[str, Download]:
    """The files of an assembly by its parts: genome, annotation, blacklist and tables, those that are named.

    name: a key of `assemblies`.
    settings: what the configuration has there.
    prefix: the plan's, where `{workdir}` in an address lies; default none.
    """
    found = {}
    for part, kind in _PARTS.items():
        if spec := settings.get(part):
            address, md5 = expand(spec["address"], prefix), spec.get("md5") or ""
            found[part] = _files(name, part, (address,), (md5,), kind, spec.get("member", ""))[0]
    return found


def of_released(released: Released, prefix: str = "") -> Download:
    """The file of a released checkpoint.

    released: its entry in the configuration.
    prefix: the plan's, where `{workdir}` in an address lies; default none.
    """
    address = expand(released.address, prefix)
    return _files("released", released.name, (address,), (released.md5,), "any", released.member)[0]


def check_keys(wanted: Iterable[Download], prefix: str = "") -> None:
    """Refuse files that need the 4DN portal's key or a variable, and are not there yet, while it is not set.

    wanted: the files of this run.
    prefix: the plan's, where the files lie; default none.
    Raises ValueError that names the file and the fix.
    """
    for download in wanted:
        if os.path.exists(prefix + download.file):
            continue
        if problem := missing_key([download.address]) or unset(download.address):
            raise ValueError(f"{download.file}: {problem}")

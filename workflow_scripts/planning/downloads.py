"""Every file that comes from outside: its name under resources/downloads/, address, checksum and kind."""

from __future__ import annotations

from dataclasses import dataclass

from prism.fetch.addresses import suffix
from workflow_scripts.planning.cell_types import CellType, Source
from workflow_scripts.planning.paths import expand, local_input
from workflow_scripts.planning.released import Released

FOLDER = "resources/downloads"


@dataclass(frozen=True)
class Download:
    """One file to fetch; `file` is its path relative to the working directory."""

    file: str
    address: str
    kind: str  # bigwig | contacts | fasta | gtf | bed | table
    md5: str = ""
    member: str = ""

    @property
    def local(self) -> str | None:
        """The file on this machine that it is taken from, if any."""
        return local_input(self.address)


def _files(
    owner: str, name: str, addresses: tuple[str, ...], md5: tuple[str, ...], kind: str, member: str = ""
) -> list[Download]:
    out = []
    for number, (address, checksum) in enumerate(zip(addresses, md5, strict=True), start=1):
        replicate = f".{number}" if len(addresses) > 1 else ""
        file = f"{FOLDER}/{owner}.{name}{replicate}{suffix(address, kind, member)}"
        out.append(Download(file, address, kind, "" if checksum == "-" else checksum, member))
    return out


def of_source(cell_type: CellType, source: Source) -> list[Download]:
    """The files of one signal, replicate by replicate."""
    kind = "bed" if source.kind == "peaks" else source.kind
    return _files(cell_type.name, source.name, source.addresses, source.md5, kind)


def of_label(cell_type: CellType) -> tuple[list[Download], list[Download]]:
    """The files of the label: plus strand (or table), and minus strand."""
    label = cell_type.label
    kind = "bed" if label.kind == "ctss" else label.kind
    none = ("",) * len(label.minus_addresses)
    plus = _files(cell_type.name, "label", label.addresses, label.md5, kind, label.member)
    return plus, _files(cell_type.name, "label_minus", label.minus_addresses, none, kind)


def of_assembly(name: str, settings: dict, prefix: str = "") -> dict[str, Download]:
    """The files of an assembly: genome, annotation, blacklist and gene_table, those that are named."""
    found = {}
    for part, kind in (
        ("genome", "fasta"),
        ("annotation", "gtf"),
        ("blacklist", "bed"),
        ("gene_table", "table"),
    ):
        spec = settings.get(part)
        if spec:
            address = expand(spec["address"], prefix)
            found[part] = _files(
                name, part, (address,), (spec.get("md5", ""),), kind, spec.get("member", "")
            )[0]
    return found


def of_released(released: Released, prefix: str = "") -> Download:
    """The file of a released checkpoint."""
    address = expand(released.address, prefix)
    return _files("released", released.name, (address,), (released.md5,), "any", released.member)[0]


def register(downloads: list[Download]) -> dict[str, Download]:
    """Index by file."""
    return {download.file: download for download in downloads}

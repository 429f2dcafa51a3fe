"""The table of cell types: one wide row each (config/cell_types.tsv)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from prism.fetch.addresses import classify
from prism.fetch.checksum import parse
from prism.files.table import line_of, read_table
from prism.genome.tracks.transforms import NONE, named
from workflow_scripts.planning.tables.names import refuse_alike
from workflow_scripts.planning.tables.paths import expand, local_input
from workflow_scripts.planning.tables.patterns import NAME
from workflow_scripts.planning.tables.validation import check, read_schema

SUFFIXES = ("md5", "output_type", "transform")
CONTACTS = (".hic", ".mcool", ".cool")
LABEL_COLUMNS = (
    "label",
    "label_minus",
    "label_kind",
    "label_assay",
    "label_id_column",
    "label_value_column",
    "label_transform",
    "label_member",
    "label_md5",
)
PEAKS_COLUMNS = ("peaks", "peaks_md5")


@dataclass(frozen=True)
class Track:
    """A signal, or the peaks, of a cell type, as its columns declare it.

    name: of the signal's column, or `peaks`. kind: bigwig, contacts or peaks. addresses, md5: one for each replicate.
    output_type: what the values are, as the source calls them. transform: of a bigWig's values.
    """

    name: str
    kind: str
    addresses: tuple[str, ...]
    md5: tuple[str, ...]
    output_type: str = ""
    transform: str = NONE.name


@dataclass(frozen=True)
class LabelColumns:
    """Where the expression of a cell type comes from, as the columns `label` and `label_*` declare it.

    kind: table, bigwig, ctss, or none for a cell type to predict for. addresses, md5: one for each replicate; for
    stranded files those of the plus strand, and minus_addresses those of the minus strand. id_column, value_column:
    of a table. member: the file of a zip.
    """

    kind: str = "none"
    addresses: tuple[str, ...] = ()
    minus_addresses: tuple[str, ...] = ()
    md5: tuple[str, ...] = ()
    assay: str = ""
    id_column: str = ""
    value_column: str = ""
    transform: str = "log10p1"
    member: str = ""


@dataclass(frozen=True)
class CellType:
    """A row of the table. signals: by name; peaks: None where the row has none."""

    name: str
    assembly: str
    signals: dict[str, Track] = field(default_factory=dict)
    label: LabelColumns = LabelColumns()
    peaks: Track | None = None

    def addresses(self) -> list[tuple[str, tuple[str, ...]]]:
        """The addresses of each column that names files."""
        tracks = [*self.signals.values(), *([self.peaks] if self.peaks else [])]
        label = [("label", self.label.addresses), ("label_minus", self.label.minus_addresses)]
        return [(track.name, track.addresses) for track in tracks] + label


def _split(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def _addresses(cell: str, where: str) -> tuple[str, ...]:
    addresses = _split(cell)
    for address in addresses:
        try:
            kind = classify(address)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        if kind == "path" and not ("/" in address or "." in address or Path(address).exists()):
            raise ValueError(
                f"{where} = {address!r} is no accession (ENCFF..., 4DNFI...), address or path; "
                "correct the cell or its column name"
            )
    seen: dict[str, str] = {}
    for address in addresses:
        other = seen.setdefault(same_file(address), address)
        if other is not address:
            both = f"{address!r} twice" if other == address else f"{other!r} and {address!r}, one file"
            raise ValueError(f"{where} names {both}; replicates are averaged, so name each file once")
    return addresses


def same_file(address: str) -> str:
    """What two addresses of one file have in common: of a file of this machine its real path.

    address: as the table has it.
    """
    path = local_input(address)
    return os.path.realpath(path) if path else address


def _checksums(row: dict, column: str, addresses: tuple[str, ...], where: str) -> tuple[str, ...]:
    checksums = _split(row.get(f"{column}_md5", ""))
    if checksums and len(checksums) != len(addresses):
        raise ValueError(
            f"{where}_md5 has {len(checksums)} checksums for {len(addresses)} files; "
            "give one for each, separated by ';', or none"
        )
    for checksum in checksums:
        try:
            parse("" if checksum == "-" else checksum)
        except ValueError as error:
            raise ValueError(f"{where}_md5: {error}; correct or empty it") from None
    real = [checksum.lower() for checksum in checksums if checksum != "-"]
    if len(set(real)) < len(real):
        raise ValueError(
            f"{where}_md5 has one checksum twice, so that one file is averaged with itself; name each once"
        )
    return checksums or ("",) * len(addresses)


def _track(row: dict, column: str, kind: str, where: str) -> Track | None:
    where = f"{where}, column {column}"
    addresses = _addresses(row.get(column, ""), where)
    if not addresses:
        return None
    transform = named(row.get(f"{column}_transform", ""), f"{where}_transform =").name
    if kind in ("peaks", "contacts") and len(addresses) > 1:
        raise ValueError(
            f"{where} names {len(addresses)} files, and only those of bigWigs are averaged; give one (of several BED "
            "files: cat a.bed b.bed)"
        )
    checksums = _checksums(row, column, addresses, where)
    return Track(column, kind, addresses, checksums, row.get(f"{column}_output_type", ""), transform)


def _kind(column: str, cell: str) -> str:
    first = (_split(cell) or ("",))[0].lower()
    is_contacts = first.endswith(CONTACTS) or first.startswith("4dnf") or column == "contacts"
    return "contacts" if is_contacts else "bigwig"


def _label(row: dict, where: str) -> LabelColumns:
    kind = row.get("label_kind", "") or "none"
    if row.get("label") and not row.get("label_kind"):
        raise ValueError(
            f"{where}: column label = {row['label']!r} but label_kind is empty, so that it would not be read; set "
            "label_kind to table, bigwig or ctss, or to none for a cell type to predict for"
        )
    if kind == "none":
        return LabelColumns()
    if row.get("label_minus") and kind != "bigwig":
        raise ValueError(
            f"{where}: column label_minus = {row['label_minus']!r}, but label_kind is {kind}; only bigWigs have a file "
            "for each strand: empty the cell"
        )
    addresses = _addresses(row.get("label", ""), f"{where}, column label")
    if not addresses:
        raise ValueError(
            f"{where}: label_kind = {kind!r} but column label is empty; give the file, or set label_kind to none"
        )
    if kind == "table" and not (row.get("label_id_column") and row.get("label_value_column")):
        raise ValueError(f"{where}: a table label needs label_id_column and label_value_column")
    return LabelColumns(
        kind=kind,
        addresses=addresses,
        minus_addresses=_addresses(row.get("label_minus", ""), f"{where}, column label_minus"),
        md5=_checksums(row, "label", addresses, f"{where}, column label"),
        assay=row.get("label_assay", ""),
        id_column=row.get("label_id_column", ""),
        value_column=row.get("label_value_column", ""),
        transform=row.get("label_transform", "") or "log10p1",
        member=row.get("label_member", ""),
    )


def signal_columns(columns: list[str], where: str) -> list[str]:
    """Columns that are signals: all but the row's own, the label's, the peaks' and `<signal>_<suffix>`.

    columns: the table's header.
    where: what an error begins with.
    Raises ValueError for a column that describes no signal, and for one that cannot be a signal's name.
    """
    known = {"cell_type", "assembly", *LABEL_COLUMNS, *PEAKS_COLUMNS}
    rest = [column for column in columns if column not in known]
    for column in rest:
        if column.casefold() in known:
            raise ValueError(f"{where}: column {column!r} is spelt {column.casefold()!r}; rename it")
    signals = [column for column in rest if not column.endswith(tuple(f"_{suffix}" for suffix in SUFFIXES))]
    for column in rest:
        stem = column.rsplit("_", 1)[0] if column not in signals else column
        if column.endswith("_output_type"):
            stem = column.removesuffix("_output_type")
        if stem not in signals:
            raise ValueError(
                f"{where}: column {column!r} describes a signal {stem!r} that has no column of its own; "
                "add it or remove this one"
            )
        if column in signals and not re.fullmatch(NAME, column):
            raise ValueError(
                f"{where}: column {column!r} is not a name for a signal; use letters, digits, '_' and '-'"
            )
    return signals


def read_cell_types(path: Path, prefix: str = "") -> dict[str, CellType]:
    """The rows of the table by cell type.

    path: tab-separated, with a header; '#' starts a comment line.
    prefix: the plan's, where `{workdir}` in an address lies; default none.
    Raises ValueError naming the file, the row, the column and the fix.
    """
    where = str(path)
    table = read_table(path, ("cell_type", "assembly"))
    signals = signal_columns(list(table.columns), where)
    refuse_alike(signals, f"{where}: columns")
    schema = read_schema("cell_types")
    rows: dict[str, CellType] = {}
    for number, written in enumerate(table.to_dict("records")):
        row = {column: expand(cell, prefix) for column, cell in written.items()}
        here = f"{where}, line {line_of(table, number)} ({row['cell_type']})"
        check({key: value for key, value in row.items() if value}, schema, here)
        if row["cell_type"] in rows:
            raise ValueError(f"{here}: cell type {row['cell_type']!r} has two rows; give each its own name")
        tracks = {name: _track(row, name, _kind(name, row[name]), here) for name in signals}
        rows[row["cell_type"]] = CellType(
            name=row["cell_type"],
            assembly=row["assembly"],
            signals={name: track for name, track in tracks.items() if track},
            label=_label(row, here),
            peaks=_track(row, "peaks", "peaks", here),
        )
    refuse_alike(rows, f"{where}: cell types")
    return rows

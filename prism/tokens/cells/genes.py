"""Ids of genes as files of cells have them: with versions, as symbols, retired, of another species, more than once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prism.files.plain_pickle import read_mapping
from prism.files.table import read_table
from prism.files.text import open_text
from prism.genome.genes.gtf import stable_id

# ENSG, ENSMUSG ...; ENSGR is how older releases wrote the copies on chromosome Y
_ID = re.compile(r"^(ENS[A-Z]*?)(?:G\d{11}|GR\d{10})$")
_PAR_Y = "_PAR_Y"  # GENCODE's copies on chromosome Y: the same gene
_WITH_ID = re.compile(
    r"^.+_(ENS[A-Z]*G\d{11})(?:\.\d+)?$"
)  # 7SK_ENSG00000260682: a symbol that is there twice
HUMAN = "ENS"
SPECIES = {HUMAN: "human", "ENSMUS": "mouse", "ENSRNO": "rat", "ENSDAR": "zebrafish", "ENSMMU": "macaque"}


@dataclass(frozen=True)
class GeneNames:
    """What a table says of genes.

    ids_of: symbol -> the ids that have it.
    known: the ids that the table has; empty where it is not a list of a release's genes.
    successor_of: retired id -> the id that took its place.
    """

    ids_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    successor_of: Mapping[str, str] = field(default_factory=dict)

    def and_then(self, other: GeneNames) -> GeneNames:
        """These names, and those of another table for what these do not say.

        other: asked second.
        """
        return GeneNames(
            {**other.ids_of, **self.ids_of},
            self.known | other.known,
            {**other.successor_of, **self.successor_of},
        )


@dataclass(frozen=True)
class Resolved:
    """The genes of a file.

    ids: for each of its genes the id without version; "" where a symbol leads to none.
    retired: ids that the table does not have (kept: an older vocabulary may know them).
    replaced: ids that were exchanged for their successor.
    unknown: symbols that the table does not have.
    ambiguous: symbols that lead to several ids.
    repeated: ids that came more than once; their counts are summed.
    """

    ids: tuple[str, ...]
    retired: tuple[str, ...]
    replaced: tuple[str, ...]
    unknown: tuple[str, ...]
    ambiguous: tuple[str, ...]
    repeated: tuple[str, ...]


def plain_id(label: str) -> str:
    """A gene id without version and without the mark of chromosome Y's copies; other texts stay as they are.

    label: of any kind.
    """
    return stable_id(label.strip().removesuffix(_PAR_Y))


def species_of(gene_id: str) -> str | None:
    """The beginning of an Ensembl id that names its species ("ENS" human, "ENSMUS" mouse); None for any other text.

    gene_id: without version.
    """
    match = _ID.match(gene_id)
    return match[1] if match else None


def species_name(prefix: str) -> str:
    """A species in words, or the beginning of its ids where it is not a common one.

    prefix: as `species_of` gives it.
    """
    return SPECIES.get(prefix, f"the species of {prefix}G...")


def resolve(
    labels: Sequence[str], names: GeneNames | None, vocabulary: Collection[str] = (), *, are_ids: bool = False
) -> Resolved:
    """The id of each gene of a file.

    labels: (n,) ids or symbols.
    names: a table of genes; None: there is none.
    vocabulary: ids of the dictionary in use; an id of it is taken as it is, and of a symbol's several ids the one in
    it; default: none.
    are_ids: whether labels that do not look like Ensembl's are ids all the same; default False: they are symbols.
    """
    names = GeneNames() if names is None else names
    sorted_out: dict[str, list[str]] = {key: [] for key in ("retired", "replaced", "unknown", "ambiguous")}
    found = []
    for label in labels:
        gene = plain_id(label)
        with_id = _WITH_ID.match(gene)
        if with_id and gene not in names.ids_of:
            gene = with_id[1]
        if species_of(gene) is not None or gene in vocabulary or (are_ids and gene):
            gene = _present(gene, names, vocabulary, sorted_out)
        else:
            gene = _of_symbol(gene, names, vocabulary, sorted_out)
        found.append(gene)
    times = Counter(gene for gene in found if gene)
    repeated = tuple(gene for gene, n in times.items() if n > 1)
    return Resolved(tuple(found), *(tuple(each) for each in sorted_out.values()), repeated)


def _present(gene: str, names: GeneNames, vocabulary: Collection[str], sorted_out: dict) -> str:
    later = names.successor_of.get(gene, gene)
    if later != gene and (gene not in vocabulary or later in vocabulary):
        sorted_out["replaced"].append(gene)
        return later
    if names.known and gene not in names.known:
        sorted_out["retired"].append(gene)
    return gene


def _of_symbol(symbol: str, names: GeneNames, vocabulary: Collection[str], sorted_out: dict) -> str:
    ids = names.ids_of.get(symbol, ())
    if len(ids) > 1:
        ids = tuple(gene for gene in ids if gene in vocabulary) or ids
    if len(ids) == 1:
        return ids[0]
    sorted_out["ambiguous" if ids else "unknown"].append(symbol)
    return ""


def read_gene_names(path: str | Path, *, listed: bool = True) -> GeneNames:
    """A table of genes: csv or tsv with the columns gene_id and symbol, or without a header (id, symbol, ...).

    Geneformer's gene_name_id_dict (pickle or JSON: symbol -> id) is read too.

    path: the file, plain or gzipped.
    listed: whether it lists the genes of a release, so that an id that it lacks is retired; default True. A mapping
    never does.
    Raises ValueError, naming the file and the fix, for a table without ids or symbols.
    """
    if Path(path).suffix.lower() in (".pkl", ".pickle", ".json"):
        pairs = [(str(gene), symbol) for symbol, gene in read_mapping(path).items()]
        listed = False
    else:
        pairs = list(_rows(path))
    if not any(symbol and gene for gene, symbol in pairs):
        raise ValueError(f"{path}: no gene with an id and a symbol; give the columns gene_id and symbol")
    ids_of: dict[str, dict[str, None]] = {}
    for gene, symbol in pairs:
        if gene and symbol:
            ids_of.setdefault(symbol, {})[plain_id(gene)] = None
    known = frozenset(plain_id(gene) for gene, _ in pairs) if listed else frozenset()
    return GeneNames({symbol: tuple(ids) for symbol, ids in ids_of.items()}, known)


def _rows(path: str | Path) -> Iterable[tuple[str, str]]:
    with open_text(path) as lines:
        first = next((line for line in lines if line.strip()), "")
    separator = "\t" if "\t" in first else ","
    if species_of(plain_id(first.split(separator)[0].strip('"'))) is None:  # it has a header
        table = read_table(path, ("gene_id", "symbol"))
        return zip(table["gene_id"], table["symbol"], strict=True)
    found = []
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            cells = [cell.strip().strip('"') for cell in line.rstrip("\r\n").split(separator)]
            if len(cells) < 2 and line.strip():
                raise ValueError(f"{path}, line {number}: {line.strip()!r} has no symbol; write id, symbol")
            if line.strip():
                found.append((cells[0], cells[1]))
    return found

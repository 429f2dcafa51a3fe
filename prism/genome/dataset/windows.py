"""Reads the dataset file into batches (layout: `prism.genome.dataset.layout`)."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

from prism.files.hdf5 import whole
from prism.genome.batch import Batch
from prism.genome.coordinates import check_length
from prism.genome.dataset.moved import counted, moved
from prism.genome.dataset.opened import AGAIN, open_dataset
from prism.genome.elements.reader import ElementReader
from prism.genome.genes import table as gene_tables
from prism.genome.genes.feature_groups import columns_of
from prism.genome.reading import GENE, PLUS, turned_genes
from prism.genome.tracks.sequence import UNKNOWN, one_hot
from prism.genome.turning import complemented_at, reversed_at

LARGEST_IN_MEMORY = 2 << 30  # bytes; "auto" streams what is larger (2 kb windows take about 0.5 GB)
_ROWS_READ_AT_ONCE = 512


class Windows:
    """Windows of the genes of a dataset file.

    path: the dataset file.
    genes: the genes table, for features and labels; default None: neither.
    length: bp, even, a centre crop of the file's windows; default None: all of them.
    signals: names in the order wanted; default None: all.
    rna_features: which gene features to use: names of groups (`feature_groups.GROUPS`: mrna, promoter_activity), True
        (the default) for all that the table has, False for none (their width is 0).
    in_memory: True, False (stream from the file) or "auto", the default (in memory up to 2 GiB).
    elements: the file of candidate elements, for Batch.elements; default None.
    orientation: plus (the default) or gene: in batches, genes on the - strand are turned (`prism.genome.reading`).
    Raises ValueError for a file of another layout, an odd length or one longer than the file's, an unknown
    signal or group of gene features, genes that the table or the elements lack, and, with orientation gene,
    genes of unknown strand.

    Attributes: gene_id, chrom (lists), tss (n,) int64 array, strand ((n,) '+', '-' or '.'), length, signal_names,
    rna_feature_names, orientation, turned ((n,) bool, the genes whose windows are turned), expression ((n,) float32,
    NaN where unknown, or None), identity (sha256 hex of the file's content, of the columns used and of the elements),
    content_hash, sources, cell_type, assembly, nbytes (of the cropped windows and the elements, decoded), in_memory,
    device, gene_table (the checked genes table, or None), masks (those of blacklist and peaks that the file has).
    """

    def __init__(
        self,
        path: str | Path,
        genes: str | Path | None = None,
        length: int | None = None,
        signals: Sequence[str] | None = None,
        rna_features: bool | Sequence[str] = True,
        in_memory: bool | str = "auto",
        elements: str | Path | None = None,
        orientation: str = PLUS,
    ):
        self.path, self.device, self._one_hot = Path(path), torch.device("cpu"), _ONE_HOT
        self._file, self._file_pid, self.orientation = None, None, orientation
        with open_dataset(self.path) as file:
            self._read_facts(file, length, signals)
        self._read_genes(genes, rna_features)
        self._elements: ElementReader | None = None
        if elements is not None:
            self._read_elements(elements)
        if in_memory not in (True, False, "auto"):
            raise ValueError(f"in_memory {in_memory!r} must be true, false or 'auto'")
        self.in_memory = self.nbytes <= LARGEST_IN_MEMORY if in_memory == "auto" else bool(in_memory)
        self._arrays: dict[str, Tensor] | None = None
        if self.in_memory:
            self.load()

    def load(self) -> None:
        """Hold the windows and their elements in memory from here on."""
        self.in_memory, self._arrays = True, {name: self._whole(name) for name in self._widths}
        if self._elements is not None:
            self._elements.load()
        self.close()

    def close(self) -> None:
        """Close the file; streaming opens it again if needed."""
        if self._file is not None and self._file_pid == os.getpid():
            self._file.close()
        self._file, self._file_pid = None, None
        if self._elements is not None:
            self._elements.close()

    def __len__(self) -> int:
        return len(self.gene_id)

    def __getstate__(self):
        return {**self.__dict__, "_file": None, "_file_pid": None}

    def _read_facts(self, file: h5py.File, length: int | None, signals: Sequence[str] | None) -> None:
        facts, there = file.attrs, json.loads(file.attrs["signals"])
        whole = int(facts["length"])
        self.length = check_length(whole if length is None else length)
        if self.length > whole:
            raise ValueError(f"{self.path}: windows of {self.length} bp asked for, but the file's have {whole} "
                             "bp; cut a longer file, or ask for less")  # fmt: skip
        self.signal_names = list(there if signals is None else signals)
        if unknown := [name for name in self.signal_names if name not in there]:
            raise ValueError(
                f"{self.path}: no signal {', '.join(unknown)}; wanted are {', '.join(self.signal_names)}; it has "
                f"{', '.join(there) or 'none'}; choose among these, or add a column to the table of cell types"
            )
        self.cell_type, self.assembly = str(facts["cell_type"]), str(facts["assembly"])
        self.sources, self.content_hash = json.loads(facts["sources"]), str(facts["content_hash"])
        table = file["genes"]
        self.gene_id, self.chrom = (table[name].asstr()[:].tolist() for name in ("gene_id", "chrom"))
        self.tss, self._chrom_length = table["tss"][:], table["chrom_length"][:]
        self.strand = table["strand"].asstr()[:]
        self.turned = turned_genes(self.orientation, self.gene_id, self.strand, self.path)
        self._crop = (whole - self.length) // 2
        self._bin_sizes = {
            name: int(file[f"signals/{name}"].attrs.get("bin_size", 0)) for name in self.signal_names
        }
        self.masks = [name for name in ("blacklist", "peaks") if name in file]
        paths = ["sequence", *(f"signals/{name}" for name in self.signal_names), *self.masks]
        binned = {f"signals/{name}" for name, size in self._bin_sizes.items() if size}
        self._widths = {path: file[path].shape[1] if path in binned else self.length for path in paths}
        self.nbytes = len(self) * sum(
            width * file[path].dtype.itemsize for path, width in self._widths.items()
        )
        self._first_bin_start = self.tss - whole // 2

    def _read_genes(self, path: str | Path | None, rna_features: bool | Sequence[str]) -> None:
        chosen = columns_of(rna_features)
        self.rna_feature_names: list[str] = []
        self.expression: Tensor | None = None
        self.gene_table: gene_tables.GeneTable | None = None
        columns: dict[str, np.ndarray] = {}
        if path is not None:
            table = self.gene_table = gene_tables.read(path)
            kept = table.kept.set_index("gene_id")
            if missing := [gene for gene in self.gene_id if gene not in kept.index]:
                raise ValueError(
                    f"{path}: {len(missing)} genes of {self.path} are not in the table or dropped there "
                    f"({gene_tables.named(missing)}); cut the windows again from this table"
                )
            self._check_strands(path, kept.loc[self.gene_id, "strand"].to_numpy())
            self.rna_feature_names = [name for name in table.rna_features if name in chosen]
            used = self.rna_feature_names + ([gene_tables.EXPRESSION] if table.has_expression else [])
            columns = {name: kept.loc[self.gene_id, name].to_numpy(np.float64) for name in used}
        if gene_tables.EXPRESSION in columns:
            self.expression = torch.from_numpy(columns[gene_tables.EXPRESSION].astype(np.float32))
        features = [columns[name] for name in self.rna_feature_names]
        stacked = np.stack(features, axis=1) if features else np.zeros((len(self), 0))
        self._rna_features = torch.from_numpy(stacked.astype(np.float32))
        identity = hashlib.sha256(self.content_hash.encode())
        for name, values in columns.items():
            identity.update(name.encode() + b"\0" + np.ascontiguousarray(values, "<f8").tobytes())
        self.identity = identity.hexdigest()

    def _check_strands(self, path: str | Path, strand: np.ndarray) -> None:
        """Refuse a genes table of other strands than the file's, by which windows are turned."""
        if self.orientation == GENE and len(other := np.flatnonzero(strand != self.strand)):
            raise ValueError(
                f"{path}: {gene_tables.named([self.gene_id[i] for i in other])}: another strand than in {self.path}; "
                "cut the windows again from this table"
            )

    def _read_elements(self, path: str | Path) -> None:
        reader = ElementReader(path, self.gene_id, self.chrom, self.tss)
        if (reader.cell_type, reader.assembly) != (self.cell_type, self.assembly):
            raise ValueError(
                f"{path}: elements of {reader.cell_type} ({reader.assembly}), but {self.path} holds windows of "
                f"{self.cell_type} ({self.assembly}); give the elements of the same cell type"
            )
        self._elements, self.nbytes = reader, self.nbytes + reader.nbytes
        self.identity = hashlib.sha256(f"{self.identity} {reader.content_hash}".encode()).hexdigest()

    @property
    def rna_features(self) -> Tensor:
        """(n, n_features) float32: Batch.rna_features of every gene, without reading a window."""
        return self._rna_features

    @property
    def elements_origin(self) -> dict | None:
        """Where the candidate elements come from, {"content_hash", "sources"}; None without elements."""
        if self._elements is None:
            return None
        return {"content_hash": self._elements.content_hash, "sources": dict(self._elements.sources)}

    def elements_per_gene(self, genes: int, at_most: int) -> float:
        """Most elements of a gene, averaged over a batch (`ElementReader.per_gene`); 0 without elements.

        genes: genes of the batch.
        at_most: only the nearest so many elements of a gene count.
        """
        return 0.0 if self._elements is None else self._elements.per_gene(genes, at_most)

    def to(self, device: torch.device | str) -> Windows:
        """Move what is held in memory (uint8 codes, float32 signals) to a device, and make batches there.

        device: torch's, such as cpu or cuda:0.
        """
        self.device = torch.device(device)
        self._one_hot = self._one_hot.to(self.device)
        self._rna_features = self._rna_features.to(self.device)
        self.expression = self.expression.to(self.device) if self.expression is not None else None
        if self._arrays is not None:
            self._arrays = {name: values.to(self.device) for name, values in self._arrays.items()}
        if self._elements is not None:
            self._elements.to(self.device)
        return self

    def batch(self, indices: Sequence[int] | Tensor) -> Batch:
        """The windows of some genes.

        indices: rows of this dataset, in any order; repeats are allowed.
        Raises IndexError for a row that is not there.
        """
        rows = counted(indices, len(self), "gene")
        index = moved(rows, self.device)
        arrays = self._taken(rows, list(self._widths))
        for name in self.signal_names:
            arrays[f"signals/{name}"] = self._per_base(name, arrays[f"signals/{name}"], rows)
        if len(minus := np.flatnonzero(self.turned[rows])):
            minus = moved(minus, self.device)
            for name, values in arrays.items():
                (complemented_at if name == "sequence" else reversed_at)(values, minus)
        signals = [arrays[f"signals/{name}"] for name in self.signal_names]
        empty = torch.zeros(len(rows), self.length, 0, device=self.device)
        return Batch(
            sequence=self._one_hot[arrays["sequence"].int()],
            signals=torch.stack(signals, dim=-1) if signals else empty,
            rna_features=self._rna_features[index],
            expression=self.expression[index] if self.expression is not None else None,
            peaks=arrays.get("peaks"),
            blacklist=arrays.get("blacklist"),
            elements=self._elements.batch(rows, self.turned[rows]) if self._elements is not None else None,
        )

    def unknown_share(self, indices: Sequence[int]) -> np.ndarray:
        """Share of bases other than A, C, G, T, those off the chromosome too, in some windows: (n,) float64.

        indices: rows of this dataset.
        """
        found = [np.zeros(0)]
        for first in range(0, len(indices), _ROWS_READ_AT_ONCE):
            rows = np.asarray(indices[first : first + _ROWS_READ_AT_ONCE], np.int64)
            codes = self._taken(rows, ["sequence"])["sequence"]
            found.append((codes == UNKNOWN).double().mean(dim=1).cpu().numpy())
        return np.concatenate(found)

    def _taken(self, rows: np.ndarray, names: Sequence[str]) -> dict[str, Tensor]:
        if self._arrays is not None:
            index = moved(rows, self.device)
            return {name: self._arrays[name][index] for name in names}
        return {name: self._streamed(name, rows).to(self.device) for name in names}

    def _per_base(self, name: str, values: Tensor, rows: np.ndarray) -> Tensor:
        """Signal (batch, length); contacts, stored per bin, are spread over their bases, 0 off the chromosome."""
        bin_size = self._bin_sizes[name]
        if not bin_size:
            return values
        positions = (self.tss[rows] - self.length // 2)[:, None] + np.arange(self.length)
        bins = positions // bin_size - (self._first_bin_start[rows] // bin_size)[:, None]
        on_chromosome = (positions >= 0) & (positions < self._chrom_length[rows][:, None])
        spread = values.gather(1, moved(bins, self.device))
        return spread * moved(on_chromosome, self.device)

    def _source(self, name: str) -> tuple[h5py.Dataset, slice]:
        if self._file_pid != os.getpid():  # a handle must not cross a fork
            self._file, self._file_pid = open_dataset(self.path), os.getpid()
        binned = self._bin_sizes.get(name.removeprefix("signals/"), 0)
        return self._file[name], slice(None) if binned else slice(self._crop, self._crop + self.length)

    def _streamed(self, name: str, rows: np.ndarray) -> Tensor:
        data, columns = self._source(name)
        values = np.empty((len(rows), self._widths[name]), data.dtype)
        with whole(self.path, AGAIN):
            for place in np.argsort(rows, kind="stable"):
                values[place] = data[rows[place], columns]
        return torch.from_numpy(values)

    def _whole(self, name: str) -> Tensor:
        data, columns = self._source(name)
        values = np.empty((len(self), self._widths[name]), data.dtype)
        with whole(self.path, AGAIN):
            for first in range(0, len(self), _ROWS_READ_AT_ONCE):
                rows = slice(first, first + _ROWS_READ_AT_ONCE)
                values[rows] = data[rows, columns]
        return torch.from_numpy(values)


_ONE_HOT = torch.from_numpy(one_hot(np.arange(UNKNOWN + 1)))

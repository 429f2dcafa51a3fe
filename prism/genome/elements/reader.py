"""Reads the file of candidate elements into `Elements` of a batch (layout: `prism.genome.elements.make`)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

from prism.files.hdf5 import opened, whole
from prism.genome.batch import Elements
from prism.genome.elements.layout import KIND, SCHEMA_VERSION
from prism.genome.genes import table as gene_tables
from prism.genome.tracks.sequence import UNKNOWN, one_hot
from prism.genome.turning import complemented_at

_BP_OF_KB = 1000
_AGAIN = "make it again"
_SEQUENCE = "elements/unique/sequence"


class ElementReader:
    """Elements of the genes of a dataset, in its order.

    path: the file that `prism.genome.elements.make` writes.
    gene_id: (n,) of the dataset's genes.
    chrom: (n,) the genome's names.
    tss: (n,) 0-based bp.
    Raises ValueError for a file of another kind or layout, and for genes that it lacks or has at another
    place.

    Attributes: content_hash, cell_type, assembly, sources, nbytes (decoded).
    """

    def __init__(self, path: str | Path, gene_id: list[str], chrom: list[str], tss: np.ndarray):
        self.path, self.device = Path(path), torch.device("cpu")
        self._file, self._file_pid = None, None
        self._sequence: Tensor | None = None
        with _opened(self.path) as file:
            self.content_hash = str(file.attrs["content_hash"])
            self.cell_type, self.assembly = str(file.attrs["cell_type"]), str(file.attrs["assembly"])
            self.sources = json.loads(file.attrs["sources"])
            rows = self._rows(file, gene_id, chrom, tss)
            with whole(self.path, _AGAIN):
                table = {
                    name: file[f"elements/{name}"][:][rows] for name in ("distance", "contact", "activity")
                }
                self._index, self._count = (file[f"elements/{name}"][:][rows] for name in ("index", "count"))
                self.nbytes = file[_SEQUENCE].size
        self._present = torch.from_numpy(np.arange(self._index.shape[1]) < self._count[:, None])
        logarithm = np.log10(1 + table["contact"].astype(np.float64))  # contacts are small: not in float32
        features = [table["distance"] / _BP_OF_KB, logarithm, table["activity"]]
        self._features = torch.from_numpy(np.stack(features, axis=-1).astype(np.float32))
        self._positions = torch.from_numpy(self._index.astype(np.int64))
        self._one_hot = torch.from_numpy(one_hot(np.arange(UNKNOWN + 1)))
        self.nbytes += sum(each.nbytes for each in (self._features, self._positions, self._present))

    def _rows(self, file: h5py.File, gene_id: list[str], chrom: list[str], tss: np.ndarray) -> np.ndarray:
        genes = file["genes"]
        row_of = {gene: row for row, gene in enumerate(genes["gene_id"].asstr()[:])}
        if missing := [gene for gene in gene_id if gene not in row_of]:
            raise ValueError(
                f"{self.path}: {len(missing)} genes of the dataset are not in it ({gene_tables.named(missing)}); "
                "make windows and elements from one genes table"
            )
        rows = np.array([row_of[gene] for gene in gene_id], np.int64)
        moved = (genes["tss"][:][rows] != tss) | (genes["chrom"].asstr()[:][rows] != np.array(chrom))
        if moved.any():
            raise ValueError(
                f"{self.path}: {gene_tables.named(np.array(gene_id)[moved])}: another TSS than the dataset's; "
                "make windows and elements from one genes table"
            )
        return rows

    def per_gene(self, genes: int, at_most: int) -> float:
        """Elements of a gene, as a bound that the average of a batch hardly ever exceeds.

        genes: genes of the batch.
        at_most: only the nearest so many elements of a gene count.
        """
        count = np.minimum(self._count, at_most)
        return min(float(count.mean() + 3 * count.std() / genes**0.5), float(count.max(initial=0)))

    def load(self) -> None:
        """Hold the sequences in memory."""
        with _opened(self.path) as file, whole(self.path, _AGAIN):
            self._sequence = torch.from_numpy(file[_SEQUENCE][:])
        self.close()

    def close(self) -> None:
        """Close the file; streaming opens it again if needed."""
        if self._file is not None and self._file_pid == os.getpid():
            self._file.close()
        self._file, self._file_pid = None, None

    def __getstate__(self):
        return {**self.__dict__, "_file": None, "_file_pid": None}

    def to(self, device: torch.device) -> None:
        """Move what is held in memory to a device, and make batches there.

        device: torch's, such as cpu or cuda:0.
        """
        self.device = device
        for name in ("_present", "_features", "_positions", "_one_hot"):
            setattr(self, name, getattr(self, name).to(device))
        if self._sequence is not None:
            self._sequence = self._sequence.to(device)

    def batch(self, rows: np.ndarray, turned: np.ndarray | None = None) -> Elements:
        """The elements of some genes, 60 places each.

        rows: (k,) of the dataset.
        turned: (k,) bool, genes whose elements are reverse-complemented each, in the same order, nearest first;
            default None: none.
        """
        index = torch.from_numpy(rows).to(self.device)
        present = self._present[index]
        if self._sequence is not None:
            codes = self._sequence[self._positions[index]]
        else:
            codes = torch.from_numpy(self._streamed(rows)).to(self.device)
        codes = codes.masked_fill(~present[..., None], UNKNOWN)
        if turned is not None and turned.any():
            complemented_at(codes, torch.from_numpy(np.flatnonzero(turned)).to(self.device))
        return Elements(self._one_hot[codes.int()], self._features[index], present)

    def _streamed(self, rows: np.ndarray) -> np.ndarray:
        """Codes (k, 60, 2000) uint8: a gene's elements lie close together in the file and are read in one go."""
        if self._file_pid != os.getpid():  # a handle must not cross a fork
            self._file, self._file_pid = _opened(self.path), os.getpid()
        data = self._file[_SEQUENCE]
        codes = np.full((*self._index[rows].shape, data.shape[1]), UNKNOWN, np.uint8)
        for place in np.argsort(rows, kind="stable"):
            wanted = self._index[rows[place], : self._count[rows[place]]]
            if len(wanted):
                low = wanted.min()
                with whole(self.path, _AGAIN):
                    codes[place, : len(wanted)] = data[low : wanted.max() + 1][wanted - low]
        return codes


def _opened(path: Path) -> h5py.File:
    file = opened(path, "file of elements", "workflow_scripts.inputs.elements", _AGAIN)
    kind, version = file.attrs.get("kind"), file.attrs.get("schema_version")
    if (kind, version) != (KIND, SCHEMA_VERSION):
        file.close()
        raise ValueError(
            f"{path}: kind {kind}, layout version {version}, not {KIND}, version {SCHEMA_VERSION}: "
            "give the file that workflow_scripts.inputs.elements makes"
        )
    return file

"""Windows of several cell types as one dataset: a row is a gene of a cell type, a batch draws from all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from prism.genome.batch import Batch, Elements
from prism.genome.dataset.moved import counted, moved
from prism.genome.dataset.windows import LARGEST_IN_MEMORY, Windows

# What must be the same in all cell types, in words.
_SHARED = {
    "length": "windows of",
    "assembly": "the assembly",
    "orientation": "the orientation",
    "signal_names": "the signals",
    "rna_feature_names": "the gene features",
}


class JointWindows:
    """Several `Windows`, one after the other, with their interface; the signals of each stay on its own scale.

    members: readers of different cell types, opened alike.
    Raises ValueError, naming both cell types, for two of one name, and where length, assembly, orientation, signals,
    gene features, labels or elements are not those of the first; also for no member.

    Attributes as of `Windows`, row by row where there is one for each gene; besides them:
    members: the readers.
    cell_types: (n,) the cell type of every row.
    """

    def __init__(self, members: Sequence[Windows]):
        self.members = list(members)
        if not self.members:
            raise ValueError("joint windows need at least one cell type; give its dataset file")
        for other in self.members[1:]:
            _refuse_unlike(self.members[0], other)
        names = [each.cell_type for each in self.members]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"cell type {twice} is given twice; give each once")
        first, self.cell_type = self.members[0], "+".join(names)
        for name in _SHARED:
            setattr(self, name, getattr(first, name))
        self.gene_id, self.chrom = (
            [value for each in self.members for value in getattr(each, name)] for name in ("gene_id", "chrom")
        )
        self.cell_types = [each.cell_type for each in self.members for _ in each.gene_id]
        self.tss, self.strand, self.turned = (
            np.concatenate([getattr(each, name) for each in self.members])
            for name in ("tss", "strand", "turned")
        )
        self.masks = [name for name in first.masks if all(name in each.masks for each in self.members)]
        self._starts = np.cumsum([0, *(len(each) for each in self.members)])

    @classmethod
    def opened(
        cls,
        files: Sequence[tuple[str | Path, str | Path | None, str | Path | None]],
        in_memory: bool | str = "auto",
        **reading: Any,
    ) -> JointWindows:
        """Open the files of several cell types alike.

        files: dataset file, genes table (or None) and file of elements (or None) of each.
        in_memory: True, False or "auto", the default: in memory if all together are at most 2 GiB.
        **reading: length, signals, rna_features and orientation, as `Windows` takes them.
        Raises ValueError as `Windows` and this class do.
        """
        members = [
            Windows(path, genes, elements=elements, in_memory=False, **reading)
            for path, genes, elements in files
        ]
        joint = cls(members)
        if in_memory is True or (in_memory == "auto" and joint.nbytes <= LARGEST_IN_MEMORY):
            for each in members:
                each.load()
        return joint

    def __len__(self) -> int:
        return len(self.gene_id)

    def close(self) -> None:
        """Close the files; streaming opens them again if needed."""
        for each in self.members:
            each.close()

    @property
    def identity(self) -> str:
        """sha256 hex of the members' identities, in their order."""
        return _hash_of(each.identity for each in self.members)

    @property
    def content_hash(self) -> str:
        """sha256 hex of the content of the members' files, in their order."""
        return _hash_of(each.content_hash for each in self.members)

    @property
    def sources(self) -> dict[str, Any]:
        """What each member was made from, as <cell type>/<name>."""
        return _by_cell_type({each.cell_type: each.sources for each in self.members})

    @property
    def nbytes(self) -> int:
        """Bytes of all members in memory."""
        return sum(each.nbytes for each in self.members)

    @property
    def in_memory(self) -> bool:
        """Whether all members are held in memory."""
        return all(each.in_memory for each in self.members)

    @property
    def device(self) -> torch.device:
        """Where batches are made."""
        return self.members[0].device

    @cached_property
    def expression(self) -> Tensor | None:
        """(n,) float32, log10(x + 1), NaN where unknown; None without labels."""
        if self.members[0].expression is None:
            return None
        return torch.cat([each.expression for each in self.members])

    @cached_property
    def rna_features(self) -> Tensor:
        """(n, n_features) float32: Batch.rna_features of every row, without reading a window."""
        return torch.cat([each.rna_features for each in self.members])

    @property
    def elements_origin(self) -> dict | None:
        """Where the candidate elements come from, {"content_hash", "sources"}; None without elements."""
        found = {each.cell_type: each.elements_origin for each in self.members}
        if None in found.values():
            return None
        sources = _by_cell_type({name: origin["sources"] for name, origin in found.items()})
        return {"content_hash": _hash_of(o["content_hash"] for o in found.values()), "sources": sources}

    def elements_per_gene(self, genes: int, at_most: int) -> float:
        """Most elements of a gene, averaged over a batch: those of the cell type that has most; 0 without elements.

        genes: genes of the batch.
        at_most: only the nearest so many elements of a gene count.
        """
        return max(each.elements_per_gene(genes, at_most) for each in self.members)

    def to(self, device: torch.device | str) -> JointWindows:
        """Move what is held in memory to a device, and make batches there.

        device: torch's, such as cpu or cuda:0.
        """
        for each in self.members:
            each.to(device)
        for name in ("expression", "rna_features"):
            self.__dict__.pop(name, None)
        return self

    def batch(self, indices: Sequence[int] | Tensor) -> Batch:
        """The windows of some rows, of any cell types.

        indices: rows of this dataset, in any order; repeats are allowed.
        Raises IndexError for a row that is not there.
        """
        parts, taken = [], []
        for member, its, within in self._by_member(counted(indices, len(self), "row")):
            taken.append(its)
            parts.append(member.batch(within))
        back = moved(np.argsort(np.concatenate(taken)), self.device) if len(parts) > 1 else None
        return Batch(
            sequence=_put_back([each.sequence for each in parts], back),
            signals=_put_back([each.signals for each in parts], back),
            rna_features=_put_back([each.rna_features for each in parts], back),
            expression=_put_back([each.expression for each in parts], back),
            elements=_elements([each.elements for each in parts], back),
            **{name: _put_back([getattr(each, name) for each in parts], back) for name in self.masks},
        )

    def unknown_share(self, indices: Sequence[int]) -> np.ndarray:
        """Share of bases other than A, C, G, T in some windows: (n,) float64 (`Windows.unknown_share`).

        indices: rows of this dataset.
        """
        found = np.zeros(len(indices))
        for member, its, within in self._by_member(np.asarray(indices, np.int64)):
            found[its] = member.unknown_share(within)
        return found

    def _by_member(self, rows: np.ndarray) -> Iterator[tuple[Windows, np.ndarray, np.ndarray]]:
        """The members that some rows are of: each with the places of its rows among them, and its rows in it."""
        places = np.searchsorted(self._starts, rows, side="right") - 1
        for place in np.unique(places) if len(rows) else [0]:
            its = np.flatnonzero(places == place)
            yield self.members[place], its, rows[its] - self._starts[place]


def members_of(windows) -> list:
    """The readers of the single cell types that a dataset is made of; itself where it is of one.

    windows: a `Windows` reader, or `JointWindows`.
    """
    return getattr(windows, "members", [windows])


def gene_names(windows, rows: Sequence[int]) -> list[str]:
    """The genes of some rows for an error or a log: ids, and the cell type where there are several.

    windows: a `Windows` reader, or `JointWindows`.
    rows: places in it.
    """
    cell_types = getattr(windows, "cell_types", None)
    return [windows.gene_id[row] + (f" ({cell_types[row]})" if cell_types else "") for row in rows]


def _refuse_unlike(first: Windows, other: Windows) -> None:
    told = f"{first.cell_type} ({first.path}) and {other.cell_type} ({other.path}) cannot train one model"
    for name, what in _SHARED.items():
        here, there = getattr(first, name), getattr(other, name)
        if here != there:
            raise ValueError(f"{told}: {what} {_listed(here)} and {_listed(there)}; make and open them alike")
    for what, missing in (
        ("expression", lambda each: each.expression is None),
        ("candidate elements", lambda each: each.elements_origin is None),
    ):
        if missing(first) != missing(other):
            raise ValueError(f"{told}: only one of them has {what}; give both, or neither")


def _listed(value: Any) -> str:
    return (", ".join(value) or "none") if isinstance(value, list) else str(value)


def _hash_of(parts) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def _by_cell_type(found: dict[str, dict]) -> dict[str, Any]:
    return {f"{cell_type}/{name}": value for cell_type, each in found.items() for name, value in each.items()}


def _put_back(parts: list[Tensor | None], back: Tensor | None) -> Tensor | None:
    """One tensor of the parts, its rows in the order that was asked for."""
    if back is None or parts[0] is None:
        return parts[0]
    return torch.cat(parts)[back]


def _elements(parts: list[Elements | None], back: Tensor | None) -> Elements | None:
    if parts[0] is None:
        return None
    fields = ("sequence", "features", "present")
    return Elements(**{name: _put_back([getattr(each, name) for each in parts], back) for name in fields})

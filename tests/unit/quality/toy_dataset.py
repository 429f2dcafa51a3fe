"""Made-up datasets for the tests of the quality page: a clean one, and the same with one defect."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from prism.genome.genes.table import GeneTable, gene_table
from prism.quality import measure

LENGTH, BIN, CHROM_LENGTH = 400, 40, 1_000_000
CHROMOSOMES = {"chr2": 60, "chr10": 60, "chrX": 60}


@dataclass
class Case:
    """Arrays of a dataset; tests spoil them before they are written."""

    genes: pd.DataFrame
    signals: dict[str, np.ndarray]
    contacts: np.ndarray | None
    sequence: np.ndarray
    blacklist: np.ndarray
    dropped: pd.DataFrame | None = None
    strands: np.ndarray | None = None
    sources: dict = field(default_factory=dict)

    def write(self, folder: Path) -> tuple[Path, GeneTable]:
        """The dataset file, and the genes table with the dropped genes at its end."""
        path = folder / f"{LENGTH}.h5"
        with h5py.File(path, "w") as file:
            text = h5py.string_dtype()
            for name in ("gene_id", "chrom", "strand"):
                file.create_dataset(f"genes/{name}", data=self.genes[name].tolist(), dtype=text)
            file["genes/tss"] = self.genes["tss"].to_numpy()
            file["genes/chrom_length"] = np.full(len(self.genes), CHROM_LENGTH)
            file["sequence"], file["blacklist"] = self.sequence, self.blacklist
            for name, values in self.signals.items():
                file[f"signals/{name}"] = values.astype("f4")
            names = list(self.signals)
            if self.contacts is not None:
                names.append("contacts")
                file["signals/contacts"] = self.contacts.astype("f4")
                file["signals/contacts"].attrs.update(kind="contacts", bin_size=BIN)
            file.attrs.update(
                schema_version=1, assembly="toy", cell_type="<cells>", length=LENGTH, signals=json.dumps(names),
                sources=json.dumps(self.sources), content_hash="feedbeef" * 8,
            )  # fmt: skip
        frame = self.genes if self.dropped is None else pd.concat([self.genes, self.dropped])
        return path, gene_table(frame, "genes.tsv")


def clean(seed: int = 5) -> Case:
    """180 genes on three chromosomes whose signals peak at the TSS and follow the label loosely."""
    draw = np.random.default_rng(seed)
    n = sum(CHROMOSOMES.values())
    genes = pd.DataFrame(
        {
            "gene_id": [f"gene{i:03d}" for i in range(n)],
            "symbol": "",
            "chrom": np.repeat(list(CHROMOSOMES), list(CHROMOSOMES.values())),
            "tss": 2_000 + 1_500 * np.arange(n),
            "strand": np.tile(["+", "-"], n // 2),
            "expression": draw.gamma(2.0, 0.6, n),
            "dropped": "",
        }
    )
    signals = {name: track(genes, draw, height) for name, height in (("ATAC", 5.0), ("H3K27ac", 3.0))}
    bins = np.arange(LENGTH // BIN + 2)[None]
    own = genes["tss"].to_numpy() // BIN - (genes["tss"].to_numpy() - LENGTH // 2) // BIN
    contacts = 1 / (1 + np.abs(bins - own[:, None])) * draw.uniform(0.8, 1.2, (n, bins.size))
    return Case(
        genes, signals, contacts, sequence=draw.integers(0, 4, (n, LENGTH), dtype=np.uint8),
        blacklist=np.zeros((n, LENGTH), bool), strands=np.array([[30.0] * n, [10.0] * n]),
    )  # fmt: skip


def track(genes: pd.DataFrame, draw: np.random.Generator, height: float) -> np.ndarray:
    """A peak at the TSS over counts that are often 0."""
    position = np.arange(LENGTH) - LENGTH // 2
    level = genes["expression"].to_numpy() + draw.exponential(1.5, len(genes))
    peak = height * level[:, None] * np.exp(-((position / 50.0) ** 2))[None]
    return draw.poisson(0.5 + peak).astype(float)


def measured(case: Case, folder: Path, **options) -> dict:
    """What is measured of a dataset, which is written into a folder."""
    path, table = case.write(folder)
    with h5py.File(path) as windows:
        return measure.measure(windows, table, "CAGE", case.strands, **options)

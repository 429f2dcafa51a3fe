"""The dataset file of a simulated cell type without the files between: what the workflow would cut from them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
import pandas as pd

from prism.files import hdf5
from prism.files.atomic import writing
from prism.genome.dataset.cutter import Cutter
from prism.genome.dataset.layout import SCHEMA_VERSION, DatasetWriter
from prism.genome.genes import table as gene_tables
from prism.genome.genes.activity import WIDTH as ACTIVITY_WIDTH
from prism.genome.genes.gtf import read_gtf
from prism.genome.genes.loci import read_loci
from prism.genome.genes.rna_features import measure, scaled
from prism.simulate.annotation import gtf_lines
from prism.simulate.cells import Cell
from prism.simulate.contacts import BIN as CONTACT_BIN
from prism.simulate.files import write_bgzipped
from prism.simulate.floor import SIGNALS, contact_rows, mean_coverage
from prism.simulate.landscape import Landscape
from prism.simulate.sequence import draw_sequence
from prism.simulate.tracks import ASSAYS, BIN, cage, coverage, label_counts

TRANSFORMS = {
    "H3K27ac": "log1p",
    "DNase": "log1p",
    "contacts": "none",
}  # as config/demo/cell_types.tsv has them


class Bases:
    """The genome's bases in memory, read as `prism.genome.tracks.fasta.Genome` is.

    landscape: the genome.
    """

    def __init__(self, landscape: Landscape) -> None:
        chromosomes = landscape.settings.chromosomes
        self.lengths = dict.fromkeys(chromosomes, landscape.settings.chromosome_length)
        self._codes = {chrom: draw_sequence(landscape, chrom) for chrom in chromosomes}

    def codes(self, chrom: str, start: int, end: int) -> np.ndarray:
        """Codes (end - start,) uint8 of a region, which lies on the chromosome.

        chrom: its name.
        start: 0-based bp.
        end: 0-based bp, exclusive.
        """
        return self._codes[chrom][start:end]

    def windows(self, chrom: str, starts: np.ndarray, length: int) -> np.ndarray:
        """Codes (n, length) uint8 of windows, which lie on the chromosome.

        chrom: its name.
        starts: (n,) 0-based bp.
        length: bp.
        """
        return self._codes[chrom][starts[:, None] + np.arange(length)]


@dataclass(frozen=True)
class Track:
    """A signal that is computed where it is asked for.

    windows: (chromosome, starts (n,) 0-based bp, length in bp) -> values (n, length) float32.
    """

    windows: Callable[[str, np.ndarray, int], np.ndarray]


def mrna_features(landscape: Landscape, bases: Bases) -> pd.DataFrame:
    """The eight mRNA features of every gene, as the workflow measures them from annotation and genome.

    landscape: the genome.
    bases: of the same genome.
    """
    with TemporaryDirectory() as folder:
        gtf = Path(folder) / "annotation.gtf.gz"
        write_bgzipped(gtf, gtf_lines(landscape))
        return scaled(measure(read_gtf(gtf), bases))


def write_dataset(
    landscape: Landscape,
    cell: Cell,
    bases: Bases,
    features: pd.DataFrame,
    folder: str | Path,
    length: int = 2_000,
) -> tuple[Path, Path]:
    """Write <folder>/<length>.h5 and <folder>/genes.tsv, with labels, and return both paths.

    landscape: the genome.
    cell: the cell type, counterfactual or not.
    bases: of the genome.
    features: of `mrna_features`.
    folder: where to write.
    length: of the windows, bp; default 2,000.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path, genes = folder / f"{length}.h5", folder / "genes.tsv"
    chromosomes = landscape.settings.chromosomes
    tracks = {
        assay: {chrom: coverage(landscape, cell, assay, chrom) for chrom in chromosomes} for assay in ASSAYS
    }
    gene_tables.write(gene_tables.gene_table(_genes(landscape, cell, features, tracks), genes), genes)
    signals = {assay: Track(_of_coverage(tracks[assay])) for assay in ASSAYS}
    signals["contacts"] = Track(_of_contacts(landscape, cell))
    cutter, loci = Cutter(bases, length, signals), read_loci(genes, bases.lengths)
    with writing(path) as part, h5py.File(part, "w", libver=hdf5.NEW) as file:
        writer = DatasetWriter(file, loci, cutter.arrays())
        for chrom in chromosomes:
            rows = landscape.of(chrom)
            writer.add(cutter.block(rows, chrom, loci.tss[rows]))
        content_hash = writer.finish()
        sources = {name: {"transform": TRANSFORMS[name], "simulated": True} for name in SIGNALS}
        file.attrs.update(
            schema_version=SCHEMA_VERSION, assembly="simulated", cell_type=cell.name, length=length,
            signals=json.dumps(list(SIGNALS)), sources=json.dumps(sources), content_hash=content_hash,
        )  # fmt: skip
        hdf5.seal(file)
    return path, genes


def _genes(
    landscape: Landscape, cell: Cell, features: pd.DataFrame, tracks: dict[str, dict[str, np.ndarray]]
) -> pd.DataFrame:
    """The genes table, with mRNA features, promoter activity and label."""
    table = cell.truth[list(gene_tables.LOCUS)].reset_index(drop=True)
    table = pd.concat([table, features.reset_index(drop=True)], axis=1)
    activity, counts = [], []
    for chrom in landscape.settings.chromosomes:
        tss = table["tss"].to_numpy()[landscape.of(chrom)]
        means = [mean_coverage(tracks[assay][chrom], tss, ACTIVITY_WIDTH) for assay in ASSAYS]
        activity.append(np.prod(means, axis=0) ** (1 / len(means)))
        counts.append(label_counts(landscape, cage(landscape, cell, chrom), chrom))
    table[gene_tables.ACTIVITY] = np.concatenate(activity)
    table[gene_tables.EXPRESSION] = np.log10(np.concatenate(counts) + 1.0)
    return table.assign(**{gene_tables.DROPPED: ""})


def _of_coverage(tracks: dict[str, np.ndarray]) -> Callable[[str, np.ndarray, int], np.ndarray]:
    def windows(chrom: str, starts: np.ndarray, length: int) -> np.ndarray:
        return np.log1p(tracks[chrom][(starts[:, None] + np.arange(length)) // BIN])

    return windows


def _of_contacts(landscape: Landscape, cell: Cell) -> Callable[[str, np.ndarray, int], np.ndarray]:
    def windows(chrom: str, starts: np.ndarray, length: int) -> np.ndarray:
        values = contact_rows(landscape, cell, chrom, starts + length // 2, length)
        column = (starts[:, None] + np.arange(length)) // CONTACT_BIN - (starts // CONTACT_BIN)[:, None]
        return np.take_along_axis(values, column, axis=1).astype(np.float32)

    return windows

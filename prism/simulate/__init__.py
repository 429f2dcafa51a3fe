"""A simulated genome whose expression has known causes, and one confounder of known strength.

Motifs, an active mark, mRNA features and distal enhancers cause expression. Chromatin domains are open or
closed (the background), which moves DNase, local Hi-C contacts and a little of H3K27ac. What it has to do with
expression is the world's (`worlds.WORLDS`). In the default one it causes nothing, but on training chromosomes
highly expressed genes are placed in open domains more often (`confounding`); on the held-out ones they are not.
`counterfactual.redrawn` draws the background or the mark anew, all else equal.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from prism.simulate.annotation import blacklist, gtf_lines, peaks
from prism.simulate.cells import Cell, draw_cell
from prism.simulate.contacts import BIN as CONTACT_BIN
from prism.simulate.contacts import balance, draw_contacts
from prism.simulate.files import write_bed, write_bgzipped, write_bigwig, write_cool, write_fasta, write_table
from prism.simulate.landscape import Landscape, lay_out
from prism.simulate.sequence import draw_sequence, soft_masked
from prism.simulate.settings import Settings
from prism.simulate.tracks import ASSAYS, BIN, cage, coverage, label_counts

__all__ = ["Settings", "simulate"]


def simulate(settings: dict, folder: str | Path) -> None:
    """Write a simulated genome and its cell types; the same settings give the same files.

    settings: any of the fields of `Settings`.
    folder: where to write.
    Raises ValueError for a setting that is unknown or out of range.

    Files: genome.fa.gz (bgzipped), annotation.gtf.gz, blacklist.bed, and for each cell type H3K27ac.bw,
    DNase.bw, contacts.cool (5 kb, with `weight`), CAGE.plus.bw, CAGE.minus.bw (negative values),
    peaks.narrowPeak and truth.tsv. The last has one row for each gene: its causes in log10 units
    (`background_cause` among them where the world makes the background one), `background` (the domain's
    openness), `count` (CAGE over TSS +-192 bp) and `expression` = log10(count + 1).
    """
    checked = Settings.read(settings)
    folder = Path(folder)
    landscape = lay_out(checked)
    chromosomes = checked.chromosomes
    write_fasta(
        folder / "genome.fa.gz",
        ((chrom, draw_sequence(landscape, chrom), soft_masked(landscape, chrom)) for chrom in chromosomes),
    )
    write_bgzipped(folder / "annotation.gtf.gz", gtf_lines(landscape))
    write_bed(folder / "blacklist.bed", blacklist(landscape))
    for name in checked.cell_types:
        _write_cell(landscape, draw_cell(landscape, name), folder / name)


def _write_cell(landscape: Landscape, cell: Cell, folder: Path) -> None:
    length = landscape.settings.chromosome_length
    chromosomes = landscape.settings.chromosomes
    for assay in ASSAYS:
        tracks = {chrom: coverage(landscape, cell, assay, chrom) for chrom in chromosomes}
        write_bigwig(folder / f"{assay}.bw", tracks, length, BIN)
    contacts = {chrom: draw_contacts(landscape, cell, chrom) for chrom in chromosomes}
    n_bins = -(-length // CONTACT_BIN)
    weights = {chrom: balance(*contacts[chrom], n_bins) for chrom in chromosomes}
    write_cool(folder / "contacts.cool", contacts, weights, length, CONTACT_BIN)
    starts = {chrom: cage(landscape, cell, chrom) for chrom in chromosomes}
    write_bigwig(folder / "CAGE.plus.bw", {chrom: starts[chrom]["+"] for chrom in chromosomes}, length, 1)
    write_bigwig(folder / "CAGE.minus.bw", {chrom: -starts[chrom]["-"] for chrom in chromosomes}, length, 1)
    write_bed(folder / "peaks.narrowPeak", peaks(landscape, cell))
    count = np.concatenate([label_counts(landscape, starts[chrom], chrom) for chrom in chromosomes])
    write_table(folder / "truth.tsv", cell.truth.assign(count=count, expression=np.log10(count + 1.0)))

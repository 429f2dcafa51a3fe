"""The loci of a gene table: gene, chromosome, TSS, strand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prism.genome.coordinates import check_tss, resolve_chromosomes
from prism.genome.genes import table


@dataclass(frozen=True)
class Loci:
    """Genes whose windows are cut, in the table's order."""

    gene_id: list[str]
    chrom: list[str]  # the genome's names
    tss: np.ndarray  # (n,) int64, 0-based
    strand: list[str]  # '+', '-' or '.'
    chrom_length: np.ndarray  # (n,) int64, bp

    def __len__(self) -> int:
        return len(self.gene_id)

    def lengths(self) -> dict[str, int]:
        """Length in bp of each chromosome that holds a gene, in order of first appearance."""
        return dict(zip(self.chrom, self.chrom_length.tolist(), strict=True))


def read_loci(path: str | Path, lengths: dict[str, int], genome: str | Path = "the genome") -> Loci:
    """Loci of the genes of a genes table that were not dropped.

    path: the table (`prism.genome.genes.table`).
    lengths: bp of each chromosome of the genome.
    genome: its name for messages.
    Raises ValueError for what `table.read` refuses, an unknown chromosome, a TSS off its chromosome, or no
    gene at all.
    """
    kept = table.read(path).kept
    if kept.empty:
        raise ValueError(
            f"{path}: no gene to cut a window for: the table is empty or all of its genes are dropped"
        )
    names = resolve_chromosomes(kept["chrom"], lengths, genome)
    loci = Loci(
        gene_id=kept["gene_id"].tolist(),
        chrom=[names[chrom] for chrom in kept["chrom"]],
        tss=kept["tss"].to_numpy(np.int64),
        strand=kept["strand"].tolist(),
        chrom_length=np.array([lengths[names[chrom]] for chrom in kept["chrom"]], np.int64),
    )
    for locus in zip(loci.gene_id, loci.chrom, loci.tss.tolist(), loci.chrom_length.tolist(), strict=True):
        check_tss(*locus)
    return loci

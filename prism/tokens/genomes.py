"""The TSS windows of a dictionary's genes, in the reference and in each donor's genome, and their embeddings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from prism.genome.coordinates import window_bounds
from prism.tokens.cells.genes import plain_id
from prism.tokens.dna_windows import DnaWindows
from prism.tokens.encoders import Encoder
from prism.tokens.gene_embeddings import embed
from prism.tokens.perturb.asked import Bases, Locus, copies_of
from prism.tokens.perturb.mutation import Change
from prism.tokens.perturb.vcf import read_genotypes


@dataclass(frozen=True)
class GeneWindows:
    """Genes with a window.

    gene_ids: (n,) without version.
    loci: (n,) where they begin.
    length: of the windows, bp.
    bases: of the genome.
    signals: (n, length, n_signals) float32 around the TSS, of an encoder that reads some; None.
    """

    gene_ids: list[str]
    loci: list[Locus]
    length: int
    bases: Bases
    signals: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.gene_ids)

    def windows(self) -> DnaWindows:
        """All windows in the reference."""
        codes = np.empty((len(self), self.length), np.uint8)
        for row, locus in enumerate(self.loci):
            codes[row] = self.bases(locus.chrom, *window_bounds(locus.tss, self.length))
        return self._of(codes, np.arange(len(self)))

    def changed(self, row: int, copies: Sequence[Sequence[Change]]) -> DnaWindows:
        """The windows of a gene's copies with their changes; its signals stay those of the reference.

        row: of the gene.
        copies: changes of each.
        """
        codes = copies_of(copies, self.loci[row], self.length, self.bases)
        return self._of(np.stack(codes), np.full(len(codes), row))

    def substituted(self, row: int, places: np.ndarray, codes: np.ndarray) -> DnaWindows:
        """The windows of a gene with single bases replaced, one window for each.

        row: of the gene.
        places: (k,) in the window.
        codes: (k,) the new bases.
        """
        locus = self.loci[row]
        window = self.bases(locus.chrom, *window_bounds(locus.tss, self.length))
        changed = np.repeat(window[None], len(places), axis=0)
        changed[np.arange(len(places)), places] = codes
        return self._of(changed, np.full(len(places), row))

    def _of(self, codes: np.ndarray, rows: np.ndarray) -> DnaWindows:
        minus = np.array([self.loci[row].strand == "-" for row in rows], dtype=bool)
        return DnaWindows(codes, minus, None if self.signals is None else self.signals[rows])


def gene_windows(
    genes: pd.DataFrame,
    wanted: Collection[str],
    length: int,
    bases: Bases,
    signals: tuple[Sequence[str], np.ndarray] | None = None,
) -> GeneWindows:
    """The genes of a genes table that have a token.

    genes: rows of a genes table that are not dropped.
    wanted: gene ids of the dictionary, without version.
    length: of the windows, bp.
    bases: of the genome.
    signals: gene ids of a dataset and its (genes, length, n_signals) values; default None.
    Raises ValueError where none of the genes is wanted, one has no strand, and one has no signals.
    """
    ids = [plain_id(gene) for gene in genes["gene_id"]]
    rows = [row for row, gene in enumerate(ids) if gene in wanted]
    if not rows:
        raise ValueError(
            f"none of {len(ids)} genes of the genes table (such as {ids[0] if ids else 'none'}) has a token; are "
            "cells and genome of one species?"
        )
    kept = genes.iloc[rows]
    unknown = kept[~kept["strand"].isin(["+", "-"])]
    if len(unknown):
        raise ValueError(f"gene {unknown['gene_id'].iloc[0]} has no strand, which its window is read along")
    loci = [
        Locus(chrom, int(tss), strand)
        for chrom, tss, strand in zip(kept["chrom"], kept["tss"], kept["strand"], strict=True)
    ]
    ids = [ids[row] for row in rows]
    if signals is None:
        return GeneWindows(ids, loci, length, bases)
    row_of = {plain_id(gene): row for row, gene in enumerate(signals[0])}
    if absent := [gene for gene in ids if gene not in row_of]:
        raise ValueError(
            f"gene {absent[0]} is in the genes table and not in the dataset; cut the windows again"
        )
    return GeneWindows(ids, loci, length, bases, signals[1][[row_of[gene] for gene in ids]])


def donor_embeddings(
    dna: GeneWindows,
    encoder: Encoder,
    cache: str | Path,
    genotypes: str | Path,
    donors: Sequence[str],
    reached: Callable[[int], None] | None = None,
) -> list[dict[int, np.ndarray]]:
    """The embeddings of the genes that differ from the reference in each donor: row of the gene -> (d_in,).

    dna: genes with a window.
    encoder: of the windows.
    cache: of embeddings.
    genotypes: a VCF file with a sample for each donor.
    donors: their names.
    reached: is told how many windows have been computed; default None, for nobody.
    Raises ValueError for a donor that is no sample, and as `perturb.vcf.read_genotypes` does.

    An embedding is the mean of both chromosome copies'.
    """
    intervals = [(locus.chrom, *window_bounds(locus.tss, dna.length)) for locus in dna.loci]
    found = read_genotypes(genotypes, intervals, donors)
    asked = [(row, donor) for row, of_donors in enumerate(found) for donor in of_donors]
    if not asked:
        return [{} for _ in donors]
    windows = [dna.changed(row, found[row][donor]) for row, donor in asked]
    values = embed(encoder, joined(windows), cache, reached)
    bounds = np.cumsum([0, *map(len, windows)])
    place = {donor: number for number, donor in enumerate(donors)}
    made: list[dict[int, np.ndarray]] = [{} for _ in donors]
    for (row, donor), (first, last) in zip(asked, pairwise(bounds), strict=True):
        made[place[donor]][row] = values[first:last].mean(0)
    return made


def joined(windows: Sequence[DnaWindows]) -> DnaWindows:
    """Several windows as one.

    windows: of one length, all with signals or all without.
    """
    signals = [each.signals for each in windows]
    return DnaWindows(
        np.concatenate([each.sequence for each in windows]),
        np.concatenate([each.minus for each in windows]),
        None if signals[0] is None else np.concatenate(signals),
    )


def by_token(
    rows: Mapping[int, np.ndarray], dna: GeneWindows, token_of: Mapping[str, int]
) -> dict[int, np.ndarray]:
    """The same vectors by token.

    rows: row of a gene -> its vector.
    dna: the genes.
    token_of: gene id -> token.
    """
    return {token_of[dna.gene_ids[row]]: vector for row, vector in rows.items()}

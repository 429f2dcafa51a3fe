"""One world, made: its genome, its cells as the door gives them, the windows of its genes in every genome."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from benchmarks.token_worlds.protocol import ENCODER, LENGTH, Task
from prism.genome.dataset.windows import Windows
from prism.runs.paths import RunPaths
from prism.simulate.cells import draw_cell
from prism.simulate.dataset import Bases, mrna_features, write_dataset
from prism.simulate.landscape import Landscape, lay_out
from prism.simulate.regulation import World, draw_world
from prism.simulate.regulation.files import write_world
from prism.simulate.settings import Settings
from prism.tokens.cells.door import open_cells
from prism.tokens.dictionary import Dictionary
from prism.tokens.dna_windows import DnaWindows
from prism.tokens.encoders import Encoder, TrainedRun
from prism.tokens.from_data import dictionary_from
from prism.tokens.gene_embeddings import embed
from prism.tokens.perturb.mutation import Change, mutated_window
from prism.tokens.ranking import encode
from prism.training.fit import train
from prism.training.run import Run


@dataclass(frozen=True)
class Made:
    """A world as the tokens' code is given it; everything by rows of `world.genes`.

    world: with its truth.
    bases: of the genome.
    dictionary: made from the cells.
    counts: (cells, genes).
    totals: (cells,).
    cells: tokens of each.
    token: (genes,) int64, -1 where no cell has a count.
    split: (genes,) text, of the genome's own fold.
    """

    world: World
    bases: Bases
    dictionary: Dictionary
    counts: sparse.csr_matrix
    totals: np.ndarray
    cells: list[np.ndarray]
    token: np.ndarray
    split: np.ndarray

    @property
    def gene_ids(self) -> list[str]:
        """Ids of the genes."""
        return self.world.genes["gene_id"].tolist()

    @property
    def gene_tokens(self) -> np.ndarray:
        """Tokens of all genes that have one."""
        return self.token[self.token >= 0]

    @property
    def expression(self) -> np.ndarray:
        """log(1 + counts per 10,000), (cells, genes)."""
        return np.log1p(self.counts.toarray() / self.totals[:, None] * 1e4)

    def windows(self, rows: Sequence[int], variants: Sequence[Sequence[int]]) -> DnaWindows:
        """Windows of genes, each with some variants.

        rows: (n,) of the genes.
        variants: (n,) rows of `world.variants` that each has.
        """
        found, genes = [], self.world.genes.iloc[list(rows)]
        for gene, own in zip(genes.itertuples(), variants, strict=True):
            chosen = self.world.variants.loc[list(own)].itertuples()
            changes = [Change(each.chrom, each.position, each.ref, each.alt) for each in chosen]

            def codes(start: int, end: int, chrom: str = gene.chrom) -> np.ndarray:
                return self.bases.codes(chrom, start, end)

            found.append(mutated_window(codes, gene.chrom, gene.tss, LENGTH, changes))
        return DnaWindows(np.stack(found), (genes["strand"] == "-").to_numpy())

    def embedded(self, encoder: Encoder, cache: Path) -> tuple[np.ndarray, list[dict[int, np.ndarray]]]:
        """Embeddings of all genes in the reference (genes, d), and of each donor: row -> (d,) where it differs.

        encoder: of the windows.
        cache: file of embeddings.
        """
        world, pairs = self.world, []
        for donor, carried in enumerate(world.alleles):
            for factor, row in enumerate(world.network.factors):
                own = np.flatnonzero(carried & (world.variants["factor"] == factor).to_numpy())
                if len(own):
                    pairs.append((donor, int(row), own))
        n = len(world.genes)
        rows = [*range(n), *(row for _, row, _ in pairs)]
        values = embed(encoder, self.windows(rows, [[]] * n + [own for *_, own in pairs]), cache)
        genomes: list[dict[int, np.ndarray]] = [{} for _ in world.alleles]
        for (donor, row, _), value in zip(pairs, values[n:], strict=True):
            genomes[donor][row] = value
        return values[:n], genomes


def make_genome(task: Task) -> tuple[Landscape, Bases]:
    """The genome of a seed; arms of one seed share it.

    task: of the seed.
    """
    landscape = lay_out(Settings.read(dict(task.sizing.genome)))
    return landscape, Bases(landscape)


def make_world(task: Task, landscape: Landscape, bases: Bases, folder: Path) -> Made:
    """Draw the cells of a task and bring them in as a user's own come: through an h5ad file and the door.

    task: of the world.
    landscape: of its seed.
    bases: of its seed.
    folder: for its files.
    """
    world = draw_world(task.sizing.regulation, landscape)
    write_world(world, folder)
    logging.getLogger("prism").setLevel(logging.ERROR)  # notes of the door: one file, of our own making
    with open_cells(folder / "cells.h5ad") as cells:
        dictionary = dictionary_from(cells)
        place = {gene: column for column, gene in enumerate(cells.gene_ids)}
        counts = cells.counts(np.arange(cells.n))[:, [place[gene] for gene in world.genes["gene_id"]]]
        totals = cells.totals
    ids = world.genes["gene_id"].tolist()
    token = np.array([dictionary.token_of.get(gene, -1) for gene in ids], np.int64)
    settings = landscape.settings
    folds = settings.folds()
    split_of = dict(zip(folds["chromosome"], folds["split"], strict=True))
    split = np.array([split_of[chrom] for chrom in world.genes["chrom"]])
    found = encode(counts, totals, ids, dictionary, task.sizing.context)
    return Made(world, bases, dictionary, counts, totals, found, token, split)


def trained_encoder(task: Task, landscape: Landscape, bases: Bases, folder: Path) -> TrainedRun:
    """Train a network of this workflow on the genome's sequences and labels, and open it as DNA encoder.

    task: of the seed.
    landscape: of its seed.
    bases: of its seed.
    folder: for the run.
    """
    features = mrna_features(landscape, bases)
    cell = draw_cell(landscape, task.sizing.regulation.cell_type)
    path, genes = write_dataset(landscape, cell, bases, features, folder / "dataset", LENGTH)
    windows = Windows(path, genes, LENGTH, [], [], in_memory=True, orientation=ENCODER["orientation"])
    run = Run(windows, landscape.settings.folds(), ENCODER, "sim", "encoder", 1, task.seed)
    paths = RunPaths.within(folder / "run")
    with contextlib.redirect_stderr(io.StringIO()):
        train(run, paths, "cpu")
    return TrainedRun(paths.checkpoint)

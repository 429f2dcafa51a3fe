"""What the mean signals alone can predict, and how much of it holds without the confounding."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig

from prism.genome.tracks.bigwig import BigWigSignal
from prism.genome.tracks.contacts import PSEUDOCOUNT, ContactMap
from prism.genome.tracks.transforms import NONE
from prism.simulate.cells import Cell
from prism.simulate.contacts import BIN as CONTACT_BIN
from prism.simulate.contacts import balance, draw_contacts
from prism.simulate.landscape import Landscape
from prism.simulate.tracks import ASSAYS, BIN, coverage

SIGNALS = (*ASSAYS, "contacts")


@dataclass(frozen=True)
class Transfer:
    """Pearson correlation of a ridge on the chromosomes that it was fitted to, and on the others.

    train: on those that it was fitted to.
    held_out: on the others.
    """

    train: float
    held_out: float

    @property
    def loss(self) -> float:
        """The difference between them."""
        return self.train - self.held_out


def ridge_transfer(
    means: np.ndarray, expression: np.ndarray, train: np.ndarray, alpha: float = 1.0
) -> Transfer:
    """Fit a ridge to the training genes and correlate its predictions there (in-sample) and elsewhere.

    means: (n, k) non-negative mean signals, used as log1p and standardised on the training genes.
    expression: (n,) label.
    train: (n,) bool.
    alpha: penalty on the standardised coefficients; default 1.
    Raises ValueError if either side has fewer than three genes.

    With three signals and hundreds of genes the in-sample optimism is below 0.005.
    """
    if train.sum() < 3 or (~train).sum() < 3:
        raise ValueError(
            f"ridge: {train.sum()} training and {(~train).sum()} held-out genes; give three of each"
        )
    values = np.log1p(means)
    spread = values[train].std(axis=0)
    values = (values - values[train].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    target = expression - expression[train].mean()
    gram = values[train].T @ values[train] + alpha * np.eye(values.shape[1])
    prediction = values @ np.linalg.solve(gram, values[train].T @ target[train])
    inside = np.corrcoef(prediction[train], target[train])[0, 1]
    outside = np.corrcoef(prediction[~train], target[~train])[0, 1]
    return Transfer(float(inside), float(outside))


def without_background(features: np.ndarray, background: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Features less what a straight line in the true background says of each, fitted to the training genes: (n, k).

    features: (n, k).
    background: (n,) openness of the TSS's domain.
    train: (n,) bool.

    A ridge on them is the adjustment that a model with the truth at hand would make.
    """
    centred = background - background[train].mean()
    slope = centred[train] @ features[train] / (centred[train] @ centred[train])
    return features - centred[:, None] * slope


def mean_signals(folder: str | Path, genes: pd.DataFrame, length: int = 2_000) -> np.ndarray:
    """Means over [tss - length/2, tss + length/2) of the signals in a cell type's folder: (n, 3), as SIGNALS.

    folder: of the cell type.
    genes: columns chrom and tss (0-based bp).
    length: bp; default 2,000.

    Signals are as the workflow's windows hold them: bigWigs raw, contacts with the pseudocount and as log10(x
    + 1).
    """
    folder = Path(folder)
    with pyBigWig.open(str(folder / f"{SIGNALS[0]}.bw")) as bigwig:
        lengths = {chrom: bigwig.chroms(chrom) for chrom in genes["chrom"].unique()}
    readers = [BigWigSignal(name, [folder / f"{name}.bw"], NONE.name, lengths) for name in ASSAYS]
    contacts = ContactMap("contacts", folder / "contacts.cool", lengths)
    means = np.zeros((len(genes), len(SIGNALS)))
    for chrom in lengths:
        rows = np.flatnonzero(genes["chrom"].to_numpy() == chrom)
        tss = genes["tss"].to_numpy()[rows]
        for column, reader in enumerate(readers):
            means[rows, column] = reader.windows(chrom, tss - length // 2, length).mean(axis=1)
        means[rows, -1] = _over_positions(contacts.windows(chrom, tss, length), tss, length)
    return means


def simulated_means(landscape: Landscape, cell: Cell, length: int = 2_000) -> np.ndarray:
    """What `mean_signals` reads from the files, straight from the simulation: (n, 3), as SIGNALS.

    landscape: the genome.
    cell: the cell type.
    length: bp; default 2,000.
    """
    means = np.zeros((len(landscape.genes), len(SIGNALS)))
    for chrom in landscape.settings.chromosomes:
        rows = landscape.of(chrom)
        tss = landscape.genes["tss"].to_numpy()[rows]
        for column, assay in enumerate(ASSAYS):
            means[rows, column] = mean_coverage(coverage(landscape, cell, assay, chrom), tss, length)
        means[rows, -1] = _over_positions(contact_rows(landscape, cell, chrom, tss, length), tss, length)
    return means


def mean_coverage(track: np.ndarray, tss: np.ndarray, length: int) -> np.ndarray:
    """Means of a track over [tss - length/2, tss + length/2): (n,); the integral is linear inside a bin.

    track: (n_bins,) of one chromosome.
    tss: (n,) 0-based bp.
    length: bp.
    """
    integral = np.concatenate([[0.0], np.cumsum(track, dtype=np.float64)]) * BIN
    edges = np.arange(len(integral)) * BIN
    return (
        np.interp(tss + length // 2, edges, integral) - np.interp(tss - length // 2, edges, integral)
    ) / length


def contact_rows(landscape: Landscape, cell: Cell, chrom: str, tss: np.ndarray, length: int) -> np.ndarray:
    """The contact feature of every bin that the windows meet: (n, length // CONTACT_BIN + 2).

    landscape: the genome.
    cell: the cell type.
    chrom: its name.
    tss: (n,) 0-based bp.
    length: bp.
    """
    bin1, bin2, counts = draw_contacts(landscape, cell, chrom)
    n_bins = -(-landscape.settings.chromosome_length // CONTACT_BIN)
    weights = balance(bin1, bin2, counts, n_bins)
    matrix = np.zeros((n_bins, n_bins), dtype=np.float32)
    matrix[bin1, bin2] = matrix[bin2, bin1] = counts * weights[bin1] * weights[bin2]
    bins = (tss[:, None] - length // 2) // CONTACT_BIN + np.arange(length // CONTACT_BIN + 2)
    contacts = matrix[tss[:, None] // CONTACT_BIN, bins.clip(0, n_bins - 1)]
    return np.log10(contacts + PSEUDOCOUNT + 1)


def _over_positions(feature: np.ndarray, tss: np.ndarray, length: int) -> np.ndarray:
    """Mean over a window's positions of a feature given per bin, the first of which holds the window's start."""
    start = tss - length // 2
    edges = (start // CONTACT_BIN * CONTACT_BIN)[:, None] + CONTACT_BIN * np.arange(feature.shape[1] + 1)
    edges = edges.clip(start[:, None], start[:, None] + length)
    return (feature * np.diff(edges, axis=1)).sum(axis=1) / length


def ceilings(truth: pd.DataFrame) -> dict[str, float]:
    """Pearson correlation with the label of the summed causes that a perfect model of each kind would know.

    truth: as written by `simulate`. sequence: motifs; sequence_rna: and mRNA features; signals: the mark; window:
    all three, which is what a promoter window holds; all: and distal enhancers. The rest is noise.
    """
    known = {
        "sequence": ["motif"],
        "sequence_rna": ["motif", "mrna"],
        "signals": ["mark"],
        "window": ["motif", "mrna", "mark"],
        "all": ["motif", "mrna", "mark", "enhancer"],
    }
    return {
        name: float(np.corrcoef(truth[causes].sum(axis=1), truth["expression"])[0, 1])
        for name, causes in known.items()
    }

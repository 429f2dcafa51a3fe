"""One cell type: the states of its promoters, enhancers and domains, and the expression that they cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from prism.simulate.landscape import Landscape, standardised
from prism.simulate.settings import SAME

CONTACT_DECAY = 0.87  # exponent of contact against distance (ABC's fit; the pseudocount's too)
SHARED_MARK = 0.5  # share of the active mark's variance that all cell types have in common
ENHANCER_ON = 0.6  # an enhancer is active in a cell type with this probability


@dataclass(frozen=True)
class Cell:
    """The hidden state of one cell type.

    name: of the cell type.
    truth: `Landscape.genes` with the causes in log10 units (motif, mark, mrna, enhancer, noise and, where the world
    makes the background a cause, background_cause), the standardised mark_state, the background openness of the TSS's
    domain and log10_rate, the sum of the causes.
    activity: (n_enhancers,), 0 where an enhancer is off.
    background: chrom -> (n_domains,) openness.
    factual: of a counterfactual cell type, the one that it departs from; None for one that was simply drawn.
    """

    name: str
    truth: pd.DataFrame
    activity: np.ndarray
    background: dict[str, np.ndarray]
    factual: Cell | None = None


def draw_cell(landscape: Landscape, name: str) -> Cell:
    """Draw the states of a cell type and add up what causes its genes' expression.

    landscape: the genome.
    name: of the cell type.
    """
    return cell_of(landscape, name, draw_mark(landscape, name), landscape.background(name))


def draw_mark(landscape: Landscape, name: str, *again: str) -> np.ndarray:
    """The standardised state of the active mark at every promoter, (n_genes,).

    landscape: the genome.
    name: of the cell type.
    again: names of another draw; none for the state that the cell type has.
    """
    n, settings = len(landscape.genes), landscape.settings
    shared = settings.stream("mark", *again).standard_normal(n)
    own = settings.stream("mark", *again, name).standard_normal(n)
    return np.sqrt(SHARED_MARK) * shared + np.sqrt(1 - SHARED_MARK) * own


def cell_of(
    landscape: Landscape,
    name: str,
    mark_state: np.ndarray,
    background: dict[str, np.ndarray],
    factual: Cell | None = None,
) -> Cell:
    """A cell type with given states of mark and background; everything else is drawn, or follows.

    landscape: the genome.
    name: of the cell type.
    mark_state: (n_genes,), standardised.
    background: chrom -> (n_domains,) openness.
    factual: the cell type that this one departs from; default None.
    """
    settings = landscape.settings
    n = len(landscape.genes)
    truth = landscape.genes.copy()
    truth["mark_state"] = mark_state
    truth["mark"] = settings.mark_effect * truth["mark_state"]
    activity = _activity(landscape, name)
    truth["n_enhancers"] = np.bincount(landscape.enhancers["gene"][activity > 0], minlength=n)
    truth["enhancer"] = settings.enhancer_effect * standardised(
        np.log1p(_enhancer_input(landscape, activity))
    )
    own_noise = settings.noise * np.sqrt(0.5) * settings.stream("noise", name).standard_normal(n)
    truth["noise"] = truth.pop("gene_noise") + own_noise
    truth["background"] = 0.0
    for chrom, states in background.items():
        rows = landscape.of(chrom)
        truth.loc[rows, "background"] = states[landscape.domains[chrom].index(truth["tss"].to_numpy()[rows])]
    causes = truth[["motif", "mark", "mrna", "enhancer", "noise"]].sum(axis=1)
    if settings.rules.causes:
        confounded = [settings.distribution(chrom) == SAME for chrom in truth["chrom"]]
        truth["background_cause"] = np.where(
            confounded, settings.background_effect * truth["background"], 0.0
        )
        causes = causes + truth["background_cause"]
    truth["log10_rate"] = settings.mean_expression + causes
    return Cell(name, truth, activity, background, factual)


def _activity(landscape: Landscape, name: str) -> np.ndarray:
    rng = landscape.settings.stream("enhancer activity", name)
    n = len(landscape.enhancers)
    return np.where(rng.random(n) < ENHANCER_ON, rng.lognormal(0.0, 0.5, n), 0.0)


def _enhancer_input(landscape: Landscape, activity: np.ndarray) -> np.ndarray:
    """Activity by contact, summed over each gene's enhancers: (n_genes,)."""
    contact = (1 + landscape.enhancers["distance"].to_numpy() / 5000) ** -CONTACT_DECAY
    return np.bincount(
        landscape.enhancers["gene"], weights=activity * contact, minlength=len(landscape.genes)
    )

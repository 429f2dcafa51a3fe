"""Draws a world of cells: levels, activities, rates, counts; and the true effect of moving a factor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from prism.simulate.cells import draw_cell
from prism.simulate.landscape import Landscape
from prism.simulate.promoters import MOTIFS
from prism.simulate.regulation.genotypes import carried, draw_alleles, draw_variants, motif_scores
from prism.simulate.regulation.network import N_FACTORS, Network, draw_network, unit_activity
from prism.simulate.regulation.settings import ONE, Regulation

LEAST_COPIES = 2  # motif copies of a factor's promoter, so that a variant takes a part of its activity
BALANCING = 6  # rounds; after them a gene's mean share is that of its level to 1e-4


@dataclass(frozen=True)
class World:
    """A drawn world.

    settings: of the world.
    landscape: the genome.
    genes: gene_id, symbol, chrom, strand, tss, level (log10 of the mean rate) of each gene, in the genome's order.
    rows: (n_genes,) their rows in `landscape.genes`.
    network: who regulates whom.
    variants: of the factors' promoters, as `genotypes.draw_variants` gives them, and activity_change (natural log).
    alleles: (n_donors, n_variants) bool; all False with one genome.
    obs: cell_type, donor_id, batch, n_counts of each cell.
    donor: (n_cells,) number of each cell's donor.
    activity: (n_cells, n_factors), natural log, 0 for the reference at the programme's mean.
    own: (n_cells, n_genes) what moves each gene beside the factors: its programme and its noise.
    counts: (n_cells, n_genes) int64.
    """

    settings: Regulation
    landscape: Landscape
    genes: pd.DataFrame
    rows: np.ndarray
    network: Network
    variants: pd.DataFrame
    alleles: np.ndarray
    obs: pd.DataFrame
    donor: np.ndarray
    activity: np.ndarray
    own: np.ndarray
    counts: sparse.csr_matrix

    def change(self, activity_change: Mapping[int, float]) -> np.ndarray:
        """The true effect of moving factors' activities, all else equal: (n_genes,), mean change of log expression.

        activity_change: factor's number -> what is added to its log activity in every cell.
        """
        moved = self.activity.copy()
        for factor, by in activity_change.items():
            moved[:, factor] += by
        return (
            deviations(self.network, moved, self.own) - deviations(self.network, self.activity, self.own)
        ).mean(0)

    def zone(self, factor: int, variants: list[int]) -> np.ndarray:
        """A factor's promoter with some variants: (width,) codes in the gene's direction.

        factor: its number.
        variants: rows of `variants`; those of other factors are refused.
        Raises ValueError for a variant of another promoter.
        """
        chosen = self.variants.loc[variants]
        if (chosen["factor"] != factor).any():
            raise ValueError(f"variants {variants} are not all of factor {factor}")
        reference = self.landscape.promoters[self.rows[self.network.factors[factor]]]
        return carried(reference, chosen, np.ones((1, len(chosen)), bool))[0]

    def activity_of(self, factor: int, variants: list[int]) -> float:
        """What some variants together add to a factor's log activity.

        factor: its number.
        variants: rows of `variants`.
        """
        scores = motif_scores(np.stack([self.zone(factor, variants), self.zone(factor, [])]))
        return float(log_per_score(self.landscape) * (scores[0] - scores[1]))


def log_per_score(landscape: Landscape) -> float:
    """Natural logarithm of expression for each unit of the motif score, as the genome's own labels have it.

    landscape: the genome.
    """
    counts = {motif.name: landscape.genes[f"n_{motif.name}"].to_numpy() for motif in MOTIFS}
    spread = sum(motif.weight * counts[motif.name] for motif in MOTIFS).std()
    return float(np.log(10) * landscape.settings.motif_effect / spread) if spread > 0 else 0.0


def deviations(network: Network, activity: np.ndarray, own: np.ndarray) -> np.ndarray:
    """How far each gene's log expression is from its level in each cell: (n_cells, n_genes), before scaling.

    network: who regulates whom.
    activity: (n_cells, n_factors).
    own: (n_cells, n_genes) programmes and noise.
    """
    moved = own + unit_activity(activity) @ network.direct
    moved[:, network.factors] += activity
    indirect = np.flatnonzero(network.mediator >= 0)
    moved[:, indirect] += moved[:, network.mediator[indirect]]
    return moved


def draw_world(settings: Regulation, landscape: Landscape) -> World:
    """Draw a world on a simulated genome; the same settings give the same world.

    settings: of the world.
    landscape: the genome; it is not changed.
    Raises ValueError where it has too few genes or too few promoters with motifs.
    """
    genes, rows = _choose_genes(settings, landscape)
    factors = _choose_factors(settings, genes)
    network = draw_network(
        settings.stream("network"), len(genes), factors, settings.sizes, settings.effect, settings.loading
    )
    network = network if settings.regulates else network.silenced()
    zones = landscape.promoters[rows[factors]]
    variants = draw_variants(settings.stream("variants"), genes.iloc[factors], zones, settings.variants)
    variants["activity_change"] = log_per_score(landscape) * variants["score_change"]
    alleles = draw_alleles(
        settings.stream("alleles"), variants, settings.n_donors, settings.variants.frequency
    )
    of_donor = _donor_activity(variants, alleles, zones, log_per_score(landscape))
    if settings.genomes == ONE:
        # the same differences between donors, dealt anew, so that no sequence goes with them
        of_donor = settings.stream("one genome").permuted(of_donor, axis=0)
        alleles = np.zeros_like(alleles)
    donor = np.repeat(np.arange(settings.n_donors), settings.cells_per_donor)
    activity, own = _draw_states(settings, network, of_donor[donor])
    counts = _draw_counts(settings, genes["level"].to_numpy(), deviations(network, activity, own), donor)
    obs = pd.DataFrame(
        {
            "cell_type": settings.cell_type,
            "donor_id": [f"donor{each + 1}" for each in donor],
            "batch": [f"batch{each % settings.n_batches + 1}" for each in donor],
            "n_counts": np.asarray(counts.sum(axis=1)).ravel(),
        },
        index=[f"cell{each + 1}" for each in range(len(donor))],
    )
    kept = genes.drop(columns="copies")
    return World(
        settings, landscape, kept, rows, network, variants, alleles, obs, donor, activity, own, counts
    )


def _choose_genes(settings: Regulation, landscape: Landscape) -> tuple[pd.DataFrame, np.ndarray]:
    if len(landscape.genes) < settings.n_genes:
        raise ValueError(
            f"regulation: n_genes = {settings.n_genes}, and the genome has {len(landscape.genes)}; lower n_genes"
        )
    chosen = settings.stream("genes").choice(len(landscape.genes), settings.n_genes, replace=False)
    rows = np.sort(chosen)
    truth = draw_cell(landscape, settings.cell_type).truth.iloc[rows]
    genes = truth[["gene_id", "symbol", "chrom", "strand", "tss"]].reset_index(drop=True)
    genes["level"] = truth["log10_rate"].to_numpy()
    genes["copies"] = sum(truth[f"n_{motif.name}"] for motif in MOTIFS).to_numpy()
    return genes, rows


def _choose_factors(settings: Regulation, genes: pd.DataFrame) -> np.ndarray:
    """Factors are read in most cells: their level is above the median, and their promoter has motifs to lose."""
    fit = np.flatnonzero((genes["copies"] >= LEAST_COPIES) & (genes["level"] > genes["level"].median()))
    if len(fit) < N_FACTORS:
        raise ValueError(
            f"regulation: {len(fit)} of {len(genes)} genes have {LEAST_COPIES} motifs and a level above the median; "
            f"{N_FACTORS} factors are needed: raise n_genes"
        )
    return settings.stream("factors").choice(fit, N_FACTORS, replace=False)


def _donor_activity(
    variants: pd.DataFrame, alleles: np.ndarray, zones: np.ndarray, scale: float
) -> np.ndarray:
    """What each donor's promoters add to the factors' log activities: (n_donors, n_factors)."""
    found = []
    for factor, zone in enumerate(zones):
        mine = (variants["factor"] == factor).to_numpy()
        scores = motif_scores(carried(zone, variants[mine], alleles[:, mine]))
        found.append(scale * (scores - motif_scores(zone[None])[0]))
    return np.column_stack(found)


def _draw_states(
    settings: Regulation, network: Network, of_donor: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    n_cells, n_genes = len(of_donor), network.direct.shape[1]
    programme = settings.stream("programme").standard_normal((n_cells, N_FACTORS))
    noise = settings.stream("activity").standard_normal((n_cells, N_FACTORS))
    activity = of_donor + settings.programme * programme + settings.activity_noise * noise
    own = settings.noise * settings.stream("noise").standard_normal((n_cells, n_genes))
    return activity, own + programme @ network.programme


def _draw_counts(
    settings: Regulation, level: np.ndarray, moved: np.ndarray, donor: np.ndarray
) -> sparse.csr_matrix:
    """Poisson counts; a gene's mean share of a cell is given by its level, whatever moves it."""
    wanted = 10.0**level / (10.0**level).sum()
    rates = np.exp(moved)
    for _ in range(BALANCING):  # what a cell's total takes from a gene, its mean gets back
        rates /= rates.sum(axis=1, keepdims=True)
        rates *= wanted / rates.mean(axis=0)
    rng, batch = settings.stream("batch"), donor % settings.n_batches
    rates *= np.exp(settings.batch * rng.standard_normal((settings.n_batches, len(level))))[batch]
    depth = np.log(settings.depth) + settings.batch * rng.standard_normal(settings.n_batches)[batch]
    depth = depth + settings.depth_spread * settings.stream("depth").standard_normal(len(donor))
    shares = rates / rates.sum(axis=1, keepdims=True)
    return sparse.csr_matrix(settings.stream("counts").poisson(np.exp(depth)[:, None] * shares))

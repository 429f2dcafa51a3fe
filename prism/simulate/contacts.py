"""Hi-C of one chromosome: raw contact counts at 5 kb and the weights that balance them."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from prism.simulate.cells import CONTACT_DECAY, Cell
from prism.simulate.counts import changed_counts
from prism.simulate.landscape import Landscape
from prism.simulate.settings import TELOMERE

BIN = 5_000  # bp
REACH = 400  # bins; no contacts are drawn beyond 2 Mb
DEPTH = 90.0  # expected contacts of a neutral bin with itself
OPENNESS = 0.35  # natural-log gain of local contacts per standard deviation of the domain's openness
COMPARTMENT = 0.15  # natural-log gain between domains of the same kind, loss between different ones
BOUNDARY = 0.6  # contacts across a domain's border, relative to those inside
LOOP = 2.0  # contacts of an active enhancer with its promoter, relative to the neutral


def draw_contacts(landscape: Landscape, cell: Cell, chrom: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Upper-triangle contacts of one chromosome: bin1 (n,), bin2 (n,), counts (n,), sorted.

    landscape: the genome.
    cell: the cell type.
    chrom: its name.

    bin1 <= bin2 and counts > 0. Contacts fall with distance as a power law. Open domains have more contacts
    close to the diagonal; domains of the same kind, and active enhancers and their promoters, meet more
    often; where windows do not show the background, contacts do not either. Telomeres cannot be mapped.
    """
    n_bins = -(-landscape.settings.chromosome_length // BIN)
    where, stream = (cell.name, chrom), landscape.settings.stream
    rng, again = stream("contacts", *where), stream("changed contacts", *where)
    before = _gains(landscape, cell.factual or cell, chrom)
    after = _gains(landscape, cell, chrom) if cell.factual else before
    parts = []
    for distance, (gain, changed) in enumerate(zip(before, after, strict=True)):
        left = np.arange(n_bins - distance)
        expected = DEPTH * (1 + distance) ** -CONTACT_DECAY * gain
        counts = rng.poisson(expected)
        if cell.factual:
            counts = changed_counts(
                again, counts, expected, DEPTH * (1 + distance) ** -CONTACT_DECAY * changed
            )
        kept = counts > 0
        parts.append((left[kept], left[kept] + distance, counts[kept]))
    bin1, bin2, counts = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.lexsort([bin2, bin1])
    return bin1[order], bin2[order], counts[order].astype(np.int32)


def _gains(landscape: Landscape, cell: Cell, chrom: str) -> list[np.ndarray]:
    """For each distance in bins, how much more often than neutral each pair of bins so far apart meets."""
    n_bins = -(-landscape.settings.chromosome_length // BIN)
    middle = np.arange(n_bins) * BIN + BIN // 2
    domain = landscape.domains[chrom].index(middle)
    openness = cell.background[chrom][domain] * landscape.settings.rules.in_window
    side = np.tanh(openness)
    mapped = (middle > TELOMERE) & (middle < landscape.settings.chromosome_length - TELOMERE)
    loop_left, loop_distance = _loops(landscape, cell, chrom)
    gains = []
    for distance in range(min(REACH, n_bins)):
        left = np.arange(n_bins - distance)
        right = left + distance
        local = OPENNESS * np.exp(-distance / 2) * (openness[left] + openness[right]) / 2
        gain = np.exp(local + COMPARTMENT * side[left] * side[right])
        gain *= np.where(domain[left] == domain[right], 1.0, BOUNDARY) * mapped[left] * mapped[right]
        gain[loop_left[loop_distance == distance]] *= LOOP
        gains.append(gain)
    return gains


def _loops(landscape: Landscape, cell: Cell, chrom: str) -> tuple[np.ndarray, np.ndarray]:
    """Bin pairs that join active enhancers to their promoters, each once: left bin (n,), distance in bins (n,) > 0."""
    active = landscape.enhancers[cell.activity > 0]
    active = active[active["chrom"] == chrom]
    enhancer = active["centre"].to_numpy() // BIN
    promoter = landscape.genes["tss"].to_numpy()[active["gene"]] // BIN
    pairs = np.stack([np.minimum(enhancer, promoter), np.abs(enhancer - promoter)])
    left, distance = np.unique(pairs[:, pairs[1] > 0], axis=1)
    return left, distance


def balance(bin1: np.ndarray, bin2: np.ndarray, counts: np.ndarray, n_bins: int) -> np.ndarray:
    """Weights w (n_bins,) for which each row of w_i * count_ij * w_j sums to 1; NaN where empty.

    bin1: (n,).
    bin2: (n,), >= bin1.
    counts: (n,).
    n_bins: of the chromosome.

    Iterative correction (Imakaev et al. 2012), the diagonal included; the rows agree to 1e-6.
    """
    upper = sparse.csr_matrix((counts.astype(np.float64), (bin1, bin2)), shape=(n_bins, n_bins))
    matrix = upper + sparse.triu(upper, 1).T
    weights = np.ones(n_bins)
    empty = matrix @ weights == 0
    for _ in range(500):
        sums = weights * (matrix @ weights)
        sums[empty] = 1.0
        if np.abs(sums - 1).max() < 1e-6:
            break
        weights /= np.sqrt(sums)
    weights[empty] = np.nan
    return weights

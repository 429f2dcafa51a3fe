"""Signals along a chromosome: H3K27ac and DNase coverage, and stranded CAGE counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from prism.simulate.cells import Cell
from prism.simulate.counts import changed_counts
from prism.simulate.landscape import Landscape
from prism.simulate.settings import TELOMERE
from prism.simulate.worlds import AS_MARK, FLANK

BIN = 25  # bp; coverage is constant inside a bin
CAGE_HALF_WINDOW = 192  # bp; the label is the sum over [tss - 192, tss + 192)
CAGE_SPREAD = 60  # bp; how far from the TSS transcription may start


@dataclass(frozen=True)
class Assay:
    """How one assay sees the genome, in sequenced fragments.

    base: fragments per 25-bp bin of neutral background.
    promoter: fragments of a typical promoter peak.
    enhancer: fragments of a typical enhancer peak.
    mark: natural-log effect of one standard deviation of the mark (or of log enhancer activity).
    background: natural-log effect of one standard deviation of the domain's openness; on promoter peaks only where
    the world's windows show the background.
    noise: natural-log effect of one standard deviation of the measurement.
    extension: bins covered by one fragment.
    shape: parts of the promoter peak: (offset from the TSS in the gene's direction in bp, standard deviation
    in bp, share).
    """

    base: float
    promoter: float
    enhancer: float
    mark: float
    background: float
    noise: float
    extension: int
    shape: tuple[tuple[float, float, float], ...]


ASSAYS = {
    # Two flanks around a nucleosome-depleted promoter, the downstream one higher.
    "H3K27ac": Assay(0.02, 110.0, 60.0, 0.75, 0.20, 0.20, 8, ((-320.0, 90.0, 0.42), (360.0, 130.0, 0.58))),
    "DNase": Assay(0.03, 90.0, 50.0, 0.45, 0.55, 0.25, 4, ((-40.0, 70.0, 1.0),)),
}
ENHANCER_SHAPES = {
    "H3K27ac": ((-260.0, 90.0, 0.5), (260.0, 90.0, 0.5)),
    "DNase": ((0.0, 70.0, 1.0),),
}
REACH = 1000  # bp; peaks are cut off beyond
ARTEFACT = 15.0  # expected fragments per bin of a blacklisted artefact


def peak_fragments(landscape: Landscape, cell: Cell, assay: str) -> tuple[np.ndarray, np.ndarray]:
    """Expected fragments of every promoter peak (n_genes,) and enhancer peak (n_enhancers,); 0 where off.

    landscape: the genome.
    cell: the cell type.
    assay: a name of ASSAYS.
    """
    rules = ASSAYS[assay]
    rng = landscape.settings.stream("peak noise", assay, cell.name)
    truth, enhancers = cell.truth, landscape.enhancers
    noise = rules.noise * rng.standard_normal(len(truth))
    gain = rules.background if landscape.settings.rules.in_window else AS_MARK * rules.mark
    log_height = rules.mark * truth["mark_state"] + gain * truth["background"] + noise
    promoter = rules.promoter * np.exp(log_height.to_numpy())
    openness = np.zeros(len(enhancers))
    for chrom, states in cell.background.items():
        rows = np.flatnonzero(enhancers["chrom"].to_numpy() == chrom)
        centres = enhancers["centre"].to_numpy()[rows]
        openness[rows] = _shown(landscape, chrom, states, centres)
    noise = rules.noise * rng.standard_normal(len(enhancers))
    enhancer = rules.enhancer * cell.activity * np.exp(rules.background * openness + noise)
    return promoter, enhancer


def _shown(landscape: Landscape, chrom: str, states: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """The openness that places beside promoters show, (n,): the domain's, or 0 near a TSS where windows show none."""
    openness = states[landscape.domains[chrom].index(positions)]
    if landscape.settings.rules.in_window:
        return openness
    tss = np.sort(landscape.genes["tss"].to_numpy()[landscape.of(chrom)])
    right = np.searchsorted(tss, positions).clip(1, len(tss) - 1)
    nearest = np.minimum(np.abs(tss[right] - positions), np.abs(tss[right - 1] - positions))
    return np.where(nearest < FLANK, 0.0, openness)


def expected_fragments(landscape: Landscape, cell: Cell, assay: str, chrom: str) -> np.ndarray:
    """Expected fragments of every bin of one chromosome: (n_bins,).

    landscape: the genome.
    cell: the cell type.
    assay: a name of ASSAYS.
    chrom: its name.
    """
    rules = ASSAYS[assay]
    length = landscape.settings.chromosome_length
    n_bins = -(-length // BIN)
    middle = np.arange(n_bins) * BIN + BIN // 2
    shown = _shown(landscape, chrom, cell.background[chrom], middle)
    expected = rules.base * np.exp(rules.background * shown)
    promoter, enhancer = peak_fragments(landscape, cell, assay)
    rows = landscape.of(chrom)
    direction = np.where(cell.truth["strand"].to_numpy()[rows] == "+", 1, -1)
    _add_peaks(expected, cell.truth["tss"].to_numpy()[rows], direction, promoter[rows], rules.shape)
    rows = np.flatnonzero(landscape.enhancers["chrom"].to_numpy() == chrom)
    centres = landscape.enhancers["centre"].to_numpy()[rows]
    _add_peaks(expected, centres, np.ones(len(rows)), enhancer[rows], ENHANCER_SHAPES[assay])
    for start, end in landscape.artefacts[chrom]:
        expected[start // BIN : end // BIN] += ARTEFACT
    expected[: TELOMERE // BIN] = 0.0
    expected[(length - TELOMERE) // BIN :] = 0.0
    return expected


def coverage(landscape: Landscape, cell: Cell, assay: str, chrom: str) -> np.ndarray:
    """Fragment coverage of one chromosome: (n_bins,) float32, mostly zero away from peaks.

    landscape: the genome.
    cell: the cell type.
    assay: a name of ASSAYS.
    chrom: its name.
    """
    where, stream = (assay, cell.name, chrom), landscape.settings.stream
    expected = expected_fragments(landscape, cell.factual or cell, assay, chrom)
    fragments = stream("coverage", *where).poisson(expected)
    if cell.factual:
        changed = expected_fragments(landscape, cell, assay, chrom)
        fragments = changed_counts(stream("changed coverage", *where), fragments, expected, changed)
    window = np.ones(ASSAYS[assay].extension, dtype=np.int64)
    return np.convolve(fragments, window, mode="same").astype(np.float32)


def _add_peaks(
    expected: np.ndarray,
    centres: np.ndarray,
    direction: np.ndarray,
    fragments: np.ndarray,
    shape: tuple[tuple[float, float, float], ...],
) -> None:
    """Add to `expected` (n_bins,) peaks of `fragments` (n,) in all, each read in its own direction."""
    steps = np.arange(-REACH // BIN, REACH // BIN + 1)
    bins = centres[:, None] // BIN + steps
    offset = (bins * BIN + BIN / 2 - centres[:, None]) * direction[:, None]
    density = sum(
        share * BIN / (sd * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((offset - mean) / sd) ** 2)
        for mean, sd, share in shape
    )
    inside = (bins >= 0) & (bins < len(expected))
    np.add.at(expected, bins[inside], (fragments[:, None] * density)[inside])


def cage(landscape: Landscape, cell: Cell, chrom: str) -> dict[str, np.ndarray]:
    """CAGE 5' ends of one chromosome: {'+': (length,) int32, '-': ...}, counts, never negative.

    landscape: the genome.
    cell: the cell type.
    chrom: its name.

    A gene's expected count on its own strand is 10 ** log10_rate - 1, so that log10(count + 1) estimates the
    rate. A tenth of it starts upstream in the other direction, and a few stray ends fall anywhere.
    """
    length = landscape.settings.chromosome_length
    rng = landscape.settings.stream("CAGE", cell.name, chrom)
    counts = {}
    for strand in "+-":
        stray = rng.integers(TELOMERE, length - TELOMERE, size=rng.poisson(length * 1e-5))
        counts[strand] = np.zeros(length, dtype=np.int32)
        np.add.at(counts[strand], stray, 1)
    rows = landscape.of(chrom)
    rate = _rates((cell.factual or cell).truth.loc[rows])
    again = landscape.settings.stream("changed CAGE", cell.name, chrom)
    changed = _rates(cell.truth.loc[rows]) if cell.factual else rate
    genes = cell.truth.loc[rows]
    tss = genes["tss"].to_numpy()
    for strand, other, direction in [("+", "-", 1), ("-", "+", -1)]:
        on = np.flatnonzero(genes["strand"].to_numpy() == strand)
        _scatter(rng, counts[strand], tss[on], rate[on], again, changed[on])
        upstream = tss[on] - direction * 300
        _scatter(rng, counts[other], upstream, 0.1 * rate[on], again, 0.1 * changed[on])
    return counts


def _rates(truth: pd.DataFrame) -> np.ndarray:
    return np.maximum(10.0 ** truth["log10_rate"].to_numpy() - 1.0, 0.0)


def _scatter(
    rng: np.random.Generator,
    counts: np.ndarray,
    places: np.ndarray,
    expected: np.ndarray,
    again: np.random.Generator,
    changed: np.ndarray,
) -> None:
    """Add Poisson(expected) 5' ends around each place, then depart from them to Poisson(changed) as `changed_counts`
    does, drawing from `again`."""
    ends, gene = _ends(rng, places, expected)
    kept = np.divide(changed, expected, out=np.ones_like(expected), where=expected > 0)
    np.add.at(counts, ends[again.random(len(ends)) < kept[gene]], 1)
    np.add.at(counts, _ends(again, places, np.maximum(changed - expected, 0.0))[0], 1)


def _ends(
    rng: np.random.Generator, places: np.ndarray, expected: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Poisson(expected) 5' ends at each place, with a two-sided exponential spread: (position, row of its place)."""
    row = np.repeat(np.arange(len(places)), rng.poisson(expected))
    offset = np.rint(rng.laplace(0.0, 8.0, len(row))).clip(-CAGE_SPREAD, CAGE_SPREAD).astype(np.int64)
    return places[row] + offset, row


def label_counts(landscape: Landscape, counts: dict[str, np.ndarray], chrom: str) -> np.ndarray:
    """Sense-strand counts over [tss - 192, tss + 192) of the chromosome's genes: (n,) int64.

    landscape: the genome.
    counts: of `cage`.
    chrom: its name.
    """
    genes = landscape.genes.loc[landscape.of(chrom)]
    places = genes["tss"].to_numpy()[:, None] + np.arange(-CAGE_HALF_WINDOW, CAGE_HALF_WINDOW)
    sums = {strand: values[places].sum(axis=1, dtype=np.int64) for strand, values in counts.items()}
    return np.where(genes["strand"].to_numpy() == "+", sums["+"], sums["-"])

"""Where things lie: chromatin domains, the genes placed in them, and their distal enhancers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from prism.simulate.promoters import MOTIFS, draw_counts, draw_promoters
from prism.simulate.settings import MARGIN, SAME, TELOMERE, Settings
from prism.simulate.transcripts import Transcript, draw_transcripts

SHARED_BACKGROUND = 0.9  # share of a domain's openness that all cell types have in common (variance)
ENHANCERS_PER_GENE = 2.0
ENHANCER_DISTANCE = (1_500, 100_000)  # bp from the enhancer's centre to its gene's TSS
CLEAR_OF_TSS = 1_500  # bp; an enhancer keeps this far from every TSS


@dataclass(frozen=True)
class Domains:
    """Chromatin domains of one chromosome, open and closed in turn like A and B compartments.

    edges: (n + 1,) bp.
    shared: (n,) openness common to all cell types, with mean 0 and standard deviation about 1.
    """

    edges: np.ndarray
    shared: np.ndarray

    def index(self, positions: np.ndarray) -> np.ndarray:
        """The domain of each position.

        positions: 0-based bp.
        """
        return np.clip(np.searchsorted(self.edges, positions, side="right") - 1, 0, len(self.shared) - 1)


@dataclass(frozen=True)
class Landscape:
    """The genome that all cell types share.

    settings: of the simulation.
    domains: chrom -> its domains.
    genes: one row for each gene in order of chromosome and position: gene_id, symbol, chrom, split, strand,
    start, end (0-based, half-open), tss, n_<motif>, the mRNA lengths, intrinsic causes in log10 units.
    transcripts: in the order of the genes.
    promoters: (n, width) codes in the gene's direction, in the order of the genes.
    enhancers: chrom, start, end, centre, gene (row of `genes`), distance (bp to the TSS).
    artefacts: chrom -> (n, 2) intervals where every assay piles up; they are blacklisted.
    """

    settings: Settings
    domains: dict[str, Domains]
    genes: pd.DataFrame
    transcripts: list[Transcript]
    promoters: np.ndarray
    enhancers: pd.DataFrame
    artefacts: dict[str, np.ndarray]

    def of(self, chrom: str) -> np.ndarray:
        """Rows of `genes` on one chromosome.

        chrom: its name.
        """
        return np.flatnonzero(self.genes["chrom"].to_numpy() == chrom)

    def background(self, cell_type: str) -> dict[str, np.ndarray]:
        """Openness of each domain in one cell type: chrom -> (n_domains,), mean 0, deviation about 1.

        cell_type: its name.
        """
        states = {}
        for chrom, domains in self.domains.items():
            own = self.settings.stream("background", cell_type, chrom).standard_normal(len(domains.shared))
            states[chrom] = _mixed(domains.shared, own)
        return states

    def redrawn_background(self, cell_type: str, draw: int) -> dict[str, np.ndarray]:
        """As `background`, drawn anew from the same distribution; domains and genes stay where they are.

        cell_type: its name.
        draw: a number for each set of states; what cell types share, they share in every draw.
        """
        states, again = {}, f"redrawn {draw}"
        for chrom, domains in self.domains.items():
            n = len(domains.shared)
            shared = _draw_openness(self.settings.stream("background", again, chrom), n)
            own = self.settings.stream("background", again, cell_type, chrom).standard_normal(n)
            states[chrom] = _mixed(shared, own)
        return states


def _mixed(shared: np.ndarray, own: np.ndarray) -> np.ndarray:
    return np.sqrt(SHARED_BACKGROUND) * shared + np.sqrt(1 - SHARED_BACKGROUND) * own


def lay_out(settings: Settings) -> Landscape:
    """Draw domains, genes, their placement and their enhancers.

    settings: of the simulation.
    """
    pool, transcripts, promoters = _draw_pool(settings)
    domains = {chrom: _draw_domains(settings, chrom) for chrom in settings.chromosomes}
    order, genes = _place(settings, domains, pool, transcripts)
    enhancers = _draw_enhancers(settings, genes)
    artefacts = {chrom: _draw_artefacts(settings, chrom, genes) for chrom in settings.chromosomes}
    structures = [transcripts[i] for i in order]
    return Landscape(settings, domains, genes, structures, promoters[order], enhancers, artefacts)


def standardised(values: np.ndarray) -> np.ndarray:
    """Values with mean 0 and standard deviation 1; zeros if they do not vary.

    values: (n,).
    """
    spread = values.std()
    return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values, dtype=float)


def _draw_pool(settings: Settings) -> tuple[pd.DataFrame, list[Transcript], np.ndarray]:
    """All genes before they have a place: their causes, transcripts and promoter zones."""
    n = settings.genes_per_chromosome * settings.n_chromosomes
    width = _slot_width(settings)
    transcripts = draw_transcripts(settings.stream("transcripts"), n, width - 2 * _slot_edge(width))
    rng = settings.stream("promoters")
    counts = draw_counts(rng, n)
    promoters = draw_promoters(rng, counts)
    pool = pd.DataFrame({"chrom": np.repeat(settings.chromosomes, settings.genes_per_chromosome)})
    pool["strand"] = np.where(settings.stream("strands").random(n) < 0.5, "+", "-")
    for name, count in counts.items():
        pool[f"n_{name}"] = count
    pool["utr5_length"] = [t.utr5 for t in transcripts]
    pool["cds_length"] = [t.cds for t in transcripts]
    pool["utr3_length"] = [t.utr3 for t in transcripts]
    pool["intron_length"] = [int(t.introns.sum()) for t in transcripts]
    pool["coding_exons"] = [t.coding_exons for t in transcripts]
    motif_sum = sum(motif.weight * counts[motif.name] for motif in MOTIFS)
    pool["motif"] = settings.motif_effect * standardised(motif_sum)
    pool["mrna"] = settings.mrna_effect * standardised(_mrna_score(pool))
    pool["gene_noise"] = settings.noise * np.sqrt(0.5) * settings.stream("gene noise").standard_normal(n)
    return pool, transcripts, promoters


def _mrna_score(pool: pd.DataFrame) -> np.ndarray:
    """Long UTRs and coding sequences lower expression, densely spliced ones raise it (as in Xpresso and Saluki)."""
    density = 1000 * pool["coding_exons"] / pool["cds_length"]
    return (
        0.7 * standardised(density.to_numpy())
        - 0.6 * standardised(np.log10(pool["cds_length"].to_numpy()))
        - 0.5 * standardised(np.log10(pool["utr5_length"].to_numpy()))
        - 0.4 * standardised(np.log10(pool["utr3_length"].to_numpy()))
    )


def _draw_domains(settings: Settings, chrom: str) -> Domains:
    """Domains of 50 to 200 kb (smaller on chromosomes that would hold fewer than eight)."""
    rng = settings.stream("domains", chrom)
    scale = min(1.0, settings.chromosome_length / 1_000_000)
    sizes = rng.uniform(
        50_000 * scale, 200_000 * scale, size=2 + int(settings.chromosome_length / (50_000 * scale))
    )
    inner = np.cumsum(sizes).astype(np.int64)
    edges = np.concatenate(
        [[0], inner[inner < settings.chromosome_length - 25_000 * scale], [settings.chromosome_length]]
    )
    return Domains(edges, _draw_openness(rng, len(edges) - 1))


def _draw_openness(rng: np.random.Generator, n: int) -> np.ndarray:
    """Openness of n neighbouring domains, (n,): the first is open or closed, then they take turns."""
    side = np.where((np.arange(n) + rng.integers(2)) % 2 == 0, 1.0, -1.0)
    return 0.9 * side + np.sqrt(1 - 0.9**2) * rng.standard_normal(n)


def _slot_width(settings: Settings) -> int:
    return (settings.chromosome_length - 2 * MARGIN) // settings.genes_per_chromosome


def _slot_edge(width: int) -> int:
    """Bases kept free at both ends of a gene's slot, so that promoters of neighbours do not overlap."""
    return min(1_000, width // 10)


def _place(
    settings: Settings, domains: dict[str, Domains], pool: pd.DataFrame, transcripts: list[Transcript]
) -> tuple[np.ndarray, pd.DataFrame]:
    """Give every gene a slot: (order: rows of the pool by position, the genes in that order with coordinates).

    Where the world places genes, and on confounded chromosomes: the more open a slot's domain, the higher the key of
    its gene, and the key's correlation with the gene's intrinsic expression is `confounding`. Elsewhere placement is
    random.
    """
    width = _slot_width(settings)
    edge = _slot_edge(width)
    intrinsic = standardised((pool["motif"] + pool["mrna"] + pool["gene_noise"]).to_numpy())
    order, starts = [], []
    for chrom in settings.chromosomes:
        rng = settings.stream("placement", chrom)
        rows = np.flatnonzero(pool["chrom"].to_numpy() == chrom)
        placed = settings.rules.placed and settings.distribution(chrom) == SAME
        strength = settings.confounding if placed else 0.0
        key = strength * intrinsic[rows] + np.sqrt(1 - strength**2) * rng.standard_normal(len(rows))
        slots = MARGIN + width * np.arange(len(rows))
        openness = domains[chrom].shared[domains[chrom].index(slots + width // 2)]
        by_openness = np.lexsort([rng.random(len(rows)), openness])
        gene_of_slot = np.empty(len(rows), dtype=np.int64)
        gene_of_slot[by_openness] = rows[np.argsort(key, kind="stable")]
        bodies = np.array([transcripts[i].body_length for i in gene_of_slot])
        spare = width - 2 * edge - bodies
        starts.append(slots + edge + np.floor(rng.random(len(rows)) * (spare + 1)).astype(np.int64))
        order.append(gene_of_slot)
    order = np.concatenate(order)
    genes = pool.iloc[order].reset_index(drop=True)
    genes.insert(0, "gene_id", [f"SIMG{i + 1:011d}" for i in range(len(genes))])
    genes.insert(1, "symbol", [f"SIM{i + 1}" for i in range(len(genes))])
    genes["split"] = [settings.split(chrom) for chrom in genes["chrom"]]
    genes["start"] = np.concatenate(starts)
    genes["end"] = genes["start"] + [transcripts[i].body_length for i in order]
    genes["tss"] = np.where(genes["strand"] == "+", genes["start"], genes["end"] - 1)
    return order, genes


def _draw_enhancers(settings: Settings, genes: pd.DataFrame) -> pd.DataFrame:
    """Distal enhancers, each of one gene, log-uniform in distance on either side of it, clear of every TSS."""
    tables = []
    for chrom in settings.chromosomes:
        rng = settings.stream("enhancers", chrom)
        rows = np.flatnonzero(genes["chrom"].to_numpy() == chrom)
        tss = genes["tss"].to_numpy()[rows]
        gene = np.repeat(np.arange(len(rows)), rng.poisson(ENHANCERS_PER_GENE, len(rows)))
        distance = np.exp(rng.uniform(*np.log(ENHANCER_DISTANCE), len(gene))).astype(np.int64)
        centre = tss[gene] + distance * rng.choice([-1, 1], len(gene))
        half = rng.integers(150, 400, len(gene))
        ordered = np.sort(tss)
        right = np.searchsorted(ordered, centre).clip(0, len(ordered) - 1)
        nearest = np.minimum(np.abs(ordered[right] - centre), np.abs(ordered[(right - 1).clip(0)] - centre))
        kept = (nearest >= CLEAR_OF_TSS) & (centre > MARGIN) & (centre < settings.chromosome_length - MARGIN)
        table = {
            "start": centre - half,
            "end": centre + half,
            "centre": centre,
            "gene": rows[gene],
            "distance": distance,
        }
        frame = pd.DataFrame(table)[kept].sort_values(["start", "gene"])
        frame.insert(0, "chrom", chrom)
        tables.append(frame)
    return pd.concat(tables, ignore_index=True)


def _draw_artefacts(settings: Settings, chrom: str, genes: pd.DataFrame) -> np.ndarray:
    """Up to three places where reads pile up in every assay, sorted, apart, at least 2 kb from every TSS: (n, 2)."""
    rng = settings.stream("artefacts", chrom)
    tss = genes["tss"].to_numpy()[genes["chrom"].to_numpy() == chrom]
    starts = np.sort(rng.integers(TELOMERE, settings.chromosome_length - TELOMERE - 1_500, size=3))
    spans = np.stack([starts, starts + rng.integers(400, 1_500, size=3)], axis=1)
    clear = np.array([np.maximum(start - tss, tss - end).min() >= 2_000 for start, end in spans])
    apart = np.append(spans[1:, 0] > spans[:-1, 1], True)
    return spans[clear & apart]

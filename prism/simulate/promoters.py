"""Promoter sequences: literal motifs at their places, and nowhere else in the promoter by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prism.genome.tracks.sequence import encode

ZONE_START, ZONE_END = -200, 60  # the promoter zone relative to the TSS, in the gene's direction (half-open)


@dataclass(frozen=True)
class Motif:
    """A literal motif.

    name: of the motif.
    sequence: its letters.
    weight: what a copy adds to expression, before scaling.
    places: one (first, last) range of start offsets from the TSS, bp, for each copy.
    frequencies: how often a promoter has 0, 1, ... copies.
    both_strands: whether copies may be reversed.
    """

    name: str
    sequence: str
    weight: float
    places: tuple[tuple[int, int], ...]
    frequencies: tuple[float, ...]
    both_strands: bool


MOTIFS = (
    Motif("TATA", "TATAAAAG", 1.0, ((-33, -29),), (0.7, 0.3), both_strands=False),
    Motif(
        "SP1",
        "GGGGCGGGGC",
        0.8,
        ((-60, -50), (-84, -74), (-108, -98)),
        (0.3, 0.3, 0.25, 0.15),
        both_strands=True,
    ),
    Motif("CRE", "TGACGTCA", 1.0, ((-145, -122),), (0.65, 0.35), both_strands=True),
    Motif("ETS", "CCGGAAGT", 0.6, ((8, 40), (-190, -160)), (0.4, 0.4, 0.2), both_strands=True),
)


def reverse_complement(codes: np.ndarray) -> np.ndarray:
    """Codes of the other strand, read in its direction; 4 stays 4.

    codes: (..., length); the last axis is turned.
    """
    return np.where(codes == 4, 4, 3 - codes)[..., ::-1].astype(np.uint8)


def random_bases(rng: np.random.Generator, shape: int | tuple[int, ...], gc: float) -> np.ndarray:
    """Independent bases: uint8 codes of the given shape.

    rng: source of chance.
    shape: of the result.
    gc: share of G and C, to 1/128.
    """
    weak = round(128 * (1 - gc))
    table = np.repeat(np.array([0, 3, 1, 2], dtype=np.uint8), [weak, weak, 128 - weak, 128 - weak])
    return table[rng.integers(0, 256, size=shape, dtype=np.uint8)]


def draw_counts(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Draw the copies of each motif that each promoter has: motif name -> (n,) int64.

    rng: source of chance.
    n: promoters.
    """
    return {
        motif.name: rng.choice(len(motif.frequencies), size=n, p=motif.frequencies).astype(np.int64)
        for motif in MOTIFS
    }


def draw_promoters(rng: np.random.Generator, counts: dict[str, np.ndarray]) -> np.ndarray:
    """Promoter zones with exactly the motifs counted: (n, zone) uint8 codes in the gene's direction.

    rng: source of chance.
    counts: motif name -> (n,).

    A zone in which further copies arose by chance is drawn again.
    """
    n = len(next(iter(counts.values())))
    zones = np.empty((n, ZONE_END - ZONE_START), dtype=np.uint8)
    pending = np.arange(n)
    while len(pending):
        planned = {name: count[pending] for name, count in counts.items()}
        drawn = random_bases(rng, (len(pending), zones.shape[1]), gc=0.55)
        for motif in MOTIFS:
            _insert(rng, drawn, motif, planned[motif.name])
        zones[pending] = drawn
        found = count_motifs(drawn)
        wrong = np.any([found[motif.name] != planned[motif.name] for motif in MOTIFS], axis=0)
        pending = pending[wrong]
    return zones


def _insert(rng: np.random.Generator, zones: np.ndarray, motif: Motif, counts: np.ndarray) -> None:
    forward = encode(motif.sequence)
    variants = np.stack([forward, reverse_complement(forward)])
    for copy, (first, last) in enumerate(motif.places):
        rows = np.flatnonzero(counts > copy)
        starts = rng.integers(first, last + 1, size=len(rows)) - ZONE_START
        strands = rng.integers(0, 2, size=len(rows)) * motif.both_strands
        zones[rows[:, None], starts[:, None] + np.arange(len(forward))] = variants[strands]


def count_motifs(zones: np.ndarray) -> dict[str, np.ndarray]:
    """Copies of each motif on either strand: motif name -> (n,) int64.

    zones: (n, width) codes.

    A motif that reads the same on both strands counts once; TATA counts in the gene's direction only.
    """
    return {motif.name: _count(zones, motif) for motif in MOTIFS}


def _count(zones: np.ndarray, motif: Motif) -> np.ndarray:
    forward = encode(motif.sequence)
    windows = np.lib.stride_tricks.sliding_window_view(zones, len(forward), axis=1)
    found = (windows == forward).all(axis=2)
    if motif.both_strands:
        found |= (windows == reverse_complement(forward)).all(axis=2)
    return found.sum(axis=1)

"""Mutations of a TSS window: substitutions, insertions, deletions, scrambling, motifs knocked out.

Everything is on the + strand, as windows are stored; `of_gene` takes what is written in a gene's direction. Where bases
are inserted or deleted, the window is cut anew around the TSS, which stays its centre.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from prism.genome.coordinates import window_bounds
from prism.genome.tracks.sequence import UNKNOWN, decode, encode

IUPAC = {
    "A": "A", "C": "C", "G": "G", "T": "T", "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT",
}  # fmt: skip
COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
_TRIES = 1_000


@dataclass(frozen=True, order=True)
class Change:
    """Bases of a chromosome that are replaced by others.

    chrom: name of the chromosome.
    position: of the first replaced base, 0-based; with an empty `ref`, of the base that the inserted ones come before.
    ref: the reference's bases on the + strand, capitals; empty for an insertion.
    alt: what stands there instead; empty for a deletion.
    """

    chrom: str
    position: int
    ref: str
    alt: str

    def __str__(self) -> str:
        return f"{self.chrom}:{self.position + 1} {self.ref or '-'}>{self.alt or '-'}"

    def trimmed(self) -> Change:
        """The same change without the bases that both sides share at their ends, such as the first one in a VCF."""
        ref, alt, position = self.ref, self.alt, self.position
        while ref and alt and ref[-1] == alt[-1]:
            ref, alt = ref[:-1], alt[:-1]
        while ref and alt and ref[0] == alt[0]:
            ref, alt, position = ref[1:], alt[1:], position + 1
        return Change(self.chrom, position, ref, alt)


def of_gene(chrom: str, tss: int, strand: str, offset: int, ref: str, alt: str) -> Change:
    """A change that is written in a gene's direction.

    chrom: name of the chromosome.
    tss: of the gene, 0-based bp.
    strand: of the gene, + or -.
    offset: of the first base of `ref` from the TSS in the gene's direction: 0 is the TSS, -1 the base before it.
    ref: bases in the gene's direction; empty where bases are inserted before `offset`.
    alt: bases in the gene's direction.
    Raises ValueError for another strand.
    """
    if strand == "+":
        return Change(chrom, tss + offset, ref, alt)
    if strand != "-":
        raise ValueError(f"{chrom}, TSS {tss}: strand {strand!r} is neither + nor -")
    turned = [each.translate(COMPLEMENT)[::-1] for each in (ref, alt)]
    return Change(chrom, tss - offset - len(ref) + 1, *turned)


def mutated_window(
    bases: Callable[[int, int], np.ndarray], chrom: str, tss: int, length: int, changes: Iterable[Change]
) -> np.ndarray:
    """A gene's window with some changes, all on one chromosome copy: (length,) codes on the + strand.

    bases: gives the reference's codes of [start, end) of the chromosome, 4 where there is none.
    chrom: name of the chromosome.
    tss: of the gene, 0-based bp.
    length: of the window, bp, even.
    changes: in any order; the window is that of the changed chromosome around the TSS.
    Raises ValueError, with the change, for a reference base that is another, one that is outside the window, two that
    overlap, a letter that is no base, and for a TSS that is deleted.
    """
    start, end = window_bounds(tss, length)
    sorted_changes = sorted(
        {each.trimmed() for each in changes}, key=lambda each: (each.position, each.ref != "")
    )
    spare = sum(len(each.ref) + len(each.alt) for each in sorted_changes)
    start, end = start - spare, end + spare
    reference = np.asarray(bases(start, end), np.uint8)
    pieces, at, centre, inserted = [], start, tss, None
    for change in sorted_changes:
        _check(change, chrom, tss, (start + spare, end - spare))
        if change.position < at or (change.position == inserted and not change.ref):
            raise ValueError(f"{change}: overlaps the change before it; give one change for both")
        _check_reference(change, reference[change.position - start :][: len(change.ref)])
        pieces += [reference[at - start : change.position - start], encode(change.alt)]
        at = change.position + len(change.ref)
        inserted = inserted if change.ref else at
        if at <= tss:
            centre += len(change.alt) - len(change.ref)
    changed = np.concatenate([*pieces, reference[at - start :]])
    first = centre - start - length // 2
    return changed[first : first + length]


def _check(change: Change, chrom: str, tss: int, bounds: tuple[int, int]) -> None:
    if change.chrom != chrom:
        raise ValueError(f"{change}: is not on {chrom}, where the gene is")
    if unknown := sorted(set(change.ref + change.alt) - set("ACGT")):
        raise ValueError(f"{change}: {unknown[0]!r} is no base; give A, C, G, T on both sides")
    last = change.position + max(len(change.ref), 1)
    if change.position < bounds[0] or last > bounds[1]:
        raise ValueError(
            f"{change}: is not inside the window {chrom}:{bounds[0] + 1}-{bounds[1]}; a model that reads this window "
            "cannot see it: leave it out, or take a model with a longer window"
        )
    if len(change.ref) != len(change.alt) and change.position <= tss < change.position + len(change.ref):
        raise ValueError(
            f"{change}: takes away the TSS, {chrom}:{tss + 1}, and the window has no centre without it"
        )


def _check_reference(change: Change, found: np.ndarray) -> None:
    if decode(found) != change.ref:
        raise ValueError(
            f"{change}: the genome has {decode(found)} there; is the change of another assembly, or on the - strand?"
        )


def deletion(bases: Callable[[int, int], np.ndarray], chrom: str, start: int, end: int) -> Change:
    """The deletion of an interval.

    bases: gives the reference's codes of [start, end) of the chromosome.
    chrom: name of the chromosome.
    start: 0-based bp.
    end: 0-based bp, exclusive.
    Raises ValueError for an empty interval.
    """
    _check_interval(start, end)
    return Change(chrom, start, decode(np.asarray(bases(start, end), np.uint8)), "")


def scrambled(codes: np.ndarray, start: int, end: int, rng: np.random.Generator) -> np.ndarray:
    """A window in which the bases of an interval are put in another, random order.

    codes: (length,) of the window.
    start: of the interval, in the window.
    end: in the window, exclusive.
    rng: source of chance.
    Raises ValueError for an interval that is empty, outside, or has one kind of base only.
    """
    _check_interval(start, end, len(codes))
    part = codes[start:end]
    if (part == part[0]).all():
        raise ValueError(f"[{start}, {end}): one kind of base only, and scrambling it changes nothing")
    changed = codes.copy()
    while (changed[start:end] == part).all():
        changed[start:end] = rng.permutation(part)
    return changed


def motif_starts(codes: np.ndarray, motif: str, start: int, end: int) -> np.ndarray:
    """Where a motif stands on either strand inside an interval: ascending starts in the window.

    codes: (length,) of the window.
    motif: letters, IUPAC's for several bases allowed.
    start: of the interval, in the window.
    end: in the window, exclusive.
    Raises ValueError for a letter that IUPAC does not have and an interval that is empty or outside.
    """
    _check_interval(start, end, len(codes))
    if not motif or (unknown := sorted(set(motif.upper()) - set(IUPAC))):
        raise ValueError(f"motif {motif!r}: {unknown[0] if motif else 'empty'!r} is no letter of a motif")
    if len(motif) > end - start:
        return np.zeros(0, np.int64)
    allowed = np.array([[base in IUPAC[letter] for base in "ACGT"] + [False] for letter in motif.upper()])
    turned = np.column_stack([allowed[::-1, 3::-1], allowed[:, 4]])
    windows = np.lib.stride_tricks.sliding_window_view(np.minimum(codes[start:end], UNKNOWN), len(motif))
    place = np.arange(len(motif))
    found = [which[place, windows].all(axis=1) for which in (allowed, turned)]
    return start + np.flatnonzero(found[0] | found[1])


def knocked_out(
    codes: np.ndarray, motif: str, start: int, end: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A window whose copies of a motif are scrambled until none is left: (codes (length,), starts of the copies).

    codes: (length,) of the window.
    motif: letters, IUPAC's for several bases allowed; copies on either strand count.
    start: of the interval that is searched, in the window.
    end: in the window, exclusive.
    rng: source of chance.
    Raises ValueError where there is no copy, and where no order of its bases is free of the motif.
    """
    starts = motif_starts(codes, motif, start, end)
    if not len(starts):
        raise ValueError(f"motif {motif}: no copy in [{start}, {end}) of the window; nothing to knock out")
    inside = np.unique((starts[:, None] + np.arange(len(motif))).ravel())
    changed = codes.copy()
    for _ in range(_TRIES):
        for first in starts:
            changed[first : first + len(motif)] = rng.permutation(changed[first : first + len(motif)])
        if not len(motif_starts(changed, motif, start, end)):
            return changed, starts
        changed[inside] = codes[inside]
    raise ValueError(
        f"motif {motif}: no order of its bases is free of it; use scrambling of an interval, or a deletion"
    )


def every_change(codes: np.ndarray, start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """All single-base changes of an interval of a window: (place (3 n,), new code (3 n,)); unknown bases have none.

    codes: (length,) of the window.
    start: of the interval, in the window.
    end: in the window, exclusive.
    Raises ValueError for an interval that is empty or outside.
    """
    _check_interval(start, end, len(codes))
    known = start + np.flatnonzero(codes[start:end] < UNKNOWN)
    place = np.repeat(known, 3)
    # the three codes after the reference's, in a circle, put in order
    code = np.sort((codes[known, None] + np.arange(1, 4)) % 4, axis=1).ravel().astype(np.uint8)
    return place, code


def _check_interval(start: int, end: int, length: int | None = None) -> None:
    if not 0 <= start < end or (length is not None and end > length):
        inside = "" if length is None else f" of a window of {length} bp"
        raise ValueError(f"[{start}, {end}) is no interval{inside}; positions are 0-based, the end exclusive")

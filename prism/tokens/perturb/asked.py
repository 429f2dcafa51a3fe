"""A mutation as a configuration names it, and the changes of a factor's window that it makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from prism.genome.coordinates import window_bounds
from prism.genome.tracks.sequence import LETTERS, decode
from prism.tokens.perturb.mutation import (
    COMPLEMENT,
    IUPAC,
    Change,
    deletion,
    knocked_out,
    mutated_window,
    of_gene,
    scrambled,
)
from prism.tokens.perturb.vcf import read_changes, read_haplotypes

KINDS = ("substitutions", "vcf", "scramble", "delete", "knock_out")
_FURTHER = {"sample": "vcf", "interval": "knock_out"}
_CHANGE = re.compile(
    r"(?:(?P<chrom>[^\s:]+):(?P<position>[1-9][\d,]*)|(?P<offset>[+-]?\d+))\s+(?P<ref>[ACGT]*|-)>(?P<alt>[ACGT]*|-)",
    re.IGNORECASE,
)
Bases = Callable[[str, int, int], np.ndarray]  # (chromosome, start, end) -> codes, 4 where there is none


@dataclass(frozen=True)
class Locus:
    """Where a gene begins.

    chrom: name of the chromosome.
    tss: 0-based bp.
    strand: + or -.
    """

    chrom: str
    tss: int
    strand: str

    def in_window(self, interval: tuple[int, int], length: int) -> tuple[int, int]:
        """An interval along the gene as places in its window, which is stored on the + strand.

        interval: [start, end) bp from the TSS along the gene.
        length: of the window, bp.
        Raises ValueError for one that is empty or not inside the window.
        """
        start, end = interval
        half = length // 2
        found = (half + start, half + end) if self.strand == "+" else (half - end + 1, half - start + 1)
        if not (start < end and found[0] >= 0 and found[1] <= length):
            raise ValueError(
                f"interval [{start}, {end}) is not inside the window of {length:,} bp around the TSS; give start < "
                f"end, from {-half + (self.strand == '-')} to {half + (self.strand == '-')}"
            )
        return found


@dataclass(frozen=True)
class Mutation:
    """What is done to a factor's window.

    kind: of `KINDS`.
    value: texts of changes, path of a VCF, an interval, or a motif.
    further: sample of a VCF, interval of a motif.
    """

    kind: str
    value: Any
    further: Mapping[str, Any]

    def __str__(self) -> str:
        told = ", ".join(map(str, self.value)) if isinstance(self.value, list) else str(self.value)
        return f"{self.kind} {told}" + "".join(f", {name} {value}" for name, value in self.further.items())


def read_mutation(given: Mapping[str, Any], where: str) -> Mutation:
    """A mutation from its mapping, as far as it can be checked without a genome.

    given: one of `KINDS`; beside vcf a sample, beside knock_out an interval.
    where: the key of the configuration, for messages.
    Raises ValueError, naming the value and the fix, for anything else.
    """
    kinds = [kind for kind in KINDS if given.get(kind) is not None]
    if len(kinds) != 1:
        raise ValueError(f"{where} has {' and '.join(kinds) or 'nothing'}; give one of {', '.join(KINDS)}")
    (kind,) = kinds
    further = {name: given[name] for name in _FURTHER if given.get(name) is not None}
    for name in further:
        if _FURTHER[name] != kind:
            raise ValueError(f"{where}.{name} belongs to {_FURTHER[name]}, and {kind} is given; remove it")
    value = given[kind]
    for text in value if kind == "substitutions" else ():
        _read_change(text, f"{where}.substitutions")
    for name, interval in ((kind, value), ("interval", further.get("interval"))):
        if name in ("scramble", "delete", "interval") and interval is not None and interval[0] >= interval[1]:
            raise ValueError(
                f"{where}.{name} = {interval}: the interval is empty; give [start, end), start below end"
            )
    if kind == "knock_out" and (unknown := sorted(set(value.upper()) - set(IUPAC))):
        raise ValueError(
            f"{where}.knock_out = {value!r}: {unknown[0]!r} is no letter of a motif; use {''.join(IUPAC)}"
        )
    return Mutation(kind, value, further)


def check_inside(mutation: Mutation, length: int, where: str) -> None:
    """Refuse intervals and offsets that cannot be inside a window, whatever the gene's strand.

    mutation: to look at.
    length: of the window, bp.
    where: the key of the configuration, for messages.
    Raises ValueError, naming the value and the bounds.
    """
    reach = length // 2 + 1
    spans = [mutation.value] if mutation.kind in ("scramble", "delete") else []
    spans += [mutation.further["interval"]] if "interval" in mutation.further else []
    if mutation.kind == "substitutions":
        changes = [_read_change(text, where) for text in mutation.value]
        spans += [(int(each["offset"]), int(each["offset"]) + 1) for each in changes if each["offset"]]
    for start, end in spans:
        if start < -reach or end > reach:
            raise ValueError(
                f"{where}: [{start}, {end}) is not inside the encoder's window of {length:,} bp around the TSS; take "
                f"from {-(length // 2)} to {length // 2}, or an encoder with a longer window"
            )


def changes_of(
    mutation: Mutation, locus: Locus, length: int, bases: Bases, rng: np.random.Generator, where: str
) -> list[list[Change]]:
    """The changes of a factor's window: of both copies at once, or of each of the two.

    mutation: of the configuration.
    locus: of the factor.
    length: of the window, bp.
    bases: of the genome.
    rng: of scrambled bases.
    where: the factor, for messages.
    Raises ValueError, with the factor, for what cannot be done to this window, and where nothing changes.
    """
    try:
        copies = _of_copies(mutation, locus, length, bases, rng)
        windows = copies_of(copies, locus, length, bases)
    except ValueError as error:
        raise ValueError(f"{where}: {mutation}: {error}") from None
    start, end = window_bounds(locus.tss, length)
    if all(np.array_equal(each, bases(locus.chrom, start, end)) for each in windows):
        raise ValueError(
            f"{where}: {mutation} leaves the window {locus.chrom}:{start + 1}-{end} as it is; name a change inside it"
        )
    return copies


def copies_of(
    copies: Sequence[Sequence[Change]], locus: Locus, length: int, bases: Bases
) -> list[np.ndarray]:
    """The windows of a gene's copies with their changes: (length,) codes on the + strand each.

    copies: changes of each.
    locus: of the gene.
    length: of the windows, bp.
    bases: of the genome.
    Raises ValueError as `mutation.mutated_window` does.
    """
    return [
        mutated_window(
            lambda start, end: bases(locus.chrom, start, end), locus.chrom, locus.tss, length, each
        )
        for each in copies
    ]


def transplanted(
    copies: Sequence[Sequence[Change]], of: Locus, to: Locus, bases: Bases, rng: np.random.Generator
) -> list[list[Change]]:
    """The same mutation on another gene: at the same distance from its TSS, of the same kind and size.

    copies: changes of each copy of the first gene.
    of: its locus.
    to: that of the other gene.
    bases: of the genome.
    rng: draws the new base of a substitution, and the order of scrambled ones.

    As many bases are inserted or deleted; a substituted base becomes another, several are put in another order (or,
    where all are alike, each becomes another).
    """
    return [[_moved_to(change.trimmed(), of, to, bases, rng) for change in each] for each in copies]


def _moved_to(change: Change, of: Locus, to: Locus, bases: Bases, rng: np.random.Generator) -> Change:
    n = len(change.ref)
    offset = change.position - of.tss if of.strand == "+" else of.tss - change.position - n + 1
    first = to.tss + offset if to.strand == "+" else to.tss - offset - n + 1
    ref = decode(bases(to.chrom, first, first + n))
    if n != len(change.alt):
        # an insertion stands before `offset` in the gene's direction
        alt = change.alt if of.strand == to.strand else change.alt.translate(COMPLEMENT)[::-1]
        return Change(to.chrom, first, ref, alt)
    alt = "".join(rng.permutation(list(ref))) if len(set(ref)) > 1 else ref
    while alt == ref:
        alt = (
            "".join(rng.permutation(list(ref)))
            if len(set(ref)) > 1
            else "".join(rng.choice([each for each in LETTERS if each != base]) for base in ref)
        )
    return Change(to.chrom, first, ref, alt)


def _of_copies(
    mutation: Mutation, locus: Locus, length: int, bases: Bases, rng: np.random.Generator
) -> list[list[Change]]:
    start, end = window_bounds(locus.tss, length)
    codes = bases(locus.chrom, start, end)
    if mutation.kind == "substitutions":
        return [[_change(text, locus) for text in mutation.value]]
    if mutation.kind == "vcf":
        sample = mutation.further.get("sample")
        if sample is None:
            return [read_changes(mutation.value, locus.chrom, start, end)]
        return list(read_haplotypes(mutation.value, sample, locus.chrom, start, end))
    if mutation.kind == "knock_out":
        interval = mutation.further.get("interval")
        inside = (0, length) if interval is None else locus.in_window(tuple(interval), length)
        return [_replaced(codes, knocked_out(codes, mutation.value, *inside, rng)[0], locus.chrom, start)]
    inside = locus.in_window(tuple(mutation.value), length)
    if mutation.kind == "scramble":
        return [_replaced(codes, scrambled(codes, *inside, rng), locus.chrom, start)]
    on_chrom = partial(bases, locus.chrom)
    return [[deletion(on_chrom, locus.chrom, start + inside[0], start + inside[1])]]


def _replaced(before: np.ndarray, after: np.ndarray, chrom: str, start: int) -> list[Change]:
    """Changes from one window to another of the same places: one for each run of bases that differ."""
    differ = np.flatnonzero(before != after)
    runs = np.split(differ, np.flatnonzero(np.diff(differ) > 1) + 1) if len(differ) else []
    return [
        Change(
            chrom,
            start + int(run[0]),
            decode(before[run[0] : run[-1] + 1]),
            decode(after[run[0] : run[-1] + 1]),
        )
        for run in runs
    ]


def _read_change(text: str, where: str) -> dict[str, str]:
    found = _CHANGE.fullmatch(text.strip())
    if not found:
        raise ValueError(
            f"{where}: {text!r} is no change; write chr8:11676959 G>A (counted from 1, + strand) or -35 G>A (bp from "
            "the TSS along the gene)"
        )
    parts = {name: value or "" for name, value in found.groupdict().items()}
    return parts | {name: parts[name].upper().strip("-") for name in ("ref", "alt")}


def _change(text: str, locus: Locus) -> Change:
    parts = _read_change(text, "substitutions")
    if parts["offset"]:
        return of_gene(locus.chrom, locus.tss, locus.strand, int(parts["offset"]), parts["ref"], parts["alt"])
    return Change(parts["chrom"], int(parts["position"].replace(",", "")) - 1, parts["ref"], parts["alt"])

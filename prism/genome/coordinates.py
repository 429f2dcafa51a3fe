"""Windows around a TSS and names of chromosomes; 0-based, half-open, stored on the + strand."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

log = logging.getLogger(__name__)


def check_length(length: int) -> int:
    """Check the length of a window, and return it.

    length: of a window, bp.
    Raises ValueError unless it is an even positive number.
    """
    if length <= 0 or length % 2:
        raise ValueError(
            f"window length {length} must be an even positive number of bp: the TSS is its centre"
        )
    return int(length)


def window_bounds(tss, length: int):
    """Start and end of the window [tss - length/2, tss + length/2).

    tss: 0-based position of the first transcribed base, an int or an integer array.
    length: of the window, bp, even.
    Raises ValueError for an odd length.

    The bounds may lie off the chromosome.
    """
    half = check_length(length) // 2
    return tss - half, tss + half


def clip(start: int, end: int, chrom_length: int) -> tuple[int, int]:
    """The part of [start, end) that lies on a chromosome; start == end if none does.

    start: of the interval, 0-based bp.
    end: 0-based bp, exclusive.
    chrom_length: of the chromosome, bp.
    """
    low = min(max(start, 0), chrom_length)
    return low, max(low, min(end, chrom_length))


def check_tss(gene_id: str, chrom: str, tss: int, chrom_length: int) -> None:
    """Check that a TSS is a base of its chromosome.

    gene_id: for the message.
    chrom: name of the chromosome.
    tss: of the gene, 0-based bp.
    chrom_length: of the chromosome, bp.
    Raises ValueError if it is not.
    """
    if not 0 <= tss < chrom_length:
        raise ValueError(
            f"{gene_id}: tss {tss} is not on {chrom}, which has {chrom_length} bp (positions are 0-based); "
            "are the genes and the genome of the same assembly?"
        )


def _other_spelling(name: str, prefixed: bool) -> str:
    return f"chr{name}" if prefixed else name.removeprefix("chr")


def _listed(names: Iterable[str], at_most: int = 12) -> str:
    names = list(names)
    more = f" and {len(names) - at_most} more" if len(names) > at_most else ""
    return ", ".join(names[:at_most]) + more


def _spelt_otherwise(wanted: list[str], available: list[str], best: dict[str, str]) -> list[str]:
    """Available names that are no match but differ from a wanted one in `chr` or capitals only."""
    plain = {name.casefold().removeprefix("chr") for name in wanted}
    matched = set(best.values())
    return [
        each for each in available if each not in matched and each.casefold().removeprefix("chr") in plain
    ]


def resolve_chromosomes(
    wanted: Iterable[str], available: Iterable[str], source: str | Path, require_all: bool = True
) -> dict[str, str]:
    """Map each wanted chromosome to its name in a file.

    wanted: the genome's names.
    available: the file's names.
    source: the file, for messages.
    require_all: whether every wanted name must be there; default True. False is for interval files, which
    list only
    chromosomes with an interval: absent ones are left out, and at least one must be there.
    Raises ValueError with the missing chromosomes, the file and the fix; without require_all also where a name is
    another spelling (`chr`, capitals) of a wanted one, whose intervals would be lost.

    If the names differ only by the prefix `chr`, all of them alike, they are matched, with one line in the
    log.
    """
    wanted, available = list(dict.fromkeys(wanted)), list(available)
    there = set(available)
    spellings = [{name: name for name in wanted}]
    spellings += [{name: _other_spelling(name, prefixed) for name in wanted} for prefixed in (True, False)]
    found = [{name: other for name, other in spelling.items() if other in there} for spelling in spellings]
    best = max(found, key=len)  # the first of equals, so unchanged names win
    complete = len(best) == len(wanted) if require_all else bool(best) or not wanted
    if not complete:
        missing = [name for name in wanted if name not in best]
        raise ValueError(
            f"{source}: no chromosome {_listed(missing)}; it has {_listed(available) or 'none'}. "
            "Only a 'chr' prefix is resolved: use a file of the same assembly and naming, rename its "
            "chromosomes, or drop the genes on them"
        )
    if not require_all and (others := _spelt_otherwise(wanted, available, best)):
        raise ValueError(
            f"{source}: chromosomes are named in two ways, {_listed(best.values(), 2)} and {_listed(others, 2)}; spell "
            "all of them alike"
        )
    renamed = [name for name in best if best[name] != name]
    if renamed:
        log.warning("%s: chromosomes named without the same 'chr' prefix (%s is %s there): resolved",
                    source, renamed[0], best[renamed[0]])  # fmt: skip
    return best


def check_lengths(
    names: dict[str, str], lengths: dict[str, int], found: dict[str, int], source: str | Path
) -> None:
    """Check that the chromosomes of a file are as long as the genome's.

    names: genome name -> name in the file.
    lengths: bp by genome name.
    found: bp by name in the file.
    source: the file, for the message.
    Raises ValueError if a length differs, because the file is then of another assembly.
    """
    for name, other in names.items():
        if lengths[name] != found[other]:
            raise ValueError(
                f"{source}: chromosome {other} has {found[other]} bp there, {lengths[name]} bp in the genome "
                f"({name}); it was made on another assembly: use a file of the genome's assembly"
            )

"""Windows around a TSS and the names of chromosomes (0-based, half-open; always read on the + strand)."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

log = logging.getLogger(__name__)


def check_length(length: int) -> int:
    """The window length in bp, refused (ValueError) unless it is an even positive number."""
    if length <= 0 or length % 2:
        raise ValueError(
            f"window length {length} must be an even positive number of bp: the TSS is its centre"
        )
    return int(length)


def window_bounds(tss, length: int):
    """Start and end of the window [tss - length/2, tss + length/2).

    tss: 0-based position of the first transcribed base, an int or an integer array; length: even, in bp.
    The bounds may lie off the chromosome. Raises ValueError for an odd length.
    """
    half = check_length(length) // 2
    return tss - half, tss + half


def clip(start: int, end: int, chrom_length: int) -> tuple[int, int]:
    """The part of [start, end) on a chromosome of `chrom_length` bp; start == end where there is none."""
    low = min(max(start, 0), chrom_length)
    return low, max(low, min(end, chrom_length))


def check_tss(gene_id: str, chrom: str, tss: int, chrom_length: int) -> None:
    """Refuse (ValueError) a TSS that is not a base of its chromosome."""
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


def resolve_chromosomes(
    wanted: Iterable[str], available: Iterable[str], source: str | Path, require_all: bool = True
) -> dict[str, str]:
    """Map each wanted chromosome to its name in `source`.

    A pure `chr` prefix difference is resolved, for all names alike, with one logged line. Anything else
    raises a ValueError that names the missing chromosomes, the file and the fix. `require_all=False` is for
    interval files, where a chromosome without an interval is absent: those are left out, but one at least
    must be there.
    """
    wanted, available = list(dict.fromkeys(wanted)), list(available)
    there = set(available)
    spellings = [{name: name for name in wanted}]
    spellings += [{name: _other_spelling(name, prefixed) for name in wanted} for prefixed in (True, False)]
    found = [{name: other for name, other in spelling.items() if other in there} for spelling in spellings]
    best = max(found, key=len)  # the first of equals, so the names as they stand win
    complete = len(best) == len(wanted) if require_all else bool(best) or not wanted
    if not complete:
        missing = [name for name in wanted if name not in best]
        raise ValueError(
            f"{source}: no chromosome {_listed(missing)}; it has {_listed(available) or 'none'}. "
            "Only a 'chr' prefix is resolved: use a file of the same assembly and naming, rename its "
            "chromosomes, or drop the genes on them"
        )
    renamed = [name for name in best if best[name] != name]
    if renamed:
        log.warning("%s: chromosomes named without the same 'chr' prefix (%s is %s there): resolved",
                    source, renamed[0], best[renamed[0]])  # fmt: skip
    return best


def check_lengths(
    names: dict[str, str], lengths: dict[str, int], found: dict[str, int], source: str | Path
) -> None:
    """Refuse (ValueError) a file whose chromosomes are not as long as the genome's: another assembly.

    names: genome name -> name in the file; lengths: bp by genome name; found: bp by name in the file.
    """
    for name, other in names.items():
        if lengths[name] != found[other]:
            raise ValueError(
                f"{source}: chromosome {other} has {found[other]} bp there, {lengths[name]} bp in the genome "
                f"({name}); it was made on another assembly: use a file of the genome's assembly"
            )

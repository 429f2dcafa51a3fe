"""Changes from a VCF file: all of them, or those on the two chromosome copies of a sample."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from prism.files.text import open_text
from prism.tokens.perturb.mutation import Change

_COLUMNS = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
_GENOTYPE = re.compile(r"(\d+|\.)(?:([|/])(\d+|\.))?")


@dataclass(frozen=True)
class _Record:
    where: str
    chrom: str
    position: int
    ref: str
    alts: list[str]
    cells: dict[str, str]
    keys: list[str]
    inside: list[int]

    def change(self, allele: int) -> Change | None:
        if allele == 0:
            return None
        if allele > len(self.alts):
            raise ValueError(f"{self.where}: genotype names allele {allele}, and there are {len(self.alts)}")
        alt = self.alts[allele - 1].upper()
        if unknown := sorted(set(self.ref + alt) - set("ACGT")):
            raise ValueError(
                f"{self.where}: REF {self.ref}, ALT {alt}: {unknown[0]!r} is no base; symbolic alleles and breakends "
                "cannot be applied: leave the line out"
            )
        return Change(self.chrom, self.position, self.ref, alt)


def read_changes(path: str | Path, chrom: str, start: int, end: int) -> list[Change]:
    """Every alternative allele of the records that begin in an interval.

    path: the VCF file, plain or gzipped.
    chrom: name of the chromosome, as in the file.
    start: 0-based bp.
    end: 0-based bp, exclusive.
    Raises ValueError, with the line, for what is no VCF and for alleles that are no bases.
    """
    found = []
    for record in _records(path, [(chrom, start, end)]):
        found += [record.change(allele) for allele in range(1, len(record.alts) + 1)]
    return found


def read_haplotypes(
    path: str | Path, sample: str, chrom: str, start: int, end: int
) -> tuple[list[Change], list[Change]]:
    """The changes on either chromosome copy of a sample, of the records that begin in an interval.

    path: the VCF file, plain or gzipped.
    sample: name of its column.
    chrom: name of the chromosome, as in the file.
    start: 0-based bp.
    end: 0-based bp, exclusive.
    Raises ValueError, with the line, for an absent sample, a missing genotype, and for a second heterozygous genotype
    where one of the two is not phased (`0/1`): which copy it is on decides the sequence.

    A genotype of one allele (chrX, chrY of men) counts for both copies.
    """
    return read_genotypes(path, [(chrom, start, end)], [sample])[0].get(sample, ([], []))


def read_genotypes(
    path: str | Path, intervals: Sequence[tuple[str, int, int]], samples: Sequence[str]
) -> list[dict[str, tuple[list[Change], list[Change]]]]:
    """The changes on either chromosome copy of several samples in several intervals, the file read once.

    path: the VCF file, plain or gzipped.
    intervals: (chromosome, start, end) each, 0-based bp, end exclusive.
    samples: names of their columns.
    Raises ValueError as `read_haplotypes` does.

    Returns for each interval: sample -> changes of both copies, of the samples that carry any.
    """
    found: list[dict[str, tuple[list[Change], list[Change]]]] = [{} for _ in intervals]
    heterozygous: dict[tuple[int, str], list[tuple[str, bool]]] = {}
    for record in _records(path, intervals, samples):
        for sample in samples:
            first, second, phased = _genotype(record, sample)
            if first == second == 0:
                continue
            changes = record.change(first), record.change(second)
            for number in record.inside:
                copies = found[number].setdefault(sample, ([], []))
                for copy, change in zip(copies, changes, strict=True):
                    copy += [] if change is None else [change]
                if first != second:
                    heterozygous.setdefault((number, sample), []).append((record.where, phased))
    for (number, sample), places in heterozygous.items():
        unphased = [where for where, phased in places if not phased]
        if unphased and len(places) > 1:
            chrom, start, end = intervals[number]
            raise ValueError(
                f"{unphased[0]}: {sample} is heterozygous at {len(places)} places of {chrom}:{start + 1}-{end}, and "
                "this one is not phased; phase the file, or give the changes of each copy as a list"
            )
    return found


def _genotype(record: _Record, sample: str) -> tuple[int, int, bool]:
    values = dict(zip(record.keys, record.cells[sample].split(":"), strict=False))
    found = _GENOTYPE.fullmatch(values.get("GT", ""))
    if not found or "." in found.group(0):
        raise ValueError(
            f"{record.where}: {sample} has genotype {values.get('GT', 'none')!r}; one or two alleles are needed, such "
            "as 0|1: leave the line or the sample out"
        )
    first, mark, second = found.groups()
    return int(first), int(second or first), mark != "/"


def _records(
    path: str | Path, intervals: Sequence[tuple[str, int, int]], samples: Sequence[str] = ()
) -> Iterator[_Record]:
    """The records that begin in one of some intervals; `inside` are the numbers of those."""
    of_chrom: dict[str, list[tuple[int, int, int]]] = {}
    for number, (chrom, start, end) in enumerate(intervals):
        of_chrom.setdefault(chrom, []).append((start, end, number))
    reach = {chrom: max(end - start for start, end, _ in each) for chrom, each in of_chrom.items()}
    for each in of_chrom.values():
        each.sort()
    columns = None
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            where, line = f"{path}, line {number}", line.rstrip("\r\n")
            if line.startswith("##") or not line:
                continue
            cells = line.split("\t")
            if columns is None:
                columns = cells
                if columns[:8] != _COLUMNS:
                    raise ValueError(
                        f"{where}: the header of a VCF file begins {' '.join(_COLUMNS)} (tabs between)"
                    )
                if absent := [sample for sample in samples if sample not in columns[9:]]:
                    raise ValueError(
                        f"{path}: no sample {absent[0]!r}; it has {', '.join(columns[9:]) or 'none'}"
                    )
                continue
            if len(cells) != len(columns):
                raise ValueError(f"{where}: {len(cells)} cells, and the header has {len(columns)} columns")
            if not cells[1].isdecimal() or int(cells[1]) < 1:
                raise ValueError(f"{where}: POS {cells[1]!r} is no position; it counts from 1")
            position = int(cells[1]) - 1
            there = of_chrom.get(cells[0], [])
            first = bisect_left(there, (position - reach.get(cells[0], 0), -1, -1))
            last = bisect_left(there, (position + 1, -1, -1))
            if inside := [number for _, end, number in there[first:last] if position < end]:
                alts = [] if cells[4] == "." else cells[4].split(",")
                samples = dict(zip(columns[9:], cells[9:], strict=True))
                keys = cells[8].split(":") if len(cells) > 8 else []
                yield _Record(where, cells[0], position, cells[3].upper(), alts, samples, keys, inside)
    if columns is None:
        raise ValueError(f"{path}: no header line (#CHROM ...); is it a VCF file?")

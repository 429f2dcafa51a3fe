"""Changes from a VCF file: all of them, or those on the two chromosome copies of a sample."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
    for record in _records(path, chrom, start, end):
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
    copies: tuple[list[Change], list[Change]] = ([], [])
    heterozygous: list[tuple[str, bool]] = []
    for record in _records(path, chrom, start, end):
        if sample not in record.cells:
            raise ValueError(f"{path}: no sample {sample!r}; it has {', '.join(record.cells) or 'none'}")
        first, second, phased = _genotype(record, sample)
        if first != second:
            heterozygous.append((record.where, phased))
        for copy, allele in zip(copies, (first, second), strict=True):
            change = record.change(allele)
            copy += [] if change is None else [change]
    unphased = [where for where, phased in heterozygous if not phased]
    if unphased and len(heterozygous) > 1:
        raise ValueError(
            f"{unphased[0]}: {sample} is heterozygous at {len(heterozygous)} places of {chrom}:{start + 1}-{end}, and "
            "this one is not phased; phase the file, or give the changes of each copy as a list"
        )
    return copies


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


def _records(path: str | Path, chrom: str, start: int, end: int) -> Iterator[_Record]:
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
                continue
            if len(cells) != len(columns):
                raise ValueError(f"{where}: {len(cells)} cells, and the header has {len(columns)} columns")
            if not cells[1].isdecimal() or int(cells[1]) < 1:
                raise ValueError(f"{where}: POS {cells[1]!r} is no position; it counts from 1")
            position = int(cells[1]) - 1
            if cells[0] == chrom and start <= position < end:
                alts = [] if cells[4] == "." else cells[4].split(",")
                samples = dict(zip(columns[9:], cells[9:], strict=True))
                keys = cells[8].split(":") if len(cells) > 8 else []
                yield _Record(where, chrom, position, cells[3].upper(), alts, samples, keys)
    if columns is None:
        raise ValueError(f"{path}: no header line (#CHROM ...); is it a VCF file?")

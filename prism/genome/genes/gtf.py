"""Reads a GTF in one streaming pass: transcripts with their exons, coding segments and stop codons."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from prism.files.text import open_text
from prism.genome.genes.transcripts import COLUMNS, Segments, Transcripts, select_transcripts

_SEGMENT_KINDS = {"exon": "exons", "CDS": "coding", "stop_codon": "stops"}
_ATTRIBUTE = re.compile(r'(\w+) "([^"]*)"')
# GENCODE's annotations of GRCh37 have a second version: ENSG00000223972.5_2
_VERSIONED = re.compile(r"^(ENS[A-Z]*\d{11})\.\d+(_\d+)?$")
_GENE_ID = re.compile(r'\bgene_id "([^"]+)"')
_EXON_NUMBER = re.compile(r'exon_number "?(\d+)')
# GENCODE's tags: this end of the mRNA or of its CDS was not found
_NO_START, _NO_END = {"mRNA_start_NF", "cds_start_NF"}, {"mRNA_end_NF", "cds_end_NF"}
_SKIPPED = -1


def stable_id(gene_id: str) -> str:
    """A gene id without Ensembl's version: ENSG00000000003.15 -> ENSG00000000003.

    gene_id: of any kind; others than Ensembl's stay as they are.
    """
    match = _VERSIONED.match(gene_id)
    return match[1] if match else gene_id


def read_gtf(path: str | Path, gene_types: Iterable[str] | None = ("protein_coding",)) -> Transcripts:
    """All transcripts of the wanted genes of a GTF.

    path: plain or gzipped.
    gene_types: the types wanted; default protein_coding; None: all.
    Raises ValueError for a broken line (with file, line number, content and fix) and for a file without such
    genes.

    GENCODE (gene_type) and Ensembl (gene_biotype) are understood; in a file without types, a gene with a CDS
    counts as protein_coding. Version suffixes of Ensembl ids are cut off; the copies in the pseudo-autosomal
    region of Y are left out. A gene without transcript or exon lines is its own transcript. One transcript id at
    several places or on both strands, as UCSC's annotations have it, is that many transcripts; so is one under
    several genes.
    """
    collector = _Collector(str(path), None if gene_types is None else frozenset(gene_types))
    with open_text(path) as lines:
        for number, line in enumerate(lines, 1):
            if line[0] != "#" and line != "\n":
                collector.take(number, line)
    return collector.finish()


@dataclass
class _Copy:
    """One place of a transcript id."""

    row: int  # of its transcript, or `_SKIPPED`
    start: int
    end: int
    by_line: bool  # whether a transcript line says where it lies
    exons: set[str] = field(default_factory=set)  # numbers of its exons, where no such line does

    def note(self, kind: str, attributes: str) -> None:
        """Remember the number of an exon of a transcript that has no line of its own."""
        if not self.by_line and kind == "exon" and (found := _EXON_NUMBER.search(attributes)):
            self.exons.add(found[1])


def _copy_of(copies: list[_Copy], kind: str, start: int, end: int, attributes: str) -> _Copy | None:
    """The copy that a line belongs to; None for the first line of a new one.

    A transcript line begins a copy, and so does an exon whose number the last copy has already. Other lines belong to
    the copy that they lie in, or to the last one.
    """
    if kind == "transcript" or not copies:
        return None
    last = copies[-1]
    if last.by_line:
        return next((each for each in reversed(copies) if each.start <= start and end <= each.end), last)
    if (
        kind == "exon"
        and last.exons
        and (found := _EXON_NUMBER.search(attributes))
        and found[1] in last.exons
    ):
        return None
    return last


@dataclass
class _Collector:
    """Rows and pieces gathered so far; flat typed arrays, because GENCODE has three million lines."""

    path: str
    gene_types: frozenset[str] | None
    copies: dict[tuple[str, str, str, str], list[_Copy]] = field(default_factory=dict)
    genes: dict[str, str] = field(default_factory=dict)  # ids as written -> `stable_id`
    owners: dict[tuple[str, str, str], str] = field(default_factory=dict)  # of lines without a gene_id
    records: list[list] = field(default_factory=list)
    gene_lines: list[list] = field(default_factory=list)
    types_of_genes: dict[str, str] = field(default_factory=dict)
    pieces: dict[str, tuple[array, array, array]] = field(
        default_factory=lambda: {kind: (array("q"), array("q"), array("q")) for kind in _SEGMENT_KINDS}
    )

    def take(self, number: int, line: str) -> None:
        fields = line.split("\t")
        if len(fields) != 9:
            raise self._broken(number, line, f"{len(fields)} tab-separated fields instead of 9")
        chrom, _, kind, start, end, _, strand, _, attributes = fields
        if kind not in _SEGMENT_KINDS and kind not in ("transcript", "gene"):
            return
        if not (start.isdecimal() and end.isdecimal()):  # int() reads 2_0 too
            raise self._broken(number, line, f"start {start!r} or end {end!r} is not a whole number")
        chrom, first, last = chrom.strip(), int(start) - 1, int(end)
        if first < 0 or last <= first:
            raise self._broken(number, line, f"start {start} and end {end} must hold 1 <= start <= end")
        if kind == "gene":
            self._take_gene(number, line, chrom, first, last, strand, attributes)
            return
        row = self._row(number, line, kind, chrom, first, last, strand, attributes)
        if row == _SKIPPED or kind == "transcript":
            return
        rows, starts, ends = self.pieces[kind]
        rows.append(row)
        starts.append(first)
        ends.append(last)

    def _row(self, number, line, kind, chrom, start, end, strand, attributes) -> int:
        """Index of the line's transcript, made at its first line; `_SKIPPED` for one that is not wanted."""
        at = attributes.find('transcript_id "')
        stop = attributes.find('"', at + 15)
        if at < 0 or stop < 0 or stop == at + 15:
            raise self._broken(number, line, 'no transcript_id "..." among the attributes')
        where = (chrom, strand, attributes[at + 15 : stop])
        key = (*where, self._gene(attributes) or self.owners.get(where, ""))
        copies = self.copies.setdefault(key, [])
        copy = _copy_of(copies, kind, start, end, attributes)
        if copy is None:
            record = self._record(number, line, chrom, start, end, strand, attributes)
            row = len(self.records) if self._wanted(record) else _SKIPPED
            copy = _Copy(row, start, end, by_line=kind == "transcript")
            copies.append(copy)
            if row != _SKIPPED:
                self.records.append([key[2], *record])
            self.owners[where] = key[3]
        copy.note(kind, attributes)
        return copy.row

    def _gene(self, attributes: str) -> str:
        """Stable id of the gene that a line names; "" for none."""
        found = _GENE_ID.search(attributes)
        if found and found[1] not in self.genes:
            self.genes[found[1]] = stable_id(found[1])
        return self.genes[found[1]] if found else ""

    def _take_gene(self, number, line, chrom, start, end, strand, attributes) -> None:
        record = self._record(number, line, chrom, start, end, strand, attributes)
        if record is not None and record[4]:
            self.types_of_genes[record[0]] = record[4]
        if self._wanted(record):
            self.gene_lines.append([record[0], *record])

    def _wanted(self, record: list | None) -> bool:
        return record is not None and (
            self.gene_types is None or record[4] in self.gene_types or not record[4]
        )

    def _record(self, number, line, chrom, start, end, strand, attributes) -> list | None:
        """`COLUMNS` without the transcript id, or None for Y's copy of a pseudo-autosomal gene."""
        pairs = _ATTRIBUTE.findall(attributes)
        values = dict(reversed(pairs))
        if not values.get("gene_id"):
            raise self._broken(number, line, 'no gene_id "..." among the attributes')
        if strand not in ("+", "-"):
            raise self._broken(number, line, f"strand {strand!r} is neither '+' nor '-'")
        tags = {value for name, value in pairs if name == "tag"}
        # ENSGR: releases before 25
        if (
            values["gene_id"].endswith("_PAR_Y")
            or values["gene_id"].startswith("ENSGR")
            or ("PAR" in tags and chrom.removeprefix("chr") == "Y")
        ):
            return None
        gene_type = values.get("gene_type") or values.get("gene_biotype") or ""
        gene_id = stable_id(values["gene_id"])
        symbol = values.get("gene_name") or values.get("gene") or gene_id
        mane = not tags.isdisjoint({"MANE_Select", "MANE Select"})
        canonical = "Ensembl_canonical" in tags
        incomplete = 2 if tags & _NO_START else 1 if tags & _NO_END else 0
        return [gene_id, symbol, chrom, strand, gene_type, mane, canonical, incomplete, start, end]

    def _broken(self, number: int, line: str, why: str) -> ValueError:
        text = line.rstrip("\n")
        text = text if len(text) <= 200 else f"{text[:200]}..."
        hint = (
            "; it looks like GFF3: convert it with `gffread -T`" if "ID=" in text or "Parent=" in text else ""
        )
        return ValueError(
            f"{self.path}, line {number}: {why}: {text!r}; correct the line or download the file again{hint}"
        )

    def finish(self) -> Transcripts:
        seen = {record[1] for record in self.records}
        records = self.records + [gene for gene in self.gene_lines if gene[1] not in seen]
        frame = pd.DataFrame(records, columns=list(COLUMNS))
        frame["gene_type"] = frame["gene_type"].where(
            frame["gene_type"] != "", frame["gene_id"].map(self.types_of_genes)
        )
        pieces = {
            name: Segments(*(np.frombuffer(column, dtype=np.int64) for column in self.pieces[kind]))
            for kind, name in _SEGMENT_KINDS.items()
        }
        for segments in pieces.values():  # a transcript without a line of its own spans its pieces
            start, end = frame["start"].to_numpy(copy=True), frame["end"].to_numpy(copy=True)
            np.minimum.at(start, segments.row, segments.start)
            np.maximum.at(end, segments.row, segments.end)
            frame["start"], frame["end"] = start, end
        transcripts = _of_type(Transcripts(frame, **pieces), self.gene_types)
        if transcripts.frame.empty:
            wanted = (
                "gene" if self.gene_types is None else f"gene of type {', '.join(sorted(self.gene_types))}"
            )
            raise ValueError(
                f"{self.path}: no {wanted} in this file; give a GTF with transcripts, or other gene types"
            )
        self._refuse_unknown_types(set(transcripts.frame["gene_type"].dropna()))
        return transcripts

    def _refuse_unknown_types(self, found: set[str]) -> None:
        """Of several wanted types each must be there; where gene lines give no types, nothing can be said."""
        there = found | set(self.types_of_genes.values())
        if self.types_of_genes and (absent := sorted((self.gene_types or frozenset()) - there)):
            raise ValueError(
                f"{self.path}: no gene of type {', '.join(absent)} in this file; it has {', '.join(sorted(there))}"
            )


def _of_type(transcripts: Transcripts, gene_types: frozenset[str] | None) -> Transcripts:
    """Leave out what only the gene line, or the absence of a CDS, shows not to be of the wanted type."""
    frame = transcripts.frame
    if gene_types is None or frame.empty:
        return transcripts
    untyped = frame["gene_type"].isna()
    coding_genes = set(frame["gene_id"].to_numpy()[np.unique(transcripts.coding.row)])
    coding = frame["gene_id"].isin(coding_genes) & ("protein_coding" in gene_types)
    return select_transcripts(transcripts, np.where(untyped, coding, frame["gene_type"].isin(gene_types)))

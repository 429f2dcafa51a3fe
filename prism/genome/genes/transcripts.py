"""Transcripts of an annotation in memory, with their exons, coding segments and stop codons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

COLUMNS = (
    "transcript_id",
    "gene_id",
    "symbol",
    "chrom",
    "strand",
    "gene_type",
    "mane",
    "canonical",
    "incomplete",
    "start",
    "end",
)
_SKIPPED = -1


@dataclass(frozen=True)
class Segments:
    """Pieces of transcripts.

    row: (n,) index of the transcript.
    start: (n,) 0-based bp.
    end: (n,) 0-based bp, exclusive.
    """

    row: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def select(self, keep: np.ndarray) -> Segments:
        """Some of the pieces.

        keep: (n,) bool, True for those to keep.
        """
        return Segments(self.row[keep], self.start[keep], self.end[keep])

    def total(self, n: int, values: np.ndarray | None = None) -> np.ndarray:
        """(n,) int64: for each transcript the sum of a value over its pieces.

        n: number of transcripts.
        values: one for each piece; default: its length in bp.
        """
        values = self.end - self.start if values is None else values
        out = np.zeros(n, dtype=np.int64)
        np.add.at(out, self.row, values)
        return out

    def count(self, n: int) -> np.ndarray:
        """(n,) int64: pieces of each transcript.

        n: number of transcripts.
        """
        return np.bincount(self.row, minlength=n).astype(np.int64)


@dataclass(frozen=True)
class Transcripts:
    """A GTF in memory.

    frame: one row for each transcript, with `COLUMNS`; start and end are 0-based, half-open; incomplete is 2 where the
        annotation says that the start of the mRNA or of its CDS was not found, 1 where only an end was not, else 0.
    exons: the exon lines, which cover both of the following.
    coding: the CDS lines.
    stops: the stop_codon lines.
    """

    frame: pd.DataFrame
    exons: Segments
    coding: Segments
    stops: Segments


def select_transcripts(transcripts: Transcripts, keep: np.ndarray) -> Transcripts:
    """Some of the transcripts, with their pieces.

    transcripts: of a GTF.
    keep: (n,) bool, True for those to keep.
    """
    if keep.all():
        return transcripts
    new_row = np.where(keep, np.cumsum(keep) - 1, _SKIPPED)

    def moved(pieces: Segments) -> Segments:
        held = pieces.select(keep[pieces.row])
        return Segments(new_row[held.row], held.start, held.end)

    frame = transcripts.frame[keep].reset_index(drop=True)
    return Transcripts(frame, moved(transcripts.exons), moved(transcripts.coding), moved(transcripts.stops))

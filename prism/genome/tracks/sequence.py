"""Bases: codes, one-hot rows, and windows read from a plain FASTA file with its .fai index."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prism.genome.coordinates import clip

LETTERS = "ACGT"
UNKNOWN = 4


def _code_table() -> bytes:
    table = bytearray([UNKNOWN] * 256)
    for code, letter in enumerate(LETTERS):
        table[ord(letter)] = table[ord(letter.lower())] = code
    return bytes(table)


_CODES = _code_table()
_LETTERS_OF = np.frombuffer(f"{LETTERS}N".encode(), np.uint8)
_ONE_HOT = np.vstack([np.eye(4, dtype=np.float32), np.zeros((1, 4), np.float32)])


def encode(bases: str | bytes) -> np.ndarray:
    """Codes (length,) uint8 of a sequence: A0 C1 G2 T3 in either case, else 4. Line ends are skipped."""
    if isinstance(bases, str):
        bases = bases.encode("ascii", "replace")
    return np.frombuffer(bases.translate(_CODES, b"\r\n"), np.uint8)


def decode(codes: np.ndarray) -> str:
    """The letters of codes (length,) uint8; N for an unknown base."""
    return _LETTERS_OF[codes].tobytes().decode()


def one_hot(codes: np.ndarray) -> np.ndarray:
    """One-hot rows (..., 4) float32, A C G T, of codes (...); an unknown base is a row of zeros."""
    return _ONE_HOT[codes]


@dataclass(frozen=True)
class FastaRecord:
    """One line of a .fai index."""

    length: int  # bp
    offset: int  # byte of the first base
    line_bases: int
    line_bytes: int

    def byte(self, position: int) -> int:
        """Byte in the file of a 0-based position."""
        return self.offset + position // self.line_bases * self.line_bytes + position % self.line_bases


class Genome:
    """Windows of a plain FASTA file.

    path: a FASTA file with `<path>.fai` beside it, as `workflow_scripts.genome_fasta` writes them.
    Raises ValueError where the index is absent or belongs to another file. Reads raw bytes at the index's
    offsets, several times faster than pyfaidx, which the tests compare it with. Safe to pickle; opens the
    file on first use.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._records = _read_index(self.path)
        self._file = None

    def __getstate__(self):
        return {**self.__dict__, "_file": None}

    @property
    def lengths(self) -> dict[str, int]:
        """Length in bp of each chromosome, in the file's order."""
        return {name: record.length for name, record in self._records.items()}

    def codes(self, chrom: str, start: int, end: int) -> np.ndarray:
        """Codes (end - start,) uint8 of a region; 4 (N) where it lies off the chromosome."""
        record = self._records[chrom]
        low, high = clip(start, end, record.length)
        inside = self._read(record, low, high)
        if len(inside) == end - start:
            return inside
        codes = np.full(end - start, UNKNOWN, np.uint8)
        codes[low - start : high - start] = inside
        return codes

    def windows(self, chrom: str, starts: np.ndarray, length: int) -> np.ndarray:
        """Codes (n, length) uint8 of the windows that begin at `starts` (n,)."""
        codes = np.empty((len(starts), length), np.uint8)
        for row, start in enumerate(starts):
            codes[row] = self.codes(chrom, int(start), int(start) + length)
        return codes

    def _read(self, record: FastaRecord, low: int, high: int) -> np.ndarray:
        if low >= high:
            return np.empty(0, np.uint8)
        if self._file is None:
            self._file = open(self.path, "rb")  # noqa: SIM115  kept open between windows
        first = record.byte(low)
        self._file.seek(first)
        codes = encode(self._file.read(record.byte(high - 1) + 1 - first))
        if len(codes) != high - low:
            raise ValueError(
                f"{self.path}: does not match its index {self.path}.fai; make both again (genome_fasta)"
            )
        return codes


def _read_index(path: Path) -> dict[str, FastaRecord]:
    index = Path(f"{path}.fai")
    if not path.is_file():
        raise ValueError(f"{path}: no such FASTA file; make it with workflow_scripts.genome_fasta")
    if not index.is_file():
        raise ValueError(
            f"{index}: no such index; make it with workflow_scripts.genome_fasta (or samtools faidx)"
        )
    records = {}
    for line in index.read_text().splitlines():
        fields = line.split("\t")
        if len(fields) != 5 or not all(field.isdigit() for field in fields[1:]):
            raise ValueError(f"{index}: not a FASTA index: {line[:60]!r}; make it again (genome_fasta)")
        records[fields[0]] = FastaRecord(*map(int, fields[1:]))
    with open(path, "rb") as fasta:
        if (start := fasta.read(1)) != b">":
            raise ValueError(
                f"{path}: not a plain FASTA file (starts with {start!r}); make one with genome_fasta"
            )
    needed = max(
        (record.byte(record.length - 1) + 1 for record in records.values() if record.length), default=0
    )
    if path.stat().st_size < needed:
        raise ValueError(
            f"{path}: {path.stat().st_size} bytes, but its index needs {needed}: truncated, or the "
            "index of another file; make both again (genome_fasta)"
        )
    return records

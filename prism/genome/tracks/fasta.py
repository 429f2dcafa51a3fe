"""The genome as a plain FASTA file with its index: made from any FASTA file, and read in windows."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from prism.files.checksums import beside, refuse_damaged, writing_checked
from prism.genome.coordinates import clip
from prism.genome.tracks.sequence import UNKNOWN, encode

if TYPE_CHECKING:
    from pyfaidx import Faidx

LINE_BASES = 60
_BLOCK_BYTES = 8 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_ALLOWED = b"ACGTUNRYSWKMBDHVXacgtunryswkmbdhvx-*."


class Genome:
    """Windows of a plain FASTA file, read with pyfaidx.

    path: a FASTA file with `<path>.fai` beside it, as `workflow_scripts.inputs.genome_fasta` writes them. It must be
    plain, because UCSC's gzip files cannot be indexed.
    Raises ValueError if the index is absent or belongs to another file, or one of them is damaged.

    It can be pickled; the file is opened on first use, so that two processes never share one position in it.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._lengths = _checked_lengths(self.path)
        self._faidx: Faidx | None = None

    def __getstate__(self):
        return {**self.__dict__, "_faidx": None}

    @property
    def lengths(self) -> dict[str, int]:
        """Length in bp of each chromosome, in the file's order."""
        return dict(self._lengths)

    def codes(self, chrom: str, start: int, end: int) -> np.ndarray:
        """Codes (end - start,) uint8 of a region; 4 (N) where it lies off the chromosome.

        chrom: name of the chromosome.
        start: of the interval, 0-based bp.
        end: 0-based bp, exclusive.
        """
        low, high = clip(start, end, self._lengths[chrom])
        inside = self._read(chrom, low, high)
        if len(inside) == end - start:
            return inside
        codes = np.full(end - start, UNKNOWN, np.uint8)
        codes[low - start : high - start] = inside
        return codes

    def windows(self, chrom: str, starts: np.ndarray, length: int) -> np.ndarray:
        """Codes (n, length) uint8 of windows.

        chrom: name of the chromosome.
        starts: (n,) starts of the windows, 0-based bp.
        length: of the windows, bp.
        """
        codes = np.empty((len(starts), length), np.uint8)
        for row, start in enumerate(starts):
            codes[row] = self.codes(chrom, int(start), int(start) + length)
        return codes

    def _read(self, chrom: str, low: int, high: int) -> np.ndarray:
        if low >= high:
            return np.empty(0, np.uint8)
        if self._faidx is None:
            self._faidx = _opened(self.path)
        codes = encode(self._faidx.fetch(chrom, low + 1, high))  # pyfaidx counts from 1, both ends included
        if len(codes) != high - low:
            raise ValueError(
                f"{self.path}: does not match its index {self.path}.fai; make both again (genome_fasta)"
            )
        return codes


def _opened(path: Path) -> Faidx:
    from pyfaidx import Faidx  # here, for slow to import and not needed where only a FASTA is written

    # never rebuilt: the index is made with the file, in one pass
    return Faidx(path, as_raw=True, rebuild=False, build_index=False)


def _checked_lengths(path: Path) -> dict[str, int]:
    """bp of each chromosome; ValueError unless the file is plain FASTA and as long as its index says."""
    index = Path(f"{path}.fai")
    if not path.is_file():
        raise ValueError(f"{path}: no such FASTA file; make it with workflow_scripts.inputs.genome_fasta")
    if not index.is_file():
        raise ValueError(
            f"{index}: no such index; make it with workflow_scripts.inputs.genome_fasta (or samtools faidx)"
        )
    with open(path, "rb") as fasta:
        if (start := fasta.read(1)) != b">":
            raise ValueError(
                f"{path}: not a plain FASTA file (starts with {start!r}); make one with genome_fasta"
            )
    for file in (index, path):
        refuse_damaged(file, f"{path} too, and run the workflow again, which makes both (genome_fasta)")
    try:
        faidx = _opened(path)
    except ValueError as error:
        raise ValueError(f"{index}: not a FASTA index ({error}); make it again (genome_fasta)") from None
    faidx.close()
    ends = [record.bend - (record.lenb - record.lenc) for record in faidx.index.values() if record.rlen]
    needed = max(ends, default=0)  # `bend` counts the end of the last line, which the file need not have
    if path.stat().st_size < needed:
        raise ValueError(
            f"{path}: {path.stat().st_size} bytes, but its index needs {needed}: truncated, or the "
            "index of another file; make both again (genome_fasta)"
        )
    return {name: record.rlen for name, record in faidx.index.items()}


def write_fasta(source: str | Path, target: str | Path) -> dict[str, int]:
    """Copy a FASTA file to plain FASTA with its index, and return the length in bp of each record.

    source: plain, gzip or bgzip.
    target: the file to write, 60 bases a line; the index is `<target>.fai`.
    Raises ValueError for a file that is not FASTA, is cut short, or holds a duplicate name, an empty record
    or a character that is not a base.

    Bases stay as they are (soft-masked lower case too, because encoding ignores case). The file is streamed
    in blocks, so memory does not grow with the genome.
    """
    source, target = Path(source), Path(target)
    index = Path(f"{target}.fai")
    with writing_checked(index) as index_part:
        with writing_checked(target) as part, open(part, "wb") as plain:
            writer = _Writer(plain, source)
            for is_header, piece in _pieces(source):
                writer.start(piece) if is_header else writer.add(piece)
            lines = writer.finish()
            for old in (index, beside(index)):
                old.unlink(missing_ok=True)  # a new FASTA never lies beside an old index
        index_part.write_text("".join(lines))
    return {line.split("\t")[0]: int(line.split("\t")[1]) for line in lines}


def _blocks(source: Path) -> Iterator[bytes]:
    with open(source, "rb") as raw:
        magic = raw.read(2)
        raw.seek(0)
        stream = gzip.GzipFile(fileobj=raw) if magic == _GZIP_MAGIC else raw
        try:
            while block := stream.read(_BLOCK_BYTES):
                yield block
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(
                f"{source}: truncated or damaged gzip file ({error}); download it again"
            ) from error


def _pieces(source: Path) -> Iterator[tuple[bool, bytes]]:
    """(True, header line without '>') and (False, some bases of the record, line ends removed), in order."""
    header, at_line_start, first = None, True, True
    for block in _blocks(source):
        if first and not block.startswith(b">"):
            raise ValueError(f"{source}: not a FASTA file: it starts with {block[:20]!r} instead of '>'")
        first, position = False, 0
        while position < len(block):
            if header is None and at_line_start and block[position : position + 1] == b">":
                header, position = b"", position + 1
            if header is not None:
                end = block.find(b"\n", position)
                header += block[position : end if end >= 0 else len(block)]
                position = end + 1 if end >= 0 else len(block)
                if end >= 0:
                    yield True, header
                    header, at_line_start = None, True
                continue
            end = block.find(b"\n>", position)
            stop = end + 1 if end >= 0 else len(block)
            yield False, block[position:stop].translate(None, b"\r\n")
            at_line_start, position = block[stop - 1 : stop] == b"\n", stop
    if first:
        raise ValueError(f"{source}: an empty file, not FASTA; download it again")
    if header is not None:
        yield True, header


class _Writer:
    """Writes wrapped records and remembers their index lines."""

    def __init__(self, plain: BinaryIO, source: Path):
        self.plain, self.source = plain, source
        self.index: dict[str, str] = {}
        self.name: str | None = None
        self.length, self.offset, self.rest = 0, 0, b""

    def start(self, header: bytes) -> None:
        self._end_record()
        words = header.decode("utf-8", "replace").split()
        if not words:
            raise ValueError(f"{self.source}: a record without a name after {self.name or 'the start'}")
        if words[0] in self.index:
            raise ValueError(f"{self.source}: two records are named {words[0]}; rename or remove one")
        self.plain.write(b">" + header.strip() + b"\n")
        self.name, self.length, self.offset, self.rest = words[0], 0, self.plain.tell(), b""

    def add(self, bases: bytes) -> None:
        if wrong := bases.translate(None, _ALLOWED):
            raise ValueError(
                f"{self.source}: record {self.name} holds {wrong[:1]!r}, which is not a base (IUPAC code)"
            )
        self.length += len(bases)
        bases = self.rest + bases
        whole = len(bases) // LINE_BASES * LINE_BASES
        lines = np.full((whole // LINE_BASES, LINE_BASES + 1), ord("\n"), np.uint8)
        lines[:, :LINE_BASES] = np.frombuffer(bases, np.uint8, whole).reshape(-1, LINE_BASES)
        self.plain.write(lines)
        self.rest = bases[whole:]

    def _end_record(self) -> None:
        if self.name is None:
            return
        if not self.length:
            raise ValueError(
                f"{self.source}: record {self.name} has no bases; the file is cut short or not a genome"
            )
        if self.rest:
            self.plain.write(self.rest + b"\n")
        self.index[self.name] = f"{self.name}\t{self.length}\t{self.offset}\t{LINE_BASES}\t{LINE_BASES + 1}\n"

    def finish(self) -> list[str]:
        self._end_record()
        self.plain.flush()
        return list(self.index.values())

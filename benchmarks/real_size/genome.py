"""A genome of random bases, gzipped as UCSC gives it: half in lower case, N at the chromosomes' ends."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.real_size.sizes import Sizes
from prism.files.atomic import writing

LINE = 60  # bases
_BLOCK = LINE * 50_000  # bases drawn and compressed at a time
_REPEAT = 50  # lines in lower case, then as many in upper case
_QUADS = np.array([[byte >> shift & 3 for shift in (6, 4, 2, 0)] for byte in range(256)], np.uint8)
_LETTERS = np.frombuffer(b"ACGTN", np.uint8)


def write(path: Path, sizes: Sizes) -> None:
    """Write the genome.

    path: of the gzipped FASTA file.
    sizes: of the chromosomes.
    """
    blocks = [(name, number) for name, bp in sizes.lengths.items() for number in range(-(-bp // _BLOCK))]
    with writing(path) as part, open(part, "wb") as out, ThreadPoolExecutor(2) as pool:
        for compressed in pool.map(lambda block: _compressed(sizes, *block), blocks):
            out.write(compressed)


def codes(sizes: Sizes, chrom: str, start: int, end: int) -> np.ndarray:
    """Bases (end - start,) uint8 as they were drawn: A 0, C 1, G 2, T 3, N 4; 4 off the chromosome.

    sizes: of the chromosomes.
    chrom: name of the chromosome.
    start: 0-based bp.
    end: 0-based bp, exclusive.
    """
    found = np.full(end - start, 4, np.uint8)
    low, high = max(start, 0), min(end, sizes.lengths[chrom])
    for number in range(low // _BLOCK, (high - 1) // _BLOCK + 1):
        block, first = _block(sizes, chrom, number), number * _BLOCK
        here, there = max(low, first), min(high, first + len(block))
        found[here - start : there - start] = block[here - first : there - first]
    return found


def _block(sizes: Sizes, chrom: str, number: int) -> np.ndarray:
    """Codes of one block of a chromosome."""
    length, first = sizes.lengths[chrom], number * _BLOCK
    n, edge = min(_BLOCK, length - first), min(10_000, length // 20)
    drawn = sizes.draw("genome", chrom, number).integers(0, 256, -(-n // 4), dtype=np.uint8)
    block = _QUADS[drawn].reshape(-1)[:n]
    block[: max(edge - first, 0)] = 4
    block[max(length - edge - first, 0) :] = 4
    return block


def _compressed(sizes: Sizes, chrom: str, number: int) -> bytes:
    """A block as lines of text, a gzip member of its own."""
    letters = _LETTERS[_block(sizes, chrom, number)]
    whole = len(letters) // LINE
    lines = np.full((whole, LINE + 1), ord("\n"), np.uint8)
    lines[:, :LINE] = letters[: whole * LINE].reshape(whole, LINE)
    lines[np.arange(whole) // _REPEAT % 2 == 1, :LINE] |= 0x20
    text = lines.tobytes()
    if rest := letters[whole * LINE :].tobytes():
        text += rest + b"\n"
    if number == 0:
        text = f">{chrom}\n".encode() + text
    # random bases hardly repeat: looking for matches would take most of the time
    deflate = zlib.compressobj(1, wbits=31, strategy=zlib.Z_HUFFMAN_ONLY)
    return deflate.compress(text) + deflate.flush()

"""Writes a simulated genome in the field's formats; every file appears whole or not at all, with its checksum."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cooler
import h5py
import numpy as np
import pandas as pd
import pyBigWig
import pysam

from prism.files.checksums import writing_checked

LINE = 60  # bases per FASTA line
LETTERS = np.frombuffer(b"ACGTN", dtype=np.uint8)


def write_fasta(path: Path, chromosomes: Iterator[tuple[str, np.ndarray, np.ndarray]]) -> None:
    """Write a bgzipped FASTA.

    path: the file.
    chromosomes: (name, codes (length,), lower case (length,) bool) of each.
    """
    with writing_checked(path) as part, pysam.BGZFile(str(part), "wb") as fasta:
        for name, codes, lower in chromosomes:
            letters = LETTERS[codes] + 32 * lower.astype(np.uint8)
            whole = len(letters) // LINE * LINE
            lines = np.full((whole // LINE, LINE + 1), ord("\n"), dtype=np.uint8)
            lines[:, :LINE] = letters[:whole].reshape(-1, LINE)
            rest = letters[whole:].tobytes() + b"\n" if whole < len(letters) else b""
            fasta.write(f">{name}\n".encode() + lines.tobytes() + rest)


def write_bgzipped(path: Path, lines: list[str]) -> None:
    """Write lines of text, bgzipped.

    path: the file.
    lines: without line ends.
    """
    with writing_checked(path) as part, pysam.BGZFile(str(part), "wb") as text:
        text.write(("\n".join(lines) + "\n").encode())


def write_bed(path: Path, table: pd.DataFrame) -> None:
    """Write a table as tab-separated lines without a header.

    path: the file.
    table: BED or narrowPeak columns.
    """
    with writing_checked(path) as part:
        table.to_csv(part, sep="\t", header=False, index=False)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table with its header, floats at full precision.

    path: the file.
    table: any.
    """
    with writing_checked(path) as part:
        table.to_csv(part, sep="\t", index=False)


def write_bigwig(path: Path, tracks: dict[str, np.ndarray], chromosome_length: int, step: int) -> None:
    """Write a bigWig; zeros are not stored.

    path: the file.
    tracks: chrom -> (n_bins,) values.
    chromosome_length: bp, the same for all.
    step: bp of each value.
    """
    with writing_checked(path) as part:
        bigwig = pyBigWig.open(str(part), "w")
        bigwig.addHeader([(chrom, chromosome_length) for chrom in tracks], maxZooms=4)
        for chrom, values in tracks.items():
            starts, ends, runs = _runs(values, step, chromosome_length)
            if len(runs):
                bigwig.addEntries([chrom] * len(runs), starts, ends=ends, values=runs, validate=False)
        bigwig.close()


def _runs(values: np.ndarray, step: int, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Runs of equal non-zero values: starts, ends (bp), values."""
    edges = np.flatnonzero(np.diff(values)) + 1
    starts = np.concatenate([[0], edges])
    ends = np.concatenate([edges, [len(values)]])
    runs = values[starts].astype(np.float64)
    kept = runs != 0
    return starts[kept] * step, np.minimum(ends[kept] * step, length), runs[kept]


def write_cool(
    path: Path,
    contacts: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]],
    weights: dict[str, np.ndarray],
    chromosome_length: int,
    bin_size: int,
) -> None:
    """Write raw contacts and balancing weights as `.cool`.

    path: the file.
    contacts: chrom -> (bin1, bin2, counts), bins numbered within the chromosome.
    weights: chrom -> (n_bins,).
    chromosome_length: bp, the same for all.
    bin_size: bp.
    """
    starts = np.arange(0, chromosome_length, bin_size)
    ends = np.minimum(starts + bin_size, chromosome_length)
    bins = pd.concat(
        [
            pd.DataFrame({"chrom": chrom, "start": starts, "end": ends, "weight": weights[chrom]})
            for chrom in contacts
        ],
        ignore_index=True,
    )
    pixels = pd.concat(
        [
            pd.DataFrame(
                {"bin1_id": bin1 + i * len(starts), "bin2_id": bin2 + i * len(starts), "count": counts}
            )
            for i, (bin1, bin2, counts) in enumerate(contacts.values())
        ],
        ignore_index=True,
    )
    with writing_checked(path) as part, TemporaryDirectory() as folder:
        stamped = Path(folder) / path.name
        cooler.create_cooler(
            str(stamped), bins, pixels, assembly="simulated", ordered=True, ensure_sorted=False
        )
        _copy_without_time(stamped, part)


def _copy_without_time(source: Path, target: Path) -> None:
    """Copy a `.cool` with a fixed creation date: cooler stamps the time, but one seed should give one file."""
    with h5py.File(source, "r") as old, h5py.File(target, "w") as new:
        for name in old:
            old.copy(name, new)
        new.attrs.update({**old.attrs, "creation-date": "2000-01-01T00:00:00"})

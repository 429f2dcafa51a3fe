"""Layout of the dataset file (HDF5): `cut` writes it and `windows` reads it."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # workers need no gene table and no HDF5, and should not wait for their imports
    import h5py

    from prism.genome.genes.loci import Loci

SCHEMA_VERSION = 1
# Tracks are runs of equal values: plain deflate (380-490 MB/s, ratios of 15-44) beats both shuffle and lzf.
_DEFLATE_LEVEL = 1
_BINNED_ROWS = 32  # genes of a chunk of contacts, which have few values each
_MATCH_MEMORY = 5  # zlib's memLevel: a hash table that fits in the fastest cache, a fifth faster than 8


@dataclass(frozen=True)
class Array:
    """One array of the file, a row for each gene."""

    path: str  # sequence, signals/<name>, blacklist, peaks
    dtype: str  # numpy's name
    width: int  # of a row
    bin_size: int = 0  # bp, of contacts; 0: one value for each base

    @property
    def row_bytes(self) -> int:
        """Bytes of a row when decoded."""
        return self.width * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Block:
    """Windows of some genes of one chromosome, ready to be stored."""

    rows: np.ndarray  # (k,) rows of the file
    chunks: dict[str, list[bytes]]  # by array path: compressed rows of per-base arrays, b"" for zeros
    binned: dict[str, np.ndarray]  # by array path: (k, n_bins) float32 contacts
    digests: dict[str, np.ndarray]  # by array path: (k, 32) uint8, sha256 of each decoded row
    bounds: dict[str, tuple[float, float]]  # by signal path: lowest and highest value


def compressed(row: np.ndarray) -> bytes:
    """A row as HDF5's deflate filter stores it, so that workers compress and the writer only writes.

    row: (width,) decoded.

    Empty for a mask without a True, because HDF5 reads as False what was never stored.
    """
    if row.dtype == bool and not row.any():
        return b""
    if row.dtype == np.uint8:
        # Bases hardly repeat: looking for matches costs half the time and makes the row larger.
        deflate = zlib.compressobj(_DEFLATE_LEVEL, strategy=zlib.Z_HUFFMAN_ONLY)
    else:
        deflate = zlib.compressobj(_DEFLATE_LEVEL, memLevel=_MATCH_MEMORY)
    return deflate.compress(row) + deflate.flush()


def digest(row: np.ndarray) -> bytes:
    """sha256 (32 bytes) of a decoded row.

    row: (width,) decoded.
    """
    return hashlib.sha256(np.ascontiguousarray(row)).digest()


class DatasetWriter:
    """Writes blocks, in any order, to an open HDF5 file; its memory does not grow with the windows' length.

    file: open for writing.
    loci: the genes, in the file's order.
    arrays: those of the file, in its order.
    """

    def __init__(self, file: h5py.File, loci: Loci, arrays: list[Array]):
        import h5py  # here, not in the workers

        self.file, self.loci, self.arrays = file, loci, arrays
        self._digests = {array.path: np.zeros((len(loci), 32), np.uint8) for array in arrays}
        self._binned: dict[str, np.ndarray] = {}  # small enough to be kept until all rows are there
        self.bounds: dict[str, tuple[float, float]] = {}
        genes = file.create_group("genes")
        for name in ("gene_id", "chrom", "strand"):
            genes.create_dataset(name, data=getattr(loci, name), dtype=h5py.string_dtype())
        for name in ("tss", "chrom_length"):
            genes.create_dataset(name, data=getattr(loci, name))
        file.create_group("signals")
        for array in arrays:
            shape, dtype = (len(loci), array.width), np.dtype(array.dtype)
            if array.bin_size:
                self._binned[array.path] = np.zeros(shape, dtype)
            else:
                # One gene a chunk: any gene is read alone, and no chunk waits for two chromosomes.
                file.create_dataset(array.path, shape, dtype, chunks=(1, array.width),
                                    compression="gzip", compression_opts=_DEFLATE_LEVEL)  # fmt: skip

    def add(self, block: Block) -> None:
        """Store a block's rows.

        block: windows of some genes.
        """
        for path, digests in block.digests.items():
            self._digests[path][block.rows] = digests
        for path, chunks in block.chunks.items():
            store = self.file[path].id
            for row, chunk in zip(block.rows.tolist(), chunks, strict=True):
                if chunk:
                    store.write_direct_chunk((row, 0), chunk)
        for path, values in block.binned.items():
            self._binned[path][block.rows] = values
        for path, (low, high) in block.bounds.items():
            known = self.bounds.get(path, (low, high))
            self.bounds[path] = (min(low, known[0]), max(high, known[1]))

    def finish(self) -> str:
        """Store what was kept until the end, and return the content hash."""
        from prism.files.hdf5 import CHECKED  # not in the workers either

        sizes = {array.path: array.bin_size for array in self.arrays}
        for path, values in self._binned.items():
            data = self.file.create_dataset(
                path, data=values, chunks=(min(_BINNED_ROWS, len(values)), values.shape[1]), **CHECKED
            )
            data.attrs.update(kind="contacts", bin_size=sizes[path])
        return self._content_hash()

    def _content_hash(self) -> str:
        """sha256 hex over the genes, then each array's rows, in the file's order.

        Rows enter as their own sha256, so that workers can hash them: neither the number of threads, nor the
        size of blocks, nor the compression changes the result.
        """
        loci = self.loci
        genes = [loci.gene_id, loci.chrom, loci.tss.tolist(), loci.strand, loci.chrom_length.tolist()]
        total = hashlib.sha256(json.dumps([SCHEMA_VERSION, genes]).encode())
        for array in self.arrays:
            total.update(json.dumps([array.path, array.dtype, array.width, array.bin_size]).encode())
            total.update(self._digests[array.path])
        return total.hexdigest()

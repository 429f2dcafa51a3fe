"""Makes the file of a cell type's candidate elements (HDF5), which `prism.genome.elements.reader` reads.

Elements do not depend on the length of the windows, so they have a file of their own. Its arrays:
  /genes/{gene_id,chrom,tss,strand,chrom_length} (n,), as in the dataset file
  /elements/{start,end} (n, 60) int64, {distance,contact,activity} (n, 60) float32, 0 where padded
  /elements/count (n,) int32
  /elements/index (n, 60) int32: rows of /elements/unique, which holds each element once
  /elements/unique/{chrom,start,end} (m,)
  /elements/unique/sequence (m, 2000) uint8 codes: the element with its centre at 1000, else 4
  attrs: schema_version, kind, assembly, cell_type, sources (JSON), content_hash (sha256 hex over all arrays)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

from prism.files import hdf5
from prism.files.atomic import writing
from prism.genome.elements import candidates
from prism.genome.elements.candidates import WIDTH, Candidates, Elements
from prism.genome.elements.layout import KIND, SCHEMA_VERSION
from prism.genome.genes.loci import Loci, read_loci
from prism.genome.tracks.contacts import ContactMap
from prism.genome.tracks.fasta import Genome
from prism.genome.tracks.sequence import UNKNOWN
from prism.genome.tracks.signal_sources import Signal, describe, describe_file

_ROWS_AT_ONCE = 4096  # sequences held while writing: 8 MB
_CHUNK_ROWS = 32  # a gene's elements are neighbours, so a few chunks hold them


def make(
    genes: str | Path,
    fasta: str | Path,
    peaks: str | Path,
    out: str | Path,
    *,
    cell_type: str,
    assembly: str,
    blacklist: str | Path | None = None,
    contacts: Signal | None = None,
    activity: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Write the candidate elements of the genes that are not dropped, and return the content hash.

    genes: genes table.
    fasta: plain FASTA with .fai.
    peaks: narrowPeak or BED.
    out: the file to write, whole or not at all.
    cell_type: its name, for the record.
    assembly: its name, for the record.
    blacklist: BED file of regions to avoid; default None.
    contacts: a contact map; default None: every contact is 0.
    activity: signal name -> bigWig replicates; default None: every activity is 0.
    Raises ValueError for bad input (see the readers).
    """
    genome = Genome(fasta)
    loci = read_loci(genes, genome.lengths, fasta)
    lengths = loci.lengths()
    chosen = candidates.choose(loci, peaks, blacklist)
    reader = ContactMap(contacts.name, contacts.files[0], lengths, contacts.resolution) if contacts else None
    arrays = _arrays(chosen, loci, reader, candidates.activity(chosen, activity or {}, lengths))
    sources = {"sequence": fasta, "peaks": peaks} | ({"blacklist": blacklist} if blacklist else {})
    facts: dict = {name: describe_file(path) for name, path in sources.items()}
    if reader is not None:
        facts["contact"] = describe(
            contacts, normalisation=reader.normalisation, resolution=reader.resolution
        )
    for name, files in (activity or {}).items():
        facts[f"activity/{name}"] = describe(Signal(name, "bigwig", tuple(files)))
    with writing(out) as part, h5py.File(part, "w", libver=hdf5.NEW) as file:
        total = _write_tables(file, loci, arrays, chosen.elements)
        _write_sequence(file, genome, chosen.elements, total)
        file.attrs.update(
            schema_version=SCHEMA_VERSION, kind=KIND, assembly=assembly, cell_type=cell_type,
            sources=json.dumps(facts), content_hash=total.hexdigest(),
        )  # fmt: skip
        hdf5.seal(file)
    counts = chosen.count
    print(
        f"elements: {len(chosen.elements):,} of {len(loci):,} genes; a gene has {counts.mean():.1f} on average, "
        f"{(counts == 0).sum():,} genes have none, {(counts == candidates.MOST).sum():,} the most kept "
        f"({candidates.MOST})",
        flush=True,
    )
    return total.hexdigest()


def _arrays(
    chosen: Candidates, loci: Loci, contacts: ContactMap | None, activity: np.ndarray
) -> dict[str, np.ndarray]:
    """The arrays of /elements, in the file's order."""
    return {
        "start": chosen.padded(chosen.elements.start),
        "end": chosen.padded(chosen.elements.end),
        "distance": candidates.distance(chosen, loci),
        "contact": candidates.contact(chosen, loci, contacts),
        "activity": activity,
        "count": chosen.count,
        "index": chosen.index,
    }


def _write_tables(file: h5py.File, loci: Loci, arrays: dict[str, np.ndarray], elements: Elements):
    """Write all but the sequences; returns the sha256 of what was written."""
    for name in ("gene_id", "chrom", "strand"):
        file.create_dataset(f"genes/{name}", data=getattr(loci, name), dtype=h5py.string_dtype())
    for name in ("tss", "chrom_length"):
        file[f"genes/{name}"] = getattr(loci, name)
    genes = [loci.gene_id, loci.chrom, loci.tss.tolist(), loci.strand, loci.chrom_length.tolist()]
    total = hashlib.sha256(json.dumps([SCHEMA_VERSION, genes, elements.chrom.tolist()]).encode())
    for name, values in arrays.items():
        file.create_dataset(f"elements/{name}", data=values, compression="gzip", compression_opts=1,
                            **hdf5.CHECKED)  # fmt: skip
    file.create_dataset("elements/unique/chrom", data=elements.chrom.tolist(), dtype=h5py.string_dtype())
    for name in ("start", "end"):
        file[f"elements/unique/{name}"] = getattr(elements, name)
    for name, values in {**arrays, "unique/start": elements.start, "unique/end": elements.end}.items():
        total.update(json.dumps([name, values.dtype.name, values.shape]).encode())
        total.update(np.ascontiguousarray(values))
    return total


def _write_sequence(file: h5py.File, genome: Genome, elements: Elements, total) -> None:
    rows = min(_CHUNK_ROWS, len(elements))
    store = file.create_dataset(
        "elements/unique/sequence", (len(elements), WIDTH), np.uint8, chunks=(rows, WIDTH),
        compression="gzip", compression_opts=1, **hdf5.CHECKED,
    )  # fmt: skip
    for first in range(0, len(elements), _ROWS_AT_ONCE):
        part = slice(first, first + _ROWS_AT_ONCE)
        codes = np.full((len(elements.start[part]), WIDTH), UNKNOWN, np.uint8)
        bounds = elements.start[part].tolist(), elements.end[part].tolist()
        for row, (chrom, start, end) in zip(
            codes, zip(elements.chrom[part], *bounds, strict=True), strict=True
        ):
            place = WIDTH // 2 - (end - start) // 2  # its centre comes to the middle position
            row[place : place + end - start] = genome.codes(chrom, start, end)
        store[part] = codes
        total.update(codes)

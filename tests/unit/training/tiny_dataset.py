"""A dataset of a few genes, written by hand in the dataset file's layout, with labels that can be learned."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

CHROMOSOMES = {"chr1": 20, "chr2": 6, "chr3": 6}
SPLITS = {"chr1": "train", "chr2": "valid", "chr3": "test"}
FOLDS = pd.DataFrame(
    {"fold": "1", "chromosome": list(SPLITS), "split": list(SPLITS.values())},
)


def write(
    folder: Path,
    length: int = 32,
    seed: int = 0,
    signals=("ATAC", "H3K27ac"),
    scale: float = 1.0,
    cell_type: str = "tiny",
) -> tuple[Path, Path]:
    """Write <folder>/<length>.h5 and genes.tsv; the label is the mean of the first signal plus the GC of the UTR."""
    draw = np.random.default_rng(seed)
    chrom = np.repeat(list(CHROMOSOMES), list(CHROMOSOMES.values()))
    n = len(chrom)
    gene_id = [f"gene{i:02d}" for i in range(n)]
    tss = 1000 * np.arange(1, n + 1)
    level = draw.uniform(0, 2, n)
    tracks = {name: draw.uniform(0, 1, (n, length)).astype("f4") + level[:, None] for name in signals}
    tracks = {name: (scale * track).astype("f4") for name, track in tracks.items()}
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / f"{length}.h5", "w") as file:
        text = h5py.string_dtype()
        file.create_dataset("genes/gene_id", data=gene_id, dtype=text)
        file.create_dataset("genes/chrom", data=chrom.tolist(), dtype=text)
        file.create_dataset("genes/strand", data=["+"] * n, dtype=text)
        file["genes/tss"] = tss
        file["genes/chrom_length"] = np.full(n, 1_000_000)
        file["sequence"] = draw.integers(0, 5, (n, length), dtype=np.uint8)
        for name, track in tracks.items():
            file[f"signals/{name}"] = track
        file.attrs.update(
            schema_version=1, assembly="tiny", cell_type=cell_type, length=length, signals=json.dumps(list(signals)),
            sources=json.dumps({name: {"md5": f"md5 of {name}", "transform": "none"} for name in signals}),
            content_hash=f"tiny {length} {seed} {scale}",
        )  # fmt: skip
    pd.DataFrame(
        {
            "gene_id": gene_id, "symbol": gene_id, "chrom": chrom, "tss": tss, "strand": "+",
            "promoter_activity": draw.uniform(0, 1, n), "expression": level, "dropped": "",
        }
    ).to_csv(folder / "genes.tsv", sep="\t", index=False)  # fmt: skip
    return folder / f"{length}.h5", folder / "genes.tsv"


def mirrored(folder: Path, dataset: tuple[Path, Path], rows) -> tuple[Path, Path]:
    """The same dataset with some genes on the - strand: their windows stored the other way round."""
    folder.mkdir(parents=True, exist_ok=True)
    windows, genes = folder / dataset[0].name, folder / "genes.tsv"
    windows.write_bytes(dataset[0].read_bytes())
    with h5py.File(windows, "r+") as file:
        for name in file["signals"]:
            track = file[f"signals/{name}"][:]
            track[rows] = track[rows, ::-1]
            file[f"signals/{name}"][:] = track
        codes = file["sequence"][:]
        codes[rows] = np.array([3, 2, 1, 0, 4], "u1")[codes[rows, ::-1]]
        file["sequence"][:] = codes
        strand = np.array(["+"] * len(codes), object)
        strand[rows] = "-"
        file["genes/strand"][:] = strand
    table = pd.read_csv(dataset[1], sep="\t", keep_default_na=False)
    table.assign(strand=strand).to_csv(genes, sep="\t", index=False)
    return windows, genes


def write_elements(path, genes, cell_type: str = "tiny", seed: int = 0) -> None:
    """Gene i has i % 3 elements, of random bases."""
    draw, table = np.random.default_rng(seed), pd.read_csv(genes, sep="\t")
    n = len(table)
    count = np.arange(n) % 3
    with h5py.File(path, "w") as file:
        for name in ("gene_id", "chrom"):
            file.create_dataset(f"genes/{name}", data=table[name].tolist(), dtype=h5py.string_dtype())
        file["genes/tss"] = table["tss"].to_numpy()
        for name in ("distance", "contact", "activity"):
            file[f"elements/{name}"] = draw.uniform(0, 1, (n, 4)).astype("f4")
        file["elements/count"] = count.astype("i4")
        file["elements/index"] = draw.integers(0, 5, (n, 4), dtype="i4")
        file["elements/unique/sequence"] = draw.integers(0, 5, (5, 2000), dtype=np.uint8)
        file.attrs.update(
            schema_version=1, kind="elements", assembly="tiny", cell_type=cell_type, sources=json.dumps({}),
            content_hash=f"tiny {seed}",
        )  # fmt: skip

"""Ridge on yeast's chromosome IV, on the + strand and along the gene: python -m benchmarks.ridge_orientation.

Five contiguous blocks of its genes, each the validation once; the penalty is chosen on it, so the numbers serve to
compare settings, not to say how well ridge predicts. Other chromosomes are not read: they are for tests.
"""

from __future__ import annotations

import argparse
import gzip
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from prism.files.atomic import writing
from prism.genome.dataset import cut
from prism.genome.dataset.windows import Windows
from prism.genome.tracks.fasta import write_fasta
from prism.genome.tracks.signal_sources import Signal
from prism.models import build

CHROMOSOME, LENGTH, BLOCKS = "IV", 2_000, 5
SIGNALS = (("ATAC", "MNase", "PolII"), ("ATAC", "MNase"))
SETTINGS = {"bin_size": (100, 50), "kmer": (4, 1), "transform": ("none", "log1p")}


def main() -> None:
    """Cut the windows, fit every combination and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--yeast", type=Path, default=Path("../shared/real/yeast"))
    parser.add_argument("--work", type=Path, default=Path("resources/ridge_orientation"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/ridge_orientation.tsv"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    dataset = prepared(options.yeast, options.work)
    rows = [
        {"signals": ",".join(signals), **dict(zip(SETTINGS, values, strict=True))}
        | {
            f"mse_{orientation}": error(dataset, signals, orientation, values)
            for orientation in ("plus", "gene")
        }
        for signals, values in product(SIGNALS, product(*SETTINGS.values()))
    ]
    table = pd.DataFrame(rows).round(4)
    with writing(options.out) as part:
        table.to_csv(part, sep="\t", index=False)
    print(table.to_string(index=False))


def prepared(yeast: Path, work: Path) -> tuple[Path, Path]:
    """Windows and genes table of the chromosome."""
    table = pd.read_csv(yeast / "genes.tsv", sep="\t").query("chrom == @CHROMOSOME").sort_values("tss")
    expression = np.log10(table["RNA_sense_CPM"] + 1)
    genes = table[["gene", "gene", "chrom", "tss", "strand"]].set_axis(
        ["gene_id", "symbol", "chrom", "tss", "strand"], axis=1
    )
    genes.assign(expression=expression, dropped="").to_csv(work / "genes.tsv", sep="\t", index=False)
    (work / "plain.fa").write_bytes(gzip.decompress((yeast / "R64-1-1.fa.gz").read_bytes()))
    write_fasta(work / "plain.fa", work / "genome.fa")
    signals = [Signal(name, "bigwig", (str(yeast / f"{name}.bw"),)) for name in SIGNALS[0]]
    files = work / "windows.h5", work / "genes.tsv"
    cut.cut(files[1], work / "genome.fa", LENGTH, signals, files[0], cell_type="yeast", assembly="R64-1-1")
    return files


def error(dataset: tuple[Path, Path], signals: tuple[str, ...], orientation: str, values: tuple) -> float:
    """Mean over the blocks of the validation MSE, log10(x + 1)."""
    windows = Windows(*dataset, LENGTH, signals, orientation=orientation)
    sizes = {"length": LENGTH, "n_signals": len(signals), "n_rna_features": 0, "center_len": LENGTH}
    found = []
    for block in np.array_split(np.arange(len(windows)), BLOCKS):
        rest = np.setdiff1d(np.arange(len(windows)), block)
        model = build("ridge", sizes | dict(zip(SETTINGS, values, strict=True)))
        found.append(model.fit([windows.batch(rest)], [windows.batch(block)])["valid_mse"])
    return float(np.mean(found))


if __name__ == "__main__":
    main()

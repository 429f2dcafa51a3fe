"""Writes a track of the distance to the nearest TSS: 1 at a TSS, falling to 0 at 500 bp.

python benchmarks/ridge_floor/tss_track.py genes.tsv genome.fa.fai tss.bw
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pyBigWig

REACH = 500  # bp


def main() -> None:
    genes, index, out = sys.argv[1:]
    tss = pd.read_csv(genes, sep="\t").groupby("chrom")["tss"]
    sizes = pd.read_csv(index, sep="\t", header=None).set_index(0)[1]
    hill = 1 - np.abs(np.arange(-REACH, REACH + 1)) / REACH
    with pyBigWig.open(out, "w") as track:
        track.addHeader([(chrom, int(size)) for chrom, size in sizes.items()])
        for chrom, size in sizes.items():
            values = np.zeros(size + 2 * REACH)
            for place in tss.get_group(chrom) if chrom in tss.groups else ():
                here = values[place : place + 2 * REACH + 1]
                np.maximum(here, hill, out=here)
            track.addEntries(chrom, 0, values=values[REACH : REACH + size], span=1, step=1)


if __name__ == "__main__":
    main()

"""A GTF of 60,649 genes, the table of 18,377 and that of the labels, of which some genes are lost on purpose."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.real_size import signals
from benchmarks.real_size.sizes import ABSENT, GTF_GENES, LISTED, SPLIT, UNLABELLED, Sizes
from prism.files.atomic import writing
from prism.genome.genes.table import RNA_FEATURES

LABEL_COLUMN = "K562_CAGE_128*3_sum"
LABEL_MEMBER = "GM12878_K562_18377_gene_expr_fromXpresso_with_sequence_strand.csv"
REACH = 500  # bp on both sides of the TSS whose H3K27ac makes the label
_EDGE = 300  # bp from the chromosome's end of the first and the last gene: their windows run over it
_CODING_BESIDES = 2_500  # protein-coding genes that the table does not list


@dataclass(frozen=True)
class Genes:
    """Genes in columns gene_id, symbol, chrom, tss (0-based bp), strand, body (bp), listed, in_gtf, coding, split,
    labelled, label (before log10).

    frame: the listed ones first, by chromosome.
    features: (n listed, 8) mRNA features.
    """

    frame: pd.DataFrame
    features: np.ndarray

    @property
    def listed(self) -> pd.DataFrame:
        """The rows of the gene table."""
        return self.frame[self.frame["listed"]]

    @property
    def kept(self) -> pd.DataFrame:
        """The genes that neither the GTF nor the label's table lacks."""
        return self.frame[self.frame["listed"] & self.frame["in_gtf"] & self.frame["labelled"]]


def draw(sizes: Sizes) -> Genes:
    """The genes.

    sizes: of the chromosomes, and how many genes there are.
    """
    dice = sizes.draw("genes")
    chrom = np.repeat(list(LISTED), [sizes.genes(count) for count in LISTED.values()])
    n_listed = len(chrom)
    n_besides = sizes.genes(GTF_GENES) - n_listed + sum(map(sizes.genes, ABSENT.values()))
    share = np.array(list(sizes.lengths.values())) / sizes.total
    chrom = np.r_[chrom, dice.choice(list(sizes.lengths), n_besides, p=share)]
    length = np.array([sizes.lengths[name] for name in chrom])
    body = np.minimum(np.exp(dice.uniform(np.log(2_500), np.log(200_000), len(chrom))), length // 8).astype(
        int
    )
    tss = (body + 2_000 + dice.random(len(chrom)) * (length - 2 * body - 4_000)).astype(int)
    strand = dice.choice(["+", "-"], len(chrom))
    tss[0], strand[0], tss[n_listed - 1], strand[n_listed - 1] = _EDGE, "+", length[n_listed - 1] - _EDGE, "-"
    frame = pd.DataFrame({"chrom": chrom, "tss": tss, "strand": strand, "body": body})
    frame["gene_id"] = [f"ENSG{number:011d}" for number in dice.permutation(len(frame)) + 1]
    frame["symbol"] = [f"SYN{number}" for number in range(len(frame))]
    frame["listed"] = np.arange(len(frame)) < n_listed
    frame["coding"] = np.arange(len(frame)) < n_listed + sizes.genes(_CODING_BESIDES)
    frame["split"] = frame["chrom"].map(SPLIT).fillna("train")
    frame["in_gtf"] = frame["labelled"] = True
    for split, absent in ABSENT.items():
        rows = dice.permutation(np.flatnonzero(frame["listed"] & (frame["split"] == split))[1:-1])
        n = sizes.genes(absent)
        frame.loc[rows[:n], "in_gtf"] = False
        frame.loc[rows[n : n + sizes.genes(UNLABELLED[split])], "labelled"] = False
    frame["label"] = _labels(sizes, frame, dice)
    return Genes(frame, np.round(dice.standard_normal((n_listed, len(RNA_FEATURES))), 6))


def _labels(sizes: Sizes, frame: pd.DataFrame, dice: np.random.Generator) -> np.ndarray:
    """H3K27ac around the TSS, with noise, so that models have something to learn."""
    found = np.zeros(len(frame))
    listed = frame[frame["listed"]]
    for chrom, rows in listed.groupby("chrom"):
        drawn = signals.intervals(sizes, "H3K27ac", chrom)
        for row, tss in zip(rows.index, rows["tss"], strict=True):
            found[row] = signals.values(drawn, tss - REACH, tss + REACH).mean(dtype=np.float64)
    return np.round(50 * found**3 * np.exp(0.3 * dice.standard_normal(len(frame))), 4)


def write_table(path: Path, genes: Genes) -> None:
    """Write the table of the listed genes, as the published one: chromosomes without 'chr', the first base is 1.

    path: of the csv file.
    genes: `draw` gives them.
    """
    with writing(path) as part, open(part, "w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["chrom", "TSS", "gene_id", "Gene name", "Gene description", *RNA_FEATURES])
        for gene, features in zip(genes.listed.itertuples(), genes.features.tolist(), strict=True):
            described = f'synthetic gene {gene.symbol}, "drawn" [Source:none;Acc:0]'
            chrom = gene.chrom.removeprefix("chr")
            rows.writerow([chrom, gene.tss + 1, gene.gene_id, gene.symbol, described, *features])


def write_labels(path: Path, genes: Genes) -> None:
    """Write the table of labels into a zip archive, as Zenodo has it.

    path: of the archive.
    genes: `draw` gives them.
    """
    text = io.StringIO()
    found = genes.listed[genes.listed["labelled"]]
    found[["gene_id", "label"]].rename(columns={"label": LABEL_COLUMN}).to_csv(text, index=False)
    with writing(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(LABEL_MEMBER, text.getvalue())

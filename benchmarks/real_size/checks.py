"""What the main job made, against what the arrays lead to from which its files were drawn."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.real_size import contacts, genome, signals
from benchmarks.real_size.genes import REACH, Genes
from benchmarks.real_size.project import CELL_TYPE, FOLD, SEED, Project
from benchmarks.real_size.sizes import ABSENT, UNLABELLED
from prism.genome.dataset.windows import Windows
from prism.genome.genes.table import ACTIVITY, DROPPED, EXPRESSION, RNA_FEATURES
from prism.genome.genes.table import read as read_genes

LENGTH = 2_000  # bp
_EACH = 8  # genes of a chromosome whose windows are worked out
_PSEUDOCOUNT = math.exp(-4.80 + 11.63 * 0.87 - 0.87 * math.log(1_000_001))
_LEAST = 0.01  # contacts around the TSS, below which a gene has none


def checked_data(project: Project, said: str) -> list[str]:
    """Lines on what is right in genes table, windows and what was said; SystemExit with the first number that is not.

    project: the main job, which has run.
    said: what Snakemake printed.
    """
    table = read_genes(project.run / f"results/genes/{CELL_TYPE}.tsv").frame
    return [
        _gene_table(project.genes, table),
        _activity(project, table),
        _windows(project),
        _lost(project, said),
    ]


def equal(what: str, found: object, expected: object) -> None:
    """SystemExit that names the first difference, unless both are the same.

    what: their name.
    found: in the workflow's files; of any type, arrays too.
    expected: of the same type and shape.
    """
    if isinstance(expected, np.ndarray) and np.shape(found) == expected.shape:
        different = np.argwhere(np.asarray(found) != expected)
        if not len(different):
            return
        at = tuple(different[0])
        what, found, expected = f"{what}, at {[int(i) for i in at]}", np.asarray(found)[at], expected[at]
    elif not isinstance(expected, np.ndarray) and found == expected:
        return
    raise SystemExit(f"{what}: {found!r}, expected {expected!r}")


def _gene_table(genes: Genes, table: pd.DataFrame) -> str:
    listed = genes.listed
    for column in ("gene_id", "symbol", "chrom", "tss"):
        equal(f"genes table, {column}", table[column].tolist(), listed[column].tolist())
    known = listed["in_gtf"].to_numpy()
    equal("strand", table["strand"].tolist(), listed["strand"].where(known, ".").tolist())
    equal("mRNA features", table.loc[known, list(RNA_FEATURES)].to_numpy(), genes.features[known])
    kept = table[DROPPED] == ""
    equal("genes kept", table.loc[kept, "gene_id"].tolist(), genes.kept["gene_id"].tolist())
    expression = np.log10(genes.kept["label"].to_numpy() + 1)
    equal("expression", table.loc[kept, EXPRESSION].to_numpy(), expression)
    return f"TSS, strand, features and label of {len(listed):,} genes; {kept.sum():,} of them kept"


def _activity(project: Project, table: pd.DataFrame) -> str:
    """Promoter activity sqrt(H3K27ac * DNase), of means over TSS +- 500 bp, of every gene kept."""
    kept = table[table[DROPPED] == ""]
    expected = pd.Series(1.0, kept.index)
    for name in signals.NAMES:
        for chrom, rows in kept.groupby("chrom"):
            drawn = signals.intervals(project.sizes, name, chrom)
            means = [signals.values(drawn, t - REACH, t + REACH).mean(dtype=np.float64) for t in rows["tss"]]
            expected[rows.index] *= means
    off = (kept[ACTIVITY] / np.sqrt(expected) - 1).abs().max()
    equal("promoter activity to 1e-12", bool(off < 1e-12), True)
    return f"promoter activity of {len(kept):,} genes, to {off:.0e}"


def _windows(project: Project) -> str:
    """Bases, signals and contacts of the first, the last and some other genes of each chromosome."""
    sizes, kept = project.sizes, project.genes.kept
    windows = Windows(project.run / f"results/windows/{CELL_TYPE}/{LENGTH}.h5", in_memory=False)
    equal("genes of the windows", windows.gene_id, kept["gene_id"].tolist())
    names, number = windows.signal_names, 0
    for chrom, where in kept.reset_index(drop=True).groupby("chrom").groups.items():
        rows = sorted({int(row) for row in np.linspace(where[0], where[-1], _EACH)})
        batch = windows.batch(rows)
        drawn = {name: signals.intervals(sizes, name, chrom) for name in signals.NAMES}
        for i, row in enumerate(rows):
            gene = kept.iloc[row]
            start, name = int(gene["tss"]) - LENGTH // 2, gene["gene_id"]
            codes = genome.codes(sizes, chrom, start, start + LENGTH)
            bases = np.vstack([np.eye(4), np.zeros(4)])[codes]
            equal(f"{name}, bases", batch.sequence[i].numpy(), bases)
            for each in signals.NAMES:
                found = batch.signals[i, :, names.index(each)].numpy()
                equal(f"{name}, {each}", found, signals.values(drawn[each], start, start + LENGTH))
            found = batch.signals[i, :, names.index("contacts")].numpy()
            equal(f"{name}, contacts", found, _contacts(project, chrom, int(gene["tss"])))
            number += 1
    return f"every base, value and contact in the windows of {number} genes of {len(kept):,}"


def _contacts(project: Project, chrom: str, tss: int) -> np.ndarray:
    """The feature (LENGTH,) float32: log10(1 + contacts with the TSS's bin + pseudocount)."""
    sizes, end = project.sizes, project.sizes.lengths[chrom]
    mine = tss // contacts.BIN

    def at(positions: Sequence[int]) -> np.ndarray:
        bins = {
            each: contacts.between(sizes, chrom, mine, each)
            for each in {p // contacts.BIN for p in positions}
        }
        return np.array([bins[p // contacts.BIN] if 0 <= p < end else 0 for p in positions])

    if at(range(tss - REACH, tss + REACH)).sum() < _LEAST:
        return np.zeros(LENGTH, np.float32)
    positions = np.arange(tss - LENGTH // 2, tss + LENGTH // 2)
    inside = (positions >= 0) & (positions < end)
    return np.where(inside, np.log10(at(positions.tolist()) + _PSEUDOCOUNT + 1), 0).astype(np.float32)


def _lost(project: Project, said: str) -> str:
    """The genes that each split lost: as the terminal, the quality page and the tables say."""
    findings = json.loads((project.run / f"results/qc/{CELL_TYPE}.json").read_text())["findings"]
    seen = " ".join(each["seen"] for each in findings if each["key"] == "lost_genes")
    table = pd.read_csv(project.run / "results/comparison/metrics.tsv", sep="\t")
    words = []
    for split, name in (("test", "test"), ("valid", "validation"), ("train", "train")):
        listed, kept = (
            int((frame["split"] == split).sum()) for frame in (project.genes.listed, project.genes.kept)
        )
        found = re.search(rf"fold {FOLD}, {split}: ([\d,]+ of [\d,]+) dropped: (.*)", said)
        equal(f"{split}: genes dropped", found and found[1], f"{listed - kept:,} of {listed:,}")
        counts = [project.sizes.genes(lost[split]) for lost in (ABSENT, UNLABELLED)]
        reasons = re.findall(r"(?:^|; )([\d,]+) ", found[2])
        equal(f"{split}: genes by reason", sorted(reasons), sorted(f"{n:,}" for n in counts))
        words.append(f"{kept:,} of {listed:,}")
        if split != "train":
            equal(f"quality page, {split}", f"{words[-1]} {name} genes" in seen, True)
            equal(f"tables, {split}", set(table.loc[table["split"] == split, "genes"].tolist()), {words[-1]})
    return (
        f"on the terminal, the quality page and in tables: {words[0]} genes to test, {words[1]} to validate"
    )


def checked_scores(project: Project, model: str) -> list[str]:
    """A line on the scores of a run, which follow from its predictions; SystemExit where they do not.

    project: the main job, which has run.
    model: name of its entry.
    """
    folder = Path(project.run / f"results/runs/{CELL_TYPE}/{model}/fold{FOLD}/seed{SEED}")
    recorded = json.loads((folder / "metrics.json").read_text())["metrics"]
    predictions = pd.read_csv(folder / "predictions.tsv.gz", sep="\t")
    for split in ("valid", "test"):
        kept = project.genes.kept[project.genes.kept["split"] == split]
        rows = predictions[predictions["split"] == split].set_index("gene_id").loc[kept["gene_id"]]
        equal(f"{model}, genes of {split}", recorded[split]["n"], len(kept))
        truth = np.log10(kept["label"].to_numpy() + 1)
        off = np.abs(rows["expression"].to_numpy() - truth).max()
        equal(f"{model}, expression of {split} to 1e-5", bool(off < 1e-5), True)
        mse = ((rows["prediction"].to_numpy() - truth) ** 2).mean()
        pearson = np.corrcoef(rows["prediction"], truth)[0, 1]
        for name, value in (("mse", mse), ("pearson", pearson)):
            close = abs(recorded[split][name] - value) < 1e-4 * max(1, abs(value))
            equal(f"{model}, {name} of {split} is {value:.6f}", close, True)
    test = recorded["test"]
    return [
        f"{model}: scores of {test['n']:,} test genes; MSE {test['mse']:.4f}, Pearson {test['pearson']:.4f}"
    ]

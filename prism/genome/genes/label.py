"""The label of a gene: expression as log10(x + 1), from bigWigs, CTSS files or a table."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from prism.files.table import line_of, read_table
from prism.genome.coordinates import resolve_chromosomes, window_bounds
from prism.genome.genes.gtf import stable_id
from prism.genome.genes.table import DROPPED, EXPRESSION, lengths_used, named
from prism.genome.tracks.bed import number_or_zero, read_bed
from prism.genome.tracks.bigwig import BigWigSignal
from prism.genome.tracks.transforms import NONE

log = logging.getLogger(__name__)

WIDTH = 384  # bp: TSS +- 192, the "128*3" of EPInformer's CAGE columns
KINDS = ("bigwig", "ctss", "table", "none")
TRANSFORMS = ("log10p1", "none")
_CTSS = ("chrom", "start", "end", "name", "score", "strand")
SWAPPED = 1.5  # antisense this many times the sense sum: the strands' files look exchanged


@dataclass(frozen=True)
class Label:
    """Where the label comes from.

    kind: one of `KINDS`; default 'none'.
    files: replicates, which are averaged; of stranded bigWigs those of the plus strand.
    minus_files: replicates of the minus strand, for stranded bigWigs.
    id_column: the table's column of gene ids, for kind table.
    value_column: the table's column of values, for kind table.
    transform: 'log10p1' for log10(x + 1), the default, or 'none'.
    assay: its name in figures and pages.
    """

    kind: str = "none"
    files: tuple[str, ...] = ()
    minus_files: tuple[str, ...] = ()
    id_column: str = ""
    value_column: str = ""
    transform: str = "log10p1"
    assay: str = ""

    @property
    def stranded(self) -> bool:
        """Whether the two strands are told apart, so that sense and antisense can be compared."""
        return self.kind == "ctss" or (self.kind == "bigwig" and bool(self.minus_files))

    @classmethod
    def parse(cls, settings: Mapping) -> Label:
        """A label from a mapping.

        settings: any of the fields.
        Raises ValueError for unknown keys, unknown values and what a kind needs but is missing.
        """
        unknown = [key for key in settings if key not in cls.__dataclass_fields__]
        if unknown:
            raise ValueError(
                f"label: unknown key {named(unknown)}; the keys are {', '.join(cls.__dataclass_fields__)}"
            )
        values = {key: value for key, value in settings.items() if value is not None}
        for key in ("files", "minus_files"):
            files = values.get(key, ())
            values[key] = (files,) if isinstance(files, str) else tuple(files)
        label = cls(**values)
        if label.kind not in KINDS:
            raise ValueError(f"label: kind {label.kind!r} is not one of {', '.join(KINDS)}")
        if label.transform not in TRANSFORMS:
            raise ValueError(f"label: transform {label.transform!r} is not one of {', '.join(TRANSFORMS)}")
        if label.kind != "none" and not label.files:
            raise ValueError(f"label: kind {label.kind} needs at least one file")
        if label.kind == "table" and not (label.id_column and label.value_column):
            raise ValueError("label: kind table needs id_column and value_column")
        return label


def add_expression(
    genes: pd.DataFrame, label: Label, lengths: Mapping[str, int], drop_missing: bool = True
) -> pd.DataFrame:
    """A copy of a genes table with the column expression, log10(x + 1).

    genes: columns gene_id, chrom, tss (0-based bp), strand, dropped.
    label: where the values come from; of kind none, the copy has no such column.
    lengths: bp of the chromosomes, by the genome's names.
    drop_missing: whether genes that a label table lacks are dropped, with the reason; default True. False
    refuses them.
    Raises ValueError, with gene, value and fix, for a label that is negative, NaN or infinite.
    """
    genes = genes.reset_index(drop=True).drop(columns=EXPRESSION, errors="ignore")
    if label.kind == "none":
        return genes
    if label.kind == "table":
        x = _tabulated(genes, label, drop_missing)
    else:
        x = _summed(genes[genes[DROPPED] == ""], label, lengths)
    kept = genes[DROPPED] == ""
    _refuse_bad(genes.loc[kept, "gene_id"].to_numpy(), x, label)
    genes[EXPRESSION] = np.nan
    genes.loc[kept, EXPRESSION] = np.log10(x + 1) if label.transform == "log10p1" else x
    return genes


def _refuse_bad(gene_id: np.ndarray, x: np.ndarray, label: Label) -> None:
    bad = ~np.isfinite(x) | (x < 0)
    if not bad.any():
        return
    where = bad.argmax()
    fix = {
        "bigwig": "a plus-strand (or unstranded) file must hold counts >= 0, the minus strand goes into minus_files",
        "ctss": "scores must be counts >= 0",
        "table": "give expression >= 0 (not a log ratio), or take the gene out of the table",
    }[label.kind]
    raise ValueError(
        f"{', '.join(map(str, label.files))}: {gene_id[where]}: label {x[where]} ({int(bad.sum())} such genes); {fix}"
    )


def _tabulated(genes: pd.DataFrame, label: Label, drop_missing: bool) -> np.ndarray:
    """(n,) mean over the replicates' tables; genes that one of them lacks are marked as dropped, in place."""
    wanted = genes.loc[genes[DROPPED] == "", "gene_id"]
    columns = [_column(file, label, wanted) for file in label.files]
    present = np.logical_and.reduce([wanted.isin(column.index) for column in columns])
    absent = wanted[~present]
    source = ", ".join(map(str, label.files))
    if len(absent) == len(wanted):
        raise ValueError(
            f"{source}: column {label.id_column!r} has none of the genes, such as {named(wanted, 2)}; "
            "are its ids of the same kind?"
        )
    if len(absent) and not drop_missing:
        raise ValueError(f"{source}: no label for {named(absent)}; add them or allow to drop them")
    genes.loc[absent.index, DROPPED] = "no label in the table"
    return np.mean([column.loc[wanted[present]].to_numpy() for column in columns], axis=0)


def _column(path: str | Path, label: Label, wanted: pd.Series) -> pd.Series:
    """Values of a label table by gene id, of the genes wanted; an empty cell is no value, "NA" a faulty one."""
    table = read_table(path, (label.id_column, label.value_column))
    ids = table[label.id_column].map(stable_id)
    used = ids.isin(wanted) & (table[label.value_column] != "")
    duplicates = ids[used & ids.duplicated()].unique()
    if len(duplicates):
        raise ValueError(
            f"{path}: gene ids given more than once: {named(duplicates)}; keep one row for each gene"
        )
    values = pd.to_numeric(table[label.value_column], errors="coerce")
    if (wrong := (used & values.isna()).to_numpy()).any():
        row = int(wrong.argmax())
        raise ValueError(
            f"{path}, line {line_of(table, row)}: {ids.iloc[row]}: {label.value_column} is "
            f"{table[label.value_column].iloc[row]!r} ({int(wrong.sum())} such genes); give a number such as 1234.5, "
            "or leave the cell empty for no label"
        )
    return pd.Series(values[used].to_numpy(dtype=float), index=pd.Index(ids[used]))


def _summed(kept: pd.DataFrame, label: Label, lengths: Mapping[str, int]) -> np.ndarray:
    """(n,) float64: sense-strand sum over [tss - 192, tss + 192), mean over replicates."""
    if not label.stranded:
        return _bigwig_sums(kept, label.files, lengths_used(kept, lengths), absolute=False)
    sense, antisense = strand_sums(kept, label, lengths)
    log.info("label: sense sum %.6g, antisense sum %.6g over %d TSS", sense.sum(), antisense.sum(), len(kept))
    if antisense.sum() > SWAPPED * sense.sum():
        log.warning("label: antisense clearly exceeds sense: are the plus and the minus strand exchanged? (%s)",
                    ", ".join(map(str, (*label.files, *label.minus_files))))  # fmt: skip
    return sense


def strand_sums(kept: pd.DataFrame, label: Label, lengths: Mapping[str, int]) -> np.ndarray:
    """(2, n) float64: sense and antisense sums of a stranded label over [tss - 192, tss + 192).

    kept: columns gene_id, chrom, tss (0-based bp), strand.
    label: a stranded one; its replicates are averaged.
    lengths: bp of the chromosomes, by the genome's names.
    Raises ValueError for genes of unknown strand.
    """
    lengths = lengths_used(kept, lengths)
    unknown = kept.loc[~kept["strand"].isin(["+", "-"]), "gene_id"]
    if len(unknown):
        raise ValueError(
            f"a stranded label needs the strand of {named(unknown)} ({len(unknown)} genes); give a GTF or a strand "
            "column, or an unstranded label"
        )
    if label.kind == "ctss":
        plus, minus = np.mean([_ctss_sums(kept, file, lengths) for file in label.files], axis=0)
    else:
        plus = _bigwig_sums(kept, label.files, lengths, absolute=False)
        minus = _bigwig_sums(kept, label.minus_files, lengths, absolute=True)
    forward = (kept["strand"] == "+").to_numpy()
    return np.stack([np.where(forward, plus, minus), np.where(forward, minus, plus)])


def _bigwig_sums(
    kept: pd.DataFrame, files: Sequence[str], lengths: dict[str, int], absolute: bool
) -> np.ndarray:
    """(n,) sums over the windows, mean over files; absolute: of the absolute values (negative minus strands)."""
    total = np.zeros(len(kept))
    chrom, start = kept["chrom"].to_numpy(), window_bounds(kept["tss"].to_numpy(), WIDTH)[0]
    for file in files:
        signal = BigWigSignal("label", [file], NONE.name, lengths)
        for name in lengths:
            rows = np.flatnonzero(chrom == name)
            values = signal.windows(name, start[rows], WIDTH).astype(np.float64)
            total[rows] += (np.abs(values) if absolute else values).sum(axis=1)
    return total / len(files)


def _ctss_sums(kept: pd.DataFrame, path: str | Path, lengths: dict[str, int]) -> np.ndarray:
    """(2, n) sums of the plus and of the minus strand's CTSS in the windows."""
    sites = _read_ctss(path)
    names = resolve_chromosomes(lengths, sites["chrom"].unique(), path, require_all=False)
    sums = np.zeros((2, len(kept)))
    chrom = kept["chrom"].map(names).to_numpy()
    start, end = window_bounds(kept["tss"].to_numpy(), WIDTH)
    for (name, strand), group in sites.sort_values("start").groupby(["chrom", "strand"], observed=True):
        rows = np.flatnonzero(chrom == name)
        cumulative = np.concatenate([[0.0], np.cumsum(group["score"].to_numpy(dtype=float))])
        first, last = np.searchsorted(group["start"].to_numpy(), [start[rows], end[rows]])
        sums["+-".index(strand), rows] = cumulative[last] - cumulative[first]
    return sums


def _read_ctss(path: str | Path) -> pd.DataFrame:
    """chrom, start (0-based), end, score, strand of a CTSS BED file; ValueError for other widths or strands."""
    rows = []
    for line in read_bed(path, without_a_base=True):
        where = f"{path}, line {line.number}: {line.chrom}:{line.start}-{line.end}"
        if len(line.fields) < len(_CTSS):
            raise ValueError(f"{where}: {len(line.fields)} columns, where a CTSS has {', '.join(_CTSS)}")
        score, strand = number_or_zero(line.fields[4], f"{where}, score"), line.fields[5]
        if line.end - line.start != 1 or strand not in ("+", "-") or score < 0:
            raise ValueError(
                f"{where}, score {line.fields[4]}, strand {strand!r}; CTSS are 1 bp wide with strand + or - and a "
                "score >= 0"
            )
        rows.append((line.chrom, line.start, score, strand))
    sites = pd.DataFrame(rows, columns=["chrom", "start", "score", "strand"])
    return sites.astype({"chrom": "category", "strand": "category"})

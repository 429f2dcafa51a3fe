"""The genes table of a cell type, results/genes/{cell_type}.tsv: one row for each gene, always checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from prism.files.checksums import refuse_damaged, writing_checked

RNA_FEATURES = (
    "UTR5LEN_log10zscore",
    "CDSLEN_log10zscore",
    "INTRONLEN_log10zscore",
    "UTR3LEN_log10zscore",
    "UTR5GC",
    "CDSGC",
    "UTR3GC",
    "ORFEXONDENSITY",
)
LOCUS = ("gene_id", "symbol", "chrom", "tss", "strand")
ACTIVITY, EXPRESSION, DROPPED = "promoter_activity", "expression", "dropped"
COLUMNS = (*LOCUS, *RNA_FEATURES, ACTIVITY, EXPRESSION, DROPPED)


@dataclass(frozen=True)
class GeneTable:
    """A checked genes table.

    frame: columns of `COLUMNS` in that order; features, promoter_activity and expression may be absent. `tss`
    is 0-based bp (-1 only for a dropped gene); `dropped` is '' or the reason in words.
    """

    frame: pd.DataFrame

    @property
    def kept(self) -> pd.DataFrame:
        """The genes that are not dropped, in the table's order."""
        return self.frame[self.frame[DROPPED] == ""].reset_index(drop=True)

    @property
    def rna_features(self) -> list[str]:
        """Columns of Batch.rna_features, as far as they are there: the eight mRNA features,
        promoter_activity.
        """
        return [name for name in (*RNA_FEATURES, ACTIVITY) if name in self.frame]

    @property
    def has_expression(self) -> bool:
        """Whether the table has labels."""
        return EXPRESSION in self.frame


def named(values: Iterable, at_most: int = 5) -> str:
    """The first few values for a message, and how many more there are.

    values: anything that can be printed.
    at_most: how many to name; default 5.
    """
    values = [str(value) for value in values]
    more = f" and {len(values) - at_most} more" if len(values) > at_most else ""
    return ", ".join(values[:at_most]) + more


def lengths_used(frame: pd.DataFrame, lengths: Mapping[str, int]) -> dict[str, int]:
    """Length in bp of each chromosome that a genes table names.

    frame: column chrom.
    lengths: bp of the genome's chromosomes.
    Raises ValueError for a chromosome that the genome lacks.
    """
    chromosomes = frame["chrom"].unique()
    missing = [chrom for chrom in chromosomes if chrom not in lengths]
    if missing:
        raise ValueError(
            f"the genes table names chromosome {named(missing)}, which the genome lacks (it has {named(lengths)}); "
            "make the table again with workflow_scripts.inputs.annotation and this genome"
        )
    return {chrom: lengths[chrom] for chrom in chromosomes}


def gene_table(frame: pd.DataFrame, source: str | Path) -> GeneTable:
    """Check a genes table and put its columns in order; other columns than those of `COLUMNS` are left out.

    frame: the table.
    source: its file, for messages.
    Raises ValueError for a missing column, a duplicate or empty gene id, a bad position or strand, features
    of which only some are there, and, in a gene that is kept, a missing feature or a missing, infinite or
    negative label.
    """
    missing = [name for name in LOCUS if name not in frame]
    if missing:
        raise ValueError(f"{source}: no column {named(missing)}; it has {named(frame.columns, 20)}")
    features = [name for name in RNA_FEATURES if name in frame]
    if features and len(features) < len(RNA_FEATURES):
        absent = [name for name in RNA_FEATURES if name not in frame]
        raise ValueError(f"{source}: mRNA features {named(absent, 8)} are missing; give all eight or none")
    frame = frame[[name for name in COLUMNS if name in frame]].reset_index(drop=True).copy()
    frame[DROPPED] = frame[DROPPED].fillna("").astype(str) if DROPPED in frame else ""
    _check_loci(frame, source)
    _check_values(frame[frame[DROPPED] == ""], source)
    return GeneTable(frame)


def _check_loci(frame: pd.DataFrame, source: str | Path) -> None:
    empty = frame["gene_id"].isna() | (frame["gene_id"] == "")
    if empty.any():
        raise ValueError(
            f"{source}: no gene_id in row {empty.to_numpy().argmax() + 1}; give every gene an id"
        )
    duplicates = frame.loc[frame["gene_id"].duplicated(), "gene_id"].unique()
    if len(duplicates):
        raise ValueError(
            f"{source}: gene ids given more than once: {named(duplicates)}; keep one row for each gene"
        )
    kept = frame[DROPPED] == ""
    tss = pd.to_numeric(frame["tss"], errors="coerce")
    bad = kept & ~(tss.ge(0) & tss.mod(1).eq(0))
    if bad.any():
        gene = frame[bad].iloc[0]
        raise ValueError(
            f"{source}: {gene['gene_id']}: tss {gene['tss']!r} is not a position; give a whole number >= 0"
        )
    frame["tss"] = tss.fillna(-1).astype(np.int64)
    bad = kept & ~frame["strand"].isin(["+", "-", "."])
    if bad.any():
        gene = frame[bad].iloc[0]
        raise ValueError(
            f"{source}: {gene['gene_id']}: strand {gene['strand']!r} must be '+', '-' or '.' (unknown)"
        )


def _check_values(kept: pd.DataFrame, source: str | Path) -> None:
    for name in (*RNA_FEATURES, ACTIVITY, EXPRESSION):
        if name not in kept:
            continue
        values = pd.to_numeric(kept[name], errors="coerce")
        bad = ~np.isfinite(values)
        if name == EXPRESSION:
            bad |= values < 0
        if bad.any():
            gene = kept[bad].iloc[0]
            raise ValueError(
                f"{source}: {gene['gene_id']}: {name} is {gene[name]!r} ({int(bad.sum())} such genes); give a finite "
                f"number{' >= 0, log10(x + 1)' if name == EXPRESSION else ''} or a reason in column {DROPPED}"
            )


def read(path: str | Path) -> GeneTable:
    """Read and check a genes table.

    path: the file, tab-separated.
    Raises ValueError with the file, the gene, the value and the fix, and for a file that is not as `write` left it.
    """
    refuse_damaged(path)
    strings = dict.fromkeys(("gene_id", "symbol", "chrom", "strand", DROPPED), str)
    try:
        frame = pd.read_csv(
            path,
            sep="\t",
            dtype=strings,
            keep_default_na=False,  # a gene may be called NA
            na_values={name: [""] for name in ("tss", *RNA_FEATURES, ACTIVITY, EXPRESSION)},
            float_precision="round_trip",
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path}: not a genes table ({error}); make it again with workflow_scripts.inputs.genes"
        ) from None
    return gene_table(frame, path)


def write(table: GeneTable, path: str | Path) -> None:
    """Write a genes table, whole or not at all, with its checksum beside it; floats keep all their digits.

    table: the genes.
    path: the file.
    """
    with writing_checked(path) as part:
        table.frame.to_csv(part, sep="\t", index=False, lineterminator="\n")

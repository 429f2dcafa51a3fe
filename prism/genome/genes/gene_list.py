"""A user's table of genes and TSS, such as the 18,377 genes of EPInformer: read, converted to 0-based, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from prism.files.table import read_table
from prism.genome.genes.gtf import stable_id
from prism.genome.genes.table import RNA_FEATURES, named

_NEEDED = ("gene_id", "chrom", "tss")
_KNOWN = (*_NEEDED, "strand", "symbol")


@dataclass(frozen=True)
class ListSettings:
    """How to read a user's table of genes.

    tss_base: number of a chromosome's first base, 0 or 1.
    columns: our names of columns -> the table's.
    """

    tss_base: int
    columns: Mapping[str, str]

    @classmethod
    def parse(cls, settings: Mapping) -> ListSettings:
        """Settings from a mapping.

        settings: {"tss_base": 0 or 1, "columns": {gene_id, chrom, tss[, strand][, symbol]}}.
        Raises ValueError for anything else.
        """
        unknown = [key for key in settings if key not in ("tss_base", "columns")]
        base, columns = settings.get("tss_base"), settings.get("columns", {})
        if unknown:
            raise ValueError(
                f"gene table settings: unknown key {named(unknown)}; the keys are tss_base and columns"
            )
        if isinstance(base, bool) or base not in (0, 1):
            raise ValueError(
                f"gene table settings: tss_base is {base!r}; set it to 1 where the first base of a chromosome is "
                "number 1, to 0 where it is number 0"
            )
        if not isinstance(columns, Mapping) or (wrong := [key for key in columns if key not in _KNOWN]):
            found = f"has {named(wrong)}" if isinstance(columns, Mapping) else f"is {columns!r}"
            raise ValueError(
                f"gene table settings: columns {found}; it maps {', '.join(_KNOWN)} to the table's columns"
            )
        return cls(base, {**{name: name for name in _NEEDED}, **columns})


def read_gene_list(path: str | Path, settings: ListSettings) -> pd.DataFrame:
    """Read a user's table of genes: gene_id, symbol, chrom, tss (0-based bp), strand, mRNA features.

    path: csv or tsv, plain or gzipped. A missing strand is ''; the eight features may be absent.
    settings: how to read it.
    Raises ValueError, with gene, value and fix, for a missing column, a duplicate gene id, a TSS that is not
    a whole number or lies before the chromosome's first base, a strand other than +, - or '.', a feature that
    is not a number, and features of which only some are there.
    """
    columns = dict(settings.columns)
    table = read_table(path, tuple(columns.values()))
    genes = pd.DataFrame({name: table[column] for name, column in columns.items()})
    genes["gene_id"] = genes["gene_id"].map(stable_id)
    duplicates = genes.loc[genes["gene_id"].duplicated(), "gene_id"].unique()
    if len(duplicates):
        raise ValueError(
            f"{path}: gene ids given more than once: {named(duplicates)}; keep one row for each gene"
        )
    genes["tss"] = _positions(genes, settings.tss_base, path)
    genes["symbol"] = (
        genes["symbol"].where(genes["symbol"] != "", genes["gene_id"])
        if "symbol" in genes
        else genes["gene_id"]
    )
    genes["strand"] = _strands(genes, path)
    present = [name for name in RNA_FEATURES if name in table]
    if present and len(present) < len(RNA_FEATURES):
        absent = [name for name in RNA_FEATURES if name not in table]
        raise ValueError(
            f"{path}: mRNA features {named(absent, 8)} are missing; give all eight columns or none"
        )
    for name in present:
        genes[name] = _numbers(table[name], genes["gene_id"], name, path)
    return genes


def read_strands(path: str | Path, columns: Mapping[str, str] | None = None) -> dict[str, str]:
    """Strands by gene id of a table of another release, in which genes that an annotation lacks may still be.

    path: csv or tsv, plain or gzipped; a gene may have several rows, as in a table of transcripts.
    columns: of gene_id and strand in the table; default None: these names. Genes of unknown strand are left out.
    Raises ValueError for a missing column, a strand other than +, -, 1, -1 or '.', and a gene with both strands.
    """
    columns = {"gene_id": "gene_id", "strand": "strand", **(columns or {})}
    table = read_table(path, tuple(columns.values()))
    genes = pd.DataFrame({name: table[column] for name, column in columns.items()})
    genes["gene_id"] = genes["gene_id"].map(stable_id)
    genes["strand"] = _strands(genes, path)
    genes = genes[genes["strand"] != ""].drop_duplicates()
    both = genes.loc[genes["gene_id"].duplicated(), "gene_id"]
    if len(both):
        raise ValueError(f"{path}: genes with both strands: {named(both)}; keep the right row of each")
    return dict(zip(genes["gene_id"], genes["strand"], strict=True))


def _positions(genes: pd.DataFrame, tss_base: int, path: str | Path) -> pd.Series:
    whole = genes["tss"].str.fullmatch(r"\d+(\.0+)?")
    if not whole.all():
        gene = genes[~whole].iloc[0]
        raise ValueError(f"{path}: {gene['gene_id']}: tss {gene['tss']!r} is not a whole number; correct it")
    tss = genes["tss"].str.split(".").str[0].astype("int64") - tss_base
    if (tss < 0).any():
        gene = genes[tss < 0].iloc[0]
        raise ValueError(
            f"{path}: {gene['gene_id']}: tss {gene['tss']} with tss_base 1, where positions begin at 1"
        )
    return tss


def _strands(genes: pd.DataFrame, path: str | Path) -> pd.Series:
    if "strand" not in genes:
        return pd.Series("", index=genes.index)
    strand = genes["strand"].replace({"1": "+", "-1": "-", ".": ""})
    wrong = ~strand.isin(["+", "-", ""])
    if wrong.any():
        gene = genes[wrong].iloc[0]
        raise ValueError(
            f"{path}: {gene['gene_id']}: strand {gene['strand']!r} must be '+', '-', or '.' for unknown"
        )
    return strand


def _numbers(column: pd.Series, gene_id: pd.Series, name: str, path: str | Path) -> pd.Series:
    values = pd.to_numeric(column, errors="coerce")
    if values.isna().any():
        at = values.isna().to_numpy().argmax()
        raise ValueError(
            f"{path}: {gene_id.iloc[at]}: {name} is {column.iloc[at]!r}; give a number or leave out the features"
        )
    return values

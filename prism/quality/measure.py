"""A dataset and its genes table in numbers: the plain dict that the rules judge and pages show."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from prism import NUMBERS_VERSION
from prism.genome.dataset.dropped import SplitGenes
from prism.genome.genes.table import DROPPED, EXPRESSION, GeneTable, named
from prism.genome.tracks.transforms import of_source
from prism.quality.gene_summary import GeneSummary, summarise

SCHEMA_VERSION = 1
HISTOGRAM_BINS = 40


def measure(
    windows: Mapping[str, Any],
    table: GeneTable,
    assay: str = "",
    strands: np.ndarray | None = None,
    rows_at_once: int | None = None,
    folds: Mapping[str, Mapping[str, SplitGenes]] | None = None,
) -> dict[str, Any]:
    """Measure an open dataset file and the genes table that it was cut from.

    windows: the open file (layout: `prism.genome.dataset.layout`).
    table: the genes.
    assay: of the label, for words; default "".
    strands: (2, n) sense and antisense sums of a stranded label (`prism.genome.genes.label.strand_sums`);
    default None.
    rows_at_once: genes read together (`gene_summary.summarise`); default None.
    folds: by fold, what became of the genes of each split (`prism.genome.dataset.dropped`); default None.
    Raises ValueError for genes that the table lacks.

    Returns a dict for JSON: plain numbers, None where one is not defined.
    """
    attrs = windows.attrs
    genes = {name: windows[f"genes/{name}"].asstr()[:] for name in ("gene_id", "chrom", "strand")}
    expression = _expression(genes["gene_id"], table)
    summary = summarise(windows, rows_at_once)
    sources = json.loads(attrs.get("sources", "{}"))
    return plain(
        {
            "schema_version": SCHEMA_VERSION,
            "numbers_version": NUMBERS_VERSION,
            "cell_type": str(attrs["cell_type"]),
            "assembly": str(attrs["assembly"]),
            "length": int(attrs["length"]),
            "content_hash": str(attrs["content_hash"]),
            "sources": sources,
            "centre_half": summary.centre_half,
            "genes": _genes(genes, table, folds or {}),
            "label": _label(expression, assay, strands),
            "signals": _signals(summary, expression, genes["strand"], windows, sources),
            "pairs": _pairs(summary),
            "sequence": {"unknown": summary.unknown.mean(), "blacklist": _mean(summary.blacklist),
                         "peaks": _mean(summary.peaks),
                         "all_unknown": genes["gene_id"][summary.unknown >= 1]},
            "chromosomes": _chromosomes(summary, genes["chrom"], table),
            "contacts": _contacts(summary),
        }
    )  # fmt: skip


def plain(value: Any) -> Any:
    """A value as strict JSON can hold it: numpy's as Python's, nan and infinities as None.

    value: numbers, arrays and text, in lists and dicts.
    """
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(each) for each in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def correlations(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Spearman and Pearson correlation of two arrays; nan if one is constant or n is below 3.

    x: (n,).
    y: (n,).
    """
    return {"spearman": _pearson(rankdata(x), rankdata(y)), "pearson": _pearson(x, y)}


def thirds(expression: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Masks (n,) of the highest and the lowest third of the genes; all and none if they do not differ.

    expression: (n,), nan where unknown.
    """
    known = np.isfinite(expression)
    if known.any():
        low, high = np.quantile(expression[known], [1 / 3, 2 / 3])
        if low < high:
            return known & (expression >= high), known & (expression <= low)
    return np.ones(len(expression), bool), np.zeros(len(expression), bool)


def _pearson(x: np.ndarray, y: np.ndarray) -> float:
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])


def _mean(values: np.ndarray | None) -> float | None:
    return None if values is None or not len(values) else values.mean()


def _expression(gene_id: np.ndarray, table: GeneTable) -> np.ndarray:
    """(n,) label of the windows' genes, nan where unknown."""
    kept = table.kept.set_index("gene_id")
    if missing := [gene for gene in gene_id if gene not in kept.index]:
        raise ValueError(
            f"{len(missing)} genes of the windows are not in the genes table or dropped there ({named(missing)}); "
            "cut the windows again from this table"
        )
    if not table.has_expression:
        return np.full(len(gene_id), np.nan)
    return kept.loc[gene_id, EXPRESSION].to_numpy(float)


def _genes(
    genes: Mapping[str, np.ndarray], table: GeneTable, folds: Mapping[str, Mapping[str, SplitGenes]]
) -> dict[str, Any]:
    dropped = table.frame.loc[table.frame[DROPPED] != "", DROPPED].value_counts()
    return {
        "in_table": len(table.frame),
        "in_windows": len(genes["gene_id"]),
        "dropped": int(dropped.sum()),
        "reasons": {str(reason): int(n) for reason, n in dropped.items()},
        "strands": {strand: int((genes["strand"] == strand).sum()) for strand in "+-."},
        "folds": {
            fold: {
                split or "none": {"kept": found.kept, "dropped": found.n_dropped}
                for split, found in splits.items()
            }
            for fold, splits in folds.items()
        },
    }


def _label(expression: np.ndarray, assay: str, strands: np.ndarray | None) -> dict[str, Any] | None:
    known = expression[np.isfinite(expression)]
    if not len(known):
        return None
    counts, edges = np.histogram(known, bins=HISTOGRAM_BINS)
    return {
        "assay": assay,
        "n": len(known),
        "mean": known.mean(),
        "sd": known.std(),
        "lowest": known.min(),
        "median": np.median(known),
        "highest": known.max(),
        "zeros": (known == 0).mean(),
        "histogram": {"edges": edges, "counts": counts},
        "strand_sums": None
        if strands is None
        else {"sense": strands[0].sum(), "antisense": strands[1].sum()},
    }


def _signals(
    summary: GeneSummary,
    expression: np.ndarray,
    strand: np.ndarray,
    windows: Mapping[str, Any],
    sources: Mapping[str, Any],
) -> dict[str, Any]:
    high, low = thirds(expression)
    known = np.isfinite(expression)
    described = {}
    for i, name in enumerate(summary.names):
        contacts = windows[f"signals/{name}"].attrs.get("kind") == "contacts"
        transform = of_source(sources.get(name))
        centre, flank = summary.centre[:, i], summary.flank[:, i]
        by_strand = {sign: high & (strand == sign) for sign in "+-"}
        described[name] = {
            "kind": "contacts" if contacts else "bigwig",
            "transform": transform.name,
            "lowest": summary.lowest[i],
            "highest": summary.highest[i],
            "mean": summary.window[:, i].mean(),
            "zeros": summary.zeros[:, i].mean(),
            "tss": {
                "genes": int(high.sum()),
                "ratio": _ratio(centre[high], flank[high]),
                "contrast": _ratio(centre[high], centre[low]),
                "silent": (centre[high] == 0).mean() if high.any() else float("nan"),
                "ratio_by_strand": {s: _ratio(centre[each], flank[each]) for s, each in by_strand.items()},
                "genes_by_strand": {s: int(each.sum()) for s, each in by_strand.items()},
            },
            "label": {
                region: correlations(
                    _logged(getattr(summary, region)[known, i], contacts or transform.is_log),
                    expression[known],
                )
                for region in ("centre", "window")
            }
            if known.any()
            else None,
        }
    return described


def _ratio(over: np.ndarray, under: np.ndarray) -> float:
    """Ratio of two means; nan where it says nothing (no gene, or a mean that is not positive)."""
    if not (len(over) and len(under)) or under.mean() <= 0 or over.mean() < 0:
        return float("nan")
    return over.mean() / under.mean()


def _logged(values: np.ndarray, already: bool) -> np.ndarray:
    """log(x + 1), odd around 0 for signals with negative values, unless values are on such a scale already."""
    return values if already else np.sign(values) * np.log1p(np.abs(values))


def _pairs(summary: GeneSummary) -> list[dict[str, Any]]:
    return [
        {"signals": [summary.names[i], summary.names[j]], "pearson": summary.pairs[i, j]}
        for i in range(len(summary.names))
        for j in range(i + 1, len(summary.names))
        if np.isfinite(summary.pairs[i, j])
    ]


def _chromosomes(summary: GeneSummary, chrom: np.ndarray, table: GeneTable) -> list[dict[str, Any]]:
    """One row a chromosome; `deviation`: of a signal's share of zeros from all genes', in standard errors."""
    dropped = table.frame.loc[table.frame[DROPPED] != "", "chrom"].value_counts()
    spread, overall = summary.zeros.std(axis=0), summary.zeros.mean(axis=0)
    rows = []
    for name in _ordered(pd.unique(np.concatenate([chrom, dropped.index.to_numpy(object)]))):
        here = chrom == name
        row: dict[str, Any] = {
            "chrom": name,
            "genes": int(here.sum()),
            "dropped": int(dropped.get(name, 0)),
        }
        if here.any():
            zeros = summary.zeros[here].mean(axis=0)
            with np.errstate(divide="ignore", invalid="ignore"):
                deviation = (zeros - overall) / (spread / np.sqrt(here.sum()))
            row |= {
                "unknown": summary.unknown[here].mean(),
                "blacklist": _mean(None if summary.blacklist is None else summary.blacklist[here]),
                "zeros": dict(zip(summary.names, zeros, strict=True)),
                "deviation": dict(zip(summary.names, deviation, strict=True)),
            }
        rows.append(row)
    return rows


def _ordered(names: np.ndarray) -> list[str]:
    """chr2 before chr10; names without digits (yeast's I, II, ...) stay as the table has them."""
    names = [str(name) for name in names]
    if not any(re.search(r"\d", name) for name in names):
        return names
    return sorted(names, key=lambda name: [int(part) if part.isdigit() else 10**9 for part in
                                           re.split(r"(\d+)", name)[1:2]] or [10**9])  # fmt: skip


def _contacts(summary: GeneSummary) -> dict[str, Any]:
    return {
        name: {
            "distance": decay.distance,
            "mean": decay.mean,
            "n": decay.n,
            "empty": (summary.zeros[:, i] == 1).mean(),
        }
        for i, (name, decay) in enumerate(zip(summary.names, summary.decay, strict=True))
        if decay is not None
    }

"""Genes whose id stands at several places of an annotation, as symbols do in UCSC's: which place is theirs."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from prism.genome.genes.table import named
from prism.genome.genes.transcripts import Transcripts

log = logging.getLogger(__name__)

SEVERAL = "at several places in the annotation, so its TSS is unknown"
# Alternative, patched and unplaced sequence beside the chromosomes, as UCSC, Ensembl, GenBank and RefSeq name it.
_BESIDE = re.compile(
    r"_(alt|fix|random|hap\d+)$|^(chr)?Un_|^(CHR_)?(HSCHR|HG\d+_|MG\d+_)|^[A-Z]{2}\d{6}\.\d+$|^N[TW]_\d+"
)


def one_place_each(transcripts: Transcripts) -> tuple[np.ndarray, list[str]]:
    """Which transcripts lie at their gene's place: (n,) bool; and the genes of which that is unknown.

    transcripts: of a GTF, their chromosomes named as in the genome.

    A gene stands at several places where its transcripts are on several chromosomes or strands, or one transcript id
    is at two spans that share no base. Its place is then the one of its MANE or canonical transcripts, else the only
    one on a chromosome proper (not an alternative, patched or unplaced sequence), else X's of one on X and one on Y
    (the pseudo-autosomal regions). Otherwise it is unknown, and all its transcripts are kept.
    """
    keep, unknown, settled = np.ones(len(transcripts.frame), dtype=bool), [], []
    for gene, places in _several(transcripts.frame):
        chosen = _main(places)
        if chosen is None:
            unknown.append((gene, places))
            continue
        settled.append((gene, [chosen]))
        for place in places:
            keep[place.index] = place is chosen
    if settled:
        log.warning(
            "%d genes are at several places in the annotation; the main one is taken: %s",
            len(settled),
            _told(settled),
        )
    if unknown:
        log.warning(
            "%d genes are at several places in the annotation, none of them the main one: %s; give each copy an id "
            "of its own, or a gene table",
            len(unknown),
            _told(unknown),
        )
    return keep, [gene for gene, _ in unknown]


def _told(genes: Iterable[tuple[str, list[pd.DataFrame]]]) -> str:
    spans = (
        f"{gene} ({', '.join(f'{p.chrom.iloc[0]}:{p.start.min()}-{p.end.max()} {p.strand.iloc[0]}' for p in places)})"
        for gene, places in genes
    )
    return named(spans)


def _several(frame: pd.DataFrame) -> list[tuple[str, list[pd.DataFrame]]]:
    """(gene, its places) of the genes that have more than one."""
    sides = frame[["gene_id", "chrom", "strand"]].drop_duplicates()
    suspects = set(sides.loc[sides["gene_id"].duplicated(), "gene_id"])
    again = frame.duplicated(["gene_id", "chrom", "strand", "transcript_id"])
    suspects |= set(frame.loc[again, "gene_id"])
    found = []
    for gene, rows in frame[frame["gene_id"].isin(suspects)].groupby("gene_id"):
        places = [place for _, side in rows.groupby(["chrom", "strand"]) for place in _copies(side)]
        if len(places) > 1:
            found.append((gene, places))
    return found


def _copies(side: pd.DataFrame) -> list[pd.DataFrame]:
    """The places of a gene's transcripts on one strand: one, unless an id of theirs is at spans that share no base."""
    side = side.sort_values("start")
    span = (side["start"] >= side["end"].cummax().shift(fill_value=0)).cumsum()
    apart = side.assign(span=span).groupby("transcript_id")["span"].nunique().max() > 1
    return [place for _, place in side.groupby(span)] if apart else [side]


def _main(places: list[pd.DataFrame]) -> pd.DataFrame | None:
    for tag in ("mane", "canonical"):
        tagged = [place for place in places if place[tag].any()]
        if len(tagged) == 1:
            return tagged[0]
    proper = [place for place in places if not _BESIDE.search(place["chrom"].iloc[0])]
    if len(proper) == 1:
        return proper[0]
    by_name = {place["chrom"].iloc[0].removeprefix("chr"): place for place in proper}
    if len(proper) == 2 and set(by_name) == {"X", "Y"}:
        return by_name["X"]
    return None


def one_symbol_each(frame: pd.DataFrame, transcripts: Transcripts) -> pd.Series:
    """(n,) symbol of each gene: its transcript's, or another of the gene where that has only the id.

    frame: columns gene_id and symbol, one row for each gene.
    transcripts: all those of these genes; genes that have several symbols are named in the log.
    """
    pairs = transcripts.frame[["gene_id", "symbol"]].drop_duplicates()
    pairs = pairs[pairs["symbol"] != pairs["gene_id"]]
    several = pairs.loc[pairs["gene_id"].duplicated(), "gene_id"].unique()
    if len(several):
        log.warning(
            "%d genes have several symbols in the annotation, one is shown: %s", len(several), named(several)
        )
    first = pairs.drop_duplicates("gene_id").set_index("gene_id")["symbol"]
    other = frame["gene_id"].map(first).fillna(frame["symbol"])
    return frame["symbol"].where(frame["symbol"] != frame["gene_id"], other)

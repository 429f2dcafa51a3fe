"""The genes of an assembly: one TSS for each, by a stated rule, and the mRNA features of its transcript."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from prism.genome.coordinates import check_tss, resolve_chromosomes
from prism.genome.genes.gene_list import ListSettings, read_gene_list
from prism.genome.genes.gtf import read_gtf
from prism.genome.genes.places import SEVERAL, one_place_each, one_symbol_each
from prism.genome.genes.rna_features import longest_coding, measure, scaled
from prism.genome.genes.table import DROPPED, LOCUS, RNA_FEATURES, GeneTable, gene_table, named
from prism.genome.genes.transcripts import Transcripts, select_transcripts
from prism.genome.genes.tss import choose_tss, first_bases
from prism.genome.tracks.fasta import Genome

log = logging.getLogger(__name__)

Scale = Mapping[str, tuple[float, float]]


def on_chromosomes(chrom: pd.Series, chosen: Iterable[str] | None) -> np.ndarray:
    """(n,) bool, whether each locus lies on a chosen chromosome.

    chrom: (n,) chromosomes of the loci.
    chosen: names, with or without 'chr'; None chooses all.
    Raises ValueError for a chosen name on which no locus lies.
    """
    if chosen is None:
        return np.ones(len(chrom), dtype=bool)
    plain = chrom.str.removeprefix("chr")
    there = set(plain.unique())
    if empty := [name for name in chosen if name.removeprefix("chr") not in there]:
        raise ValueError(
            f"chromosomes = {', '.join(empty)}: no gene lies there; the genes are on {named(chrom.unique(), 30)}"
        )
    return plain.isin({name.removeprefix("chr") for name in chosen}).to_numpy()


def genes_of_gtf(
    gtf: str | Path,
    genome: Genome,
    gene_types: Iterable[str] | None = ("protein_coding",),
    with_features: bool = True,
    scale: Scale | None = None,
    chromosomes: Iterable[str] | None = None,
) -> GeneTable:
    """Genes table of a GTF, sorted by position, with mRNA features if the GTF has CDS lines.

    gtf: the file, plain or gzipped.
    genome: the genome that its coordinates are of.
    gene_types: those to keep; default protein_coding; None keeps all.
    with_features: whether to add the mRNA features; default True.
    scale: mean and standard deviation of the lengths' logarithms (`rna_features.scaled`); default None: of
    these genes.
    chromosomes: those to keep; default None: all.
    Raises ValueError for a broken GTF, one that shares no chromosome with the genome, and a TSS after the end
    of its chromosome.

    Genes on chromosomes that the genome lacks are dropped with the reason; so are genes at several places
    (`places.one_place_each`) and, with features, those without CDS.
    """
    everything = read_gtf(gtf, gene_types)
    chosen = on_chromosomes(everything.frame["chrom"], chromosomes)
    transcripts = _placed(everything, genome)
    keep, unknown = one_place_each(transcripts)
    transcripts = select_transcripts(transcripts, keep)
    transcripts = select_transcripts(transcripts, on_chromosomes(transcripts.frame["chrom"], chromosomes))
    frame = _loci(transcripts)
    frame.loc[frame["gene_id"].isin(unknown), DROPPED] = SEVERAL
    everything = select_transcripts(everything, chosen)
    absent = everything.frame[~everything.frame["gene_id"].isin(frame["gene_id"])].reset_index(drop=True)
    if len(absent):
        lost = absent.drop_duplicates("gene_id").assign(tss=-1)
        lost[DROPPED] = "chromosome " + lost["chrom"] + " is not in the genome"
        frame = pd.concat([frame, lost[[*LOCUS, DROPPED]]], ignore_index=True)
    if with_features:
        frame = _with_features(frame, transcripts, genome, scale)
    rank = {chrom: number for number, chrom in enumerate(genome.lengths)}
    frame["rank"] = frame["chrom"].map(rank).fillna(len(rank))
    frame = frame.sort_values(["rank", "tss", "gene_id"])
    return _finished(frame, genome, gtf)


def genes_of_list(
    path: str | Path,
    settings: ListSettings,
    genome: Genome,
    gtf: str | Path | None = None,
    with_features: bool = True,
    scale: Scale | None = None,
    chromosomes: Iterable[str] | None = None,
    strands: Mapping[str, str] | None = None,
) -> GeneTable:
    """Genes table from a user's table, in its order.

    path: the table.
    settings: how to read it.
    genome: the genome that its positions are of.
    gtf: gives strands, a check of the TSS and the mRNA features; default None: none of these.
    with_features: whether to add or keep the mRNA features; default True.
    scale: mean and standard deviation of the lengths' logarithms (`rna_features.scaled`); default None: of
    these genes.
    chromosomes: those to keep; default None: all.
    strands: by gene id, of genes that the GTF lacks (`gene_list.read_strands`); default None: none.
    Raises ValueError for faults of the table and for chromosomes that the genome lacks.

    Feature columns of the table are used as they are.
    """
    genes = read_gene_list(path, settings)
    genes = genes[on_chromosomes(genes["chrom"], chromosomes)].reset_index(drop=True)
    names = resolve_chromosomes(genes["chrom"], genome.lengths, genome.path)
    genes["chrom"] = genes["chrom"].map(names)
    genes[DROPPED] = ""
    if gtf is not None:
        transcripts = _placed(read_gtf(gtf, None), genome)
        genes = _joined(genes, transcripts, settings.tss_base, gtf, strands or {})
        if with_features and RNA_FEATURES[0] not in genes:
            genes = _with_features(genes, transcripts, genome, scale)
    elif strands:
        genes["strand"] = genes["strand"].where(
            genes["strand"] != "", genes["gene_id"].map(strands).fillna("")
        )
    if not with_features:
        genes = genes.drop(columns=[name for name in RNA_FEATURES if name in genes])
    genes["strand"] = genes["strand"].replace("", ".")
    return _finished(genes, genome, path)


def _placed(transcripts: Transcripts, genome: Genome) -> Transcripts:
    """The transcripts on chromosomes of the genome, named as there."""
    frame = transcripts.frame
    names = resolve_chromosomes(frame["chrom"].unique(), genome.lengths, genome.path, require_all=False)
    placed = select_transcripts(transcripts, frame["chrom"].isin(names).to_numpy())
    chrom = placed.frame["chrom"].map(names)
    return Transcripts(placed.frame.assign(chrom=chrom), placed.exons, placed.coding, placed.stops)


def _loci(transcripts: Transcripts) -> pd.DataFrame:
    frame = transcripts.frame.assign(tss=first_bases(transcripts), **{DROPPED: ""})
    frame = frame.loc[choose_tss(transcripts), [*LOCUS, DROPPED]].reset_index(drop=True)
    return frame.assign(symbol=one_symbol_each(frame, transcripts))


def _with_features(
    frame: pd.DataFrame, transcripts: Transcripts, genome: Genome, scale: Scale | None
) -> pd.DataFrame:
    """Add the mRNA features, z-scored over the genes kept; a gene without CDS is dropped, unless none has one."""
    transcripts = select_transcripts(transcripts, _of_loci(frame[frame[DROPPED] == ""], transcripts.frame))
    keep = np.zeros(len(transcripts.frame), dtype=bool)
    keep[longest_coding(transcripts)] = True
    if not keep.any():
        log.warning("the annotation has no CDS lines for these genes: no mRNA features")
        return frame
    chosen = select_transcripts(transcripts, keep)
    features = scaled(measure(chosen, genome), scale)
    features.index = pd.Index(chosen.frame["gene_id"])
    frame = frame.join(features, on="gene_id")
    lacking = (frame[DROPPED] == "") & frame[RNA_FEATURES[0]].isna()
    frame.loc[lacking, DROPPED] = "no CDS in the annotation, so no mRNA features"
    return frame


def _of_loci(genes: pd.DataFrame, found: pd.DataFrame) -> np.ndarray:
    """(n,) bool: which transcripts are of the genes, and at their place where the annotation has others too."""
    locus = genes.set_index("gene_id")[["chrom", "strand"]]
    place = found[["gene_id"]].join(locus, on="gene_id")
    here = (found["chrom"] == place["chrom"]).astype(int)
    here += (here > 0) & (found["strand"] == place["strand"])
    best = here.groupby(found["gene_id"]).transform("max")
    return (found["gene_id"].isin(locus.index) & (here == best)).to_numpy()


def _joined(
    genes: pd.DataFrame, transcripts: Transcripts, tss_base: int, gtf: str | Path, older: Mapping[str, str]
) -> pd.DataFrame:
    """Fill in the strand from the GTF, else from `older`, and compare the table's TSS with the GTF.

    Genes whose strand is in neither are dropped.
    """
    frame = transcripts.frame.assign(first=first_bases(transcripts))
    both = genes[["gene_id", "chrom", "tss"]].merge(frame, on=["gene_id", "chrom"], suffixes=("", "_gtf"))
    # an id may be on both strands, as of copies: the strand is that of the transcript that begins nearest
    nearest = both.assign(far=(both["first"] - both["tss"]).abs()).sort_values("far", kind="stable")
    strand = genes["gene_id"].map(nearest.drop_duplicates("gene_id").set_index("gene_id")["strand"])
    known, given = strand.notna(), genes["strand"] != ""
    other_place = ~known & genes["gene_id"].isin(frame["gene_id"])
    elsewhere = ~known & ~other_place & genes["gene_id"].isin(older)
    if (~given & elsewhere).any():
        log.info(
            "%d genes that %s lacks have their strand from strand_table", (~given & elsewhere).sum(), gtf
        )
    genes.loc[~given & ~known & ~elsewhere, DROPPED] = "not in the annotation, so the strand is unknown"
    genes.loc[~given & other_place, DROPPED] = "on another chromosome in the annotation"
    contrary = given & known & (genes["strand"] != strand)
    if contrary.any():
        log.warning(
            "%d genes have the other strand in %s (%s)",
            contrary.sum(),
            gtf,
            named(genes["gene_id"][contrary]),
        )
    strand = strand.where(~elsewhere, genes["gene_id"].map(older)).fillna(".")
    genes["strand"] = genes["strand"].where(given, strand)
    log.info("%d of %d genes of the table found in %s", known.sum(), len(genes), gtf)
    _compare_tss(both, tss_base, gtf)
    return genes


def _compare_tss(both: pd.DataFrame, tss_base: int, gtf: str | Path) -> None:
    """Log how many TSS are an annotated transcript start, at the declared base and at the other one.

    Warns by strand, since a table with BED's exclusive ends as TSS is one off on '-' alone.
    """
    if both.empty:
        return
    shift = (
        1 if tss_base == 0 else -1
    )  # the 0-based position, had the other base been declared, is tss - shift
    matches = both[["gene_id", "strand"]].assign(
        exact=both["tss"] == both["first"],
        other=both["tss"] - shift == both["first"],
        within=both["tss"].between(both["start"] - 1000, both["end"] + 999),
    )
    by_gene = matches.groupby(["gene_id", "strand"])[["exact", "other", "within"]].any().reset_index()
    n, share = len(by_gene), 100 * by_gene[["exact", "other"]].mean()
    log.info(
        f"tss_base {tss_base}: {by_gene['exact'].sum()} of {n} TSS ({share['exact']:.1f} %) are a transcript start of "
        f"{gtf}; with tss_base {1 - tss_base}: {by_gene['other'].sum()} ({share['other']:.1f} %)"
    )
    for strand, group in by_gene.groupby("strand"):
        exact, other = group["exact"].sum(), group["other"].sum()
        if other > exact:
            log.warning(
                f"strand {strand}: tss_base {1 - tss_base} fits the annotation better ({other} of {len(group)} TSS) "
                f"than the declared {tss_base} ({exact}): check it; on '-' the TSS is the last base, not BED's end"
            )
    outside = by_gene.loc[~by_gene["within"], "gene_id"]
    if len(outside):
        log.warning(
            "%d TSS lie more than 1 kb outside their gene in %s (%s)", len(outside), gtf, named(outside)
        )


def _finished(frame: pd.DataFrame, genome: Genome, source: str | Path) -> GeneTable:
    table = gene_table(frame, source)
    for gene in table.kept.itertuples():
        check_tss(gene.gene_id, gene.chrom, gene.tss, genome.lengths[gene.chrom])
    report_dropped(table)
    return table


def report_dropped(table: GeneTable) -> None:
    """Log how many genes are kept and how many were dropped for which reason.

    table: the genes.
    Raises ValueError if no gene is left.
    """
    log.info("%d genes kept, %d dropped", len(table.kept), len(table.frame) - len(table.kept))
    reasons = table.frame.loc[table.frame[DROPPED] != "", DROPPED].value_counts()
    for reason, count in reasons.head(20).items():
        lost = table.frame.loc[table.frame[DROPPED] == reason, "gene_id"]
        log.info("  %d dropped: %s (%s)", count, reason, named(lost))
    if table.kept.empty:
        raise ValueError(
            f"no gene is left; the most common reason: {reasons.index[0] if len(reasons) else 'no gene given'}"
        )

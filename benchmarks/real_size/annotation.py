"""The GTF as GENCODE writes it: every gene with its transcripts, exons, CDS, UTR, start and stop codons."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

from benchmarks.real_size.genes import Genes
from prism.files.atomic import writing

_EXON = 150  # bp
_CODON = 3
_AT_ONCE = 50_000  # lines


def write(path: Path, genes: Genes) -> int:
    """Write the GTF, and return how many lines it has.

    path: of the gzipped file.
    genes: those with `in_gtf` are written.
    """
    waiting = ["##description: synthetic annotation of real size", "##format: gtf"]
    n = 0
    rank = {chrom: number for number, chrom in enumerate(genes.frame["chrom"].unique())}
    there = genes.frame[genes.frame["in_gtf"]].reset_index(drop=True)
    there = there.assign(rank=there["chrom"].map(rank)).sort_values(["rank", "tss"])
    with writing(path) as part, gzip.open(part, "wt", compresslevel=1) as out:
        for number, gene in enumerate(there.itertuples()):
            waiting += _gene(number, gene)
            if len(waiting) > _AT_ONCE:
                n += len(waiting)
                out.write("\n".join(waiting) + "\n")
                waiting = []
        out.write("\n".join([*waiting, ""]))
    return n + len(waiting)


def _gene(number: int, gene: tuple) -> Iterator[str]:
    """Lines of a gene: about nine transcripts where it is coding, else one or two."""
    kind = "protein_coding" if gene.coding else "lncRNA"
    of_gene = f'gene_id "{gene.gene_id}.{1 + number % 15}";'
    named = f'gene_type "{kind}"; gene_name "{gene.symbol}";'
    low, high = _span(gene, 0)
    yield _line(gene, "gene", low, high, f'{of_gene} {named} level 2; hgnc_id "HGNC:{number}";')
    for copy in range(1 + number % 16 if gene.coding else 1 + number % 2):
        mark = ' tag "Ensembl_canonical"; tag "MANE_Select";' if copy == 0 else ""
        text = (
            f'{of_gene} transcript_id "ENST{number * 16 + copy:011d}.1"; {named} transcript_type "{kind}"; '
            f'transcript_name "{gene.symbol}-{201 + copy}"; level 2; transcript_support_level "1"; tag "basic";{mark}'
        )
        low, high = _span(gene, 37 * copy)
        yield _line(gene, "transcript", low, high, text)
        n_exons = 2 + (number + copy) % 12 if gene.coding else 2 + number % 3
        yield from _exons(gene, low, high, n_exons, text, gene.coding and copy % 2 == 0)


def _span(gene: tuple, shift: int) -> tuple[int, int]:
    """0-based half-open place of a transcript whose first base lies `shift` bp inside the gene."""
    if gene.strand == "+":
        return gene.tss + shift, gene.tss + gene.body
    return gene.tss + 1 - gene.body, gene.tss + 1 - shift


def _exons(gene: tuple, low: int, high: int, n: int, text: str, coding: bool) -> Iterator[str]:
    """Lines of a transcript's exons in its direction, and of what is coded: 60 bp inside both ends."""
    n = min(n, (high - low) // (2 * _EXON))
    apart = (high - low - _EXON) / (n - 1)
    starts = [low + round(j * apart) for j in range(n)]
    backwards = gene.strand == "-"
    coded = (low + 60, high - 60)
    done = 0
    for rank, start in enumerate(reversed(starts) if backwards else starts, 1):
        more = f'{text} exon_number {rank}; exon_id "ENSE{start:011d}.1";'
        yield _line(gene, "exon", start, start + _EXON, more)
        if not coding:
            continue
        first, last = max(start, coded[0]), min(start + _EXON, coded[1])
        yield _line(gene, "CDS", first, last, more, str(-done % 3))
        done += last - first
        if rank == 1:
            at = last - _CODON if backwards else first
            yield _line(gene, "start_codon", at, at + _CODON, more, "0")
        if start < first:
            yield _line(gene, "UTR", start, first, more)
        if last < start + _EXON:
            yield _line(gene, "UTR", last, start + _EXON, more)
        if rank == n:
            at = first - _CODON if backwards else last
            yield _line(gene, "stop_codon", at, at + _CODON, more, "0")


def _line(gene: tuple, kind: str, low: int, high: int, text: str, phase: str = ".") -> str:
    return f"{gene.chrom}\tSYN\t{kind}\t{low + 1}\t{high}\t.\t{gene.strand}\t{phase}\t{text}"

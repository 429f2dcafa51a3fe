"""The GTF lines, blacklist and peaks of a simulated genome."""

from __future__ import annotations

import numpy as np
import pandas as pd

from prism.simulate.cells import Cell
from prism.simulate.landscape import Landscape
from prism.simulate.settings import TELOMERE
from prism.simulate.tracks import peak_fragments
from prism.simulate.transcripts import STOP, Transcript

PEAK_FRAGMENTS = 25.0  # expected DNase fragments from which a peak is called
PEAK_HALF_WIDTH = 150  # bp


def gtf_lines(landscape: Landscape) -> list[str]:
    """The annotation as GENCODE writes it: 1-based, closed, one protein-coding transcript a gene.

    landscape: the genome.

    As in Ensembl's files the stop codon belongs neither to the CDS nor to the 3'UTR.
    """
    lines = ["##description: simulated genome", "##provider: prism.simulate", "##format: gtf"]
    for gene, transcript in zip(landscape.genes.itertuples(), landscape.transcripts, strict=True):
        lines += _gene_lines(gene, transcript)
    return lines


def _gene_lines(gene: tuple, transcript: Transcript) -> list[str]:
    transcript_id = gene.gene_id.replace("SIMG", "SIMT")
    common = f'gene_type "protein_coding"; gene_name "{gene.symbol}";'
    of_gene = f'gene_id "{gene.gene_id}"; {common} level 2;'
    of_transcript = (
        f'gene_id "{gene.gene_id}"; transcript_id "{transcript_id}"; {common} transcript_type "protein_coding"; '
        f'transcript_name "{gene.symbol}-201"; level 2; tag "basic"; tag "Ensembl_canonical"; tag "MANE_Select";'
    )
    lines = []

    def add(feature: str, pieces: np.ndarray, frame: bool = False) -> None:
        done = 0
        for start, end in pieces:
            low, high = (
                (gene.start + start, gene.start + end)
                if gene.strand == "+"
                else (gene.end - end, gene.end - start)
            )
            phase = str(-done % 3) if frame else "."
            extra = of_gene if feature == "gene" else of_transcript
            lines.append(
                f"{gene.chrom}\tSIM\t{feature}\t{low + 1}\t{high}\t.\t{gene.strand}\t{phase}\t{extra}"
            )
            done += end - start

    whole = np.array([[0, transcript.body_length]])
    coding_start, coding_end = transcript.utr5, transcript.utr5 + transcript.cds
    add("gene", whole)
    add("transcript", whole)
    add("exon", transcript.pieces(0, transcript.mrna_length))
    add("CDS", transcript.pieces(coding_start, coding_end), frame=True)
    add("start_codon", transcript.pieces(coding_start, coding_start + 3), frame=True)
    add("stop_codon", transcript.pieces(coding_end, coding_end + STOP), frame=True)
    add("five_prime_utr", transcript.pieces(0, coding_start))
    add("three_prime_utr", transcript.pieces(coding_end + STOP, transcript.mrna_length))
    return lines


def blacklist(landscape: Landscape) -> pd.DataFrame:
    """Blacklisted regions by position, the telomeres and the artefacts: chrom, start, end, name.

    landscape: the genome.
    """
    length = landscape.settings.chromosome_length
    rows = []
    for chrom in landscape.settings.chromosomes:
        rows.append((chrom, 0, TELOMERE, "Low Mappability"))
        rows += [(chrom, start, end, "High Signal Region") for start, end in landscape.artefacts[chrom]]
        rows.append((chrom, length - TELOMERE, length, "Low Mappability"))
    return pd.DataFrame(rows, columns=["chrom", "start", "end", "name"])


def peaks(landscape: Landscape, cell: Cell) -> pd.DataFrame:
    """DNase peaks (narrowPeak columns) at open promoters and enhancers, by position.

    landscape: the genome.
    cell: the cell type.
    """
    promoter, enhancer = peak_fragments(landscape, cell, "DNase")
    chrom = np.concatenate([landscape.genes["chrom"], landscape.enhancers["chrom"]])
    centre = np.concatenate([landscape.genes["tss"], landscape.enhancers["centre"]])
    height = np.concatenate([promoter, enhancer])
    table = pd.DataFrame({"chrom": chrom, "start": centre - PEAK_HALF_WIDTH, "end": centre + PEAK_HALF_WIDTH})
    table["height"] = height
    table = table[height >= PEAK_FRAGMENTS]
    place = table["chrom"].map({name: i for i, name in enumerate(landscape.settings.chromosomes)})
    table = table.assign(place=place).sort_values(["place", "start"], kind="stable").reset_index(drop=True)
    score = (table["height"] * 5).clip(0, 1000).astype(int)
    return pd.DataFrame(
        {
            "chrom": table["chrom"],
            "start": table["start"],
            "end": table["end"],
            "name": [f"{cell.name}_peak_{i + 1}" for i in range(len(table))],
            "score": score,
            "strand": ".",
            "signal": table["height"].round(2),
            "p": (table["height"] / 2).round(2),
            "q": (table["height"] / 3).round(2),
            "summit": PEAK_HALF_WIDTH,
        }
    )

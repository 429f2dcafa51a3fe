"""Which transcript gives a gene its TSS."""

from __future__ import annotations

import numpy as np

from prism.genome.genes.transcripts import Transcripts


def first_bases(transcripts: Transcripts) -> np.ndarray:
    """(n,) 0-based position of each transcript's first base: start on '+', end - 1 on '-'.

    transcripts: of a GTF.
    """
    frame = transcripts.frame
    return np.where(frame["strand"] == "+", frame["start"], frame["end"] - 1)


def choose_tss(transcripts: Transcripts) -> np.ndarray:
    """Rows of the transcripts whose first base is their gene's TSS, one for each gene, in order of gene id.

    transcripts: of a GTF.

    The transcript is MANE Select, else Ensembl canonical, else, where the gene has one, a complete transcript with a
    CDS (none of the tags mRNA_start_NF, cds_start_NF, mRNA_end_NF, cds_end_NF), else any with a CDS. Among several,
    one whose start was found comes first, then the longest CDS (without stop codon), the most exonic bases, and the
    first transcript id.
    """
    n, frame = len(transcripts.frame), transcripts.frame
    cds = transcripts.coding.total(n)
    order = frame[["gene_id", "transcript_id"]].assign(
        not_mane=~frame["mane"].astype(bool),
        not_canonical=~frame["canonical"].astype(bool),
        not_whole=(frame["incomplete"] > 0) | (cds == 0),
        not_coding=cds == 0,
        incomplete=frame["incomplete"],
        less_cds=-cds,
        less_exonic=-transcripts.exons.total(n),
    )
    keys = [name for name in order if name not in ("gene_id", "transcript_id")]
    return order.sort_values(["gene_id", *keys, "transcript_id"]).drop_duplicates("gene_id").index.to_numpy()

"""Where each architecture comes from, and what differs here; for docs/models.md."""

from __future__ import annotations

SOURCES = {
    "caduceus": (
        "Schiff et al. 2024, arXiv 2403.03234, as a baseline of Seq2Exp (arXiv 2502.13991)",
        "Without parameter sharing between strands. One kernel and one in_proj for both directions instead of a flip.",
    ),
    "caduceus_signals": (
        "Seq2Exp's baseline, arXiv 2502.13991; with `input_mask: peaks` its MACS3 baseline",
        "Peaks are the row's, or called from DNase at a multiple of its mean.",
    ),
    "enformer": (
        "Avsec et al. 2021, doi 10.1038/s41592-021-01252-x, by the package enformer-pytorch",
        "From scratch, without its output heads; the mean over the output bins goes to the shared head.",
    ),
    "epinformer": (
        "EPInformer, doi 10.1038/s41467-026-70535-8",
        "Elements are made here. All padding of a batch is computed as one row, counted as often as it stands there.",
    ),
    "hyenadna": (
        "Nguyen et al. 2023, arXiv 2306.15794, on the Hyena operator, arXiv 2302.10866",
        "Only the operator is compared with the authors' numbers; around it, it is written from the description.",
    ),
    "mamba": (
        "Gu and Dao 2023, arXiv 2312.00752, as a baseline of Seq2Exp (arXiv 2502.13991)",
        "None known.",
    ),
    "prism": (
        "Prism, ICLR 2026, arXiv 2602.21550",
        "Prediction computes the observed branch alone. Promoter activity is of bigWig means, not of reads.",
    ),
    "ridge": ("This project's floor", "No published counterpart."),
    "seq2exp_hard": (
        "Seq2Exp, ICLR 2025, arXiv 2502.13991",
        "Kept positions are gathered, never padded: a prediction does not depend on its batch-mates.",
    ),
    "seq2exp_soft": ("Seq2Exp, ICLR 2025, arXiv 2502.13991", "None known."),
}

"""Rules about signals and contacts: each takes the numbers of `quality.measure` and yields its findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from prism.quality.finding import NOTE, WARNING, Finding, percent

MIN_GENES = 30  # below it, a mean or a correlation over genes says little (standard error of rho about 0.18)
NO_PEAK = 1.1  # centre over flank: Pol II, the bluntest mark tried (yeast, 2 kb), reaches 1.25
DIP = (
    0.9  # centre over flank: what lies below is no flat track but one that avoids the TSS, as nucleosomes do
)
FOLLOWS = (
    1.5  # expressed over silent third, at the TSS: a signal of the right loci differs by more (real: 1.5-100)
)
ONE_STRAND = 1.5  # centre over flank on the better strand, while the other has no peak
SILENT = 0.5  # share of expressed genes with nothing at the TSS; promoter marks: below 0.01 on real data
LEAKAGE = 0.8  # |Spearman|: with ATAC and H3K27ac, PRO-cap labels reach 0.83-0.89, RNA-seq of the same genes 0.71-0.76
DUPLICATE = 0.999  # Pearson over positions: two experiments differ by more than that through counting alone
COVERAGE = 3.0  # coverage against the median of the chromosomes; copy number or sex change it by up to 2
DEVIATIONS = 4.0  # standard errors that such a difference must reach, so that few genes do not raise it
FLAT = 1.1  # contacts with the TSS's own bin over those at the greatest distance; real maps: 1.9 over one bin
NO_CONTACTS = 0.25  # share of genes without usable contacts; real: 0.05

Numbers = dict[str, Any]


def _bigwigs(numbers: Numbers) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, signal in numbers["signals"].items():
        if signal["kind"] == "bigwig" and signal["lowest"] != signal["highest"]:
            yield name, signal


def constant(numbers: Numbers) -> Iterator[Finding]:
    """A signal with one value everywhere.

    numbers: of `prism.quality.measure.measure`.
    """
    for name, signal in numbers["signals"].items():
        if signal["lowest"] == signal["highest"]:
            yield Finding(
                "constant", WARNING, name, signal["lowest"],
                f"{name} is {signal['lowest']:g} at every position of every window.",
                "An empty file, or one of another genome whose chromosome names happen to agree.",
                "Look at the file in a genome browser at an expressed gene; replace it, or leave the signal out.",
            )  # fmt: skip


def no_peak(numbers: Numbers) -> Iterator[Finding]:
    """A signal that is neither higher at the TSS than beside it, nor differs with expression.

    numbers: of `prism.quality.measure.measure`.
    """
    half = numbers["centre_half"]
    for name, signal in _bigwigs(numbers):
        ratio, contrast, n = (signal["tss"][key] for key in ("ratio", "contrast", "genes"))
        follows = contrast is not None and not 1 / FOLLOWS < contrast < FOLLOWS
        if ratio is None or n < MIN_GENES or ratio >= NO_PEAK or follows:
            continue
        genes = "Over all genes" if contrast is None else "In expressed genes (the highest third)"
        beside = (
            "" if contrast is None else f", and {contrast:.2f} times that in silent genes (the lowest third)"
        )
        seen = (
            f"{genes}, the mean of {name} within {half} bp of the TSS is {ratio:.2f} times that in the outer half "
            f"of the window{beside}."
        )
        if ratio < DIP:
            yield Finding(
                "dips_at_tss", NOTE, name, ratio, seen,
                "Nucleosome maps and marks of gene bodies or of silent chromatin do that; a promoter mark does not.",
                "Nothing, if the assay is one of these. Otherwise compare the assemblies of file, genome and TSS.",
            )  # fmt: skip
        else:
            yield Finding(
                "no_tss_peak", WARNING, name, ratio, seen,
                "File and TSS belong to different assemblies, or the file is of an assay that does not see promoters.",
                "Compare the assemblies of file, genome and TSS; lift the file over, or leave the signal out.",
            )  # fmt: skip


def peak_on_one_strand(numbers: Numbers) -> Iterator[Finding]:
    """A signal that peaks at the TSS of one strand's genes only.

    numbers: of `prism.quality.measure.measure`.
    """
    for name, signal in _bigwigs(numbers):
        ratios, genes = signal["tss"]["ratio_by_strand"], signal["tss"]["genes_by_strand"]
        if None in ratios.values() or min(genes.values()) < MIN_GENES:
            continue
        bad, good = sorted(ratios, key=ratios.get)
        if ratios[bad] < NO_PEAK and ratios[good] >= ONE_STRAND:
            yield Finding(
                "peak_on_one_strand", WARNING, name, ratios[bad],
                f"{name} peaks at the TSS of expressed genes on the {good} strand ({ratios[good]:.2f} times the outer "
                f"half of the window) but not on the {bad} strand ({ratios[bad]:.2f} times).",
                f"The table gives the gene's other end as TSS on the {bad} strand.",
                "Give the first transcribed base: the start on '+', the end on '-' (0-based: end - 1).",
            )  # fmt: skip


def silent_at_tss(numbers: Numbers) -> Iterator[Finding]:
    """A signal that is 0 around the TSS of most expressed genes.

    numbers: of `prism.quality.measure.measure`.
    """
    for name, signal in _bigwigs(numbers):
        silent = signal["tss"]["silent"]
        if silent is not None and signal["tss"]["genes"] >= MIN_GENES and silent > SILENT:
            yield Finding(
                "silent_at_tss", WARNING, name, silent,
                f"{name} is 0 at all positions within {numbers['centre_half']} bp of the TSS in {percent(silent)} "
                f"of the {signal['tss']['genes']:,} genes with the highest label.",
                "The file holds peaks only, lacks chromosomes, or belongs to another assembly.",
                "Use the signal file of the whole genome (not its peaks), on the assembly of the TSS.",
            )  # fmt: skip


def leakage(numbers: Numbers) -> Iterator[Finding]:
    """A signal that correlates so well with the label that it may be measured by nearly the same assay.

    numbers: of `prism.quality.measure.measure`.
    """
    if not numbers["label"] or numbers["label"]["n"] < MIN_GENES:
        return
    assay = numbers["label"]["assay"] or "the label's assay"
    for name, signal in numbers["signals"].items():
        found = {region: signal["label"][region]["spearman"] for region in ("centre", "window")}
        found = {region: rho for region, rho in found.items() if rho is not None and abs(rho) >= LEAKAGE}
        if found:
            region = max(found, key=lambda each: abs(found[each]))
            where = (
                f"within {numbers['centre_half']} bp of the TSS" if region == "centre" else "in the window"
            )
            yield Finding(
                "leakage", WARNING, name, found[region],
                f"Possible leakage of {assay}: {name} {where} and the label correlate at {found[region]:.2f} "
                "(Spearman, over genes).",
                f"{name} and {assay} may be two readings of nearly the same thing: PRO-cap labels correlate with "
                "ATAC and H3K27ac at 0.83-0.89 on real data, before any model.",
                f"Say so beside every score, compare with a ridge on {name} alone, or take a label of another assay.",
            )  # fmt: skip


def duplicates(numbers: Numbers) -> Iterator[Finding]:
    """Two signals that are the same track, up to scale.

    numbers: of `prism.quality.measure.measure`.
    """
    for pair in numbers["pairs"]:
        if abs(pair["pearson"]) > DUPLICATE:
            first, second = pair["signals"]
            yield Finding(
                "duplicate", WARNING, f"{first}, {second}", pair["pearson"],
                f"{first} and {second} correlate at {pair['pearson']:.5f} (Pearson, over all positions).",
                "One file is in two columns of the cell type's row, perhaps in two units.",
                "Give each signal its own file, or leave one out: a copy adds parameters and no information.",
            )  # fmt: skip


def chromosome_coverage(numbers: Numbers) -> Iterator[Finding]:
    """A chromosome on which a signal covers far less, or far more, than on the others.

    numbers: of `prism.quality.measure.measure`.
    """
    rows = [row for row in numbers["chromosomes"] if row["genes"] >= MIN_GENES]
    for name in numbers["signals"]:
        covered = {row["chrom"]: 1 - row["zeros"][name] for row in rows}
        usual = float(np.median(list(covered.values()))) if len(covered) > 1 else 0.0
        for row in rows:
            own = covered[row["chrom"]]
            differs = own * COVERAGE < usual or own > COVERAGE * usual
            if differs and abs(row["deviation"][name] or 0) > DEVIATIONS:
                yield Finding(
                    "chromosome_coverage", WARNING, f"{name}, {row['chrom']}", own,
                    f"On {row['chrom']}, {name} is not 0 at {percent(own)} of the positions ({row['genes']:,} genes); "
                    f"the median of the chromosomes is {percent(usual)}.",
                    "The file or the cells lack most of that chromosome (Y, a deletion), or it was made differently.",
                    f"Look at {row['chrom']} in a genome browser; replace the file, or leave the chromosome out.",
                )  # fmt: skip


def contacts(numbers: Numbers) -> Iterator[Finding]:
    """Contacts that do not fall with distance, and genes that have none.

    numbers: of `prism.quality.measure.measure`.
    """
    for name, found in numbers["contacts"].items():
        if numbers["signals"][name]["lowest"] == numbers["signals"][name]["highest"]:
            continue
        if found["empty"] > NO_CONTACTS:
            yield Finding(
                "no_contacts", WARNING, name, found["empty"],
                f"{name} has no usable row for {percent(found['empty'])} of the genes; their whole feature is 0.",
                "The map lacks chromosomes, is too shallow at this resolution, or its normalisation dropped the bins.",
                "Use a deeper map, one of the whole genome, or one with another normalisation.",
            )  # fmt: skip
        mean = [value for value, n in zip(found["mean"], found["n"], strict=True) if n >= MIN_GENES]
        if len(mean) > 1 and mean[-1] > 0 and mean[0] < FLAT * mean[-1]:
            ratio = mean[0] / mean[-1]
            yield Finding(
                "flat_contacts", WARNING, name, ratio,
                f"{name} in the bin of the TSS is {ratio:.2f} times that in the farthest bins of the window: it does "
                "not fall with distance.",
                "The map holds observed over expected, is of another assembly, or is nearly empty.",
                "Give observed contacts (VC- or ICE-normalised), on the assembly of the TSS.",
            )  # fmt: skip


RULES = (
    constant,
    no_peak,
    peak_on_one_strand,
    silent_at_tss,
    leakage,
    duplicates,
    chromosome_coverage,
    contacts,
)

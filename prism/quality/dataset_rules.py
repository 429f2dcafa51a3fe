"""Rules about the dataset as a whole, its genes and label: what looks wrong, its likely cause and the fix."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import Any

from prism.genome.genes.table import named
from prism.quality import signal_rules
from prism.quality.finding import NOTE, WARNING, Finding, percent
from prism.quality.signal_rules import MIN_GENES

UNKNOWN = 0.01  # share of N: finished assemblies have next to none around their genes (yeast: 0)
BLACKLISTED = 0.1  # share of positions: ENCODE's list covers about 7 % of hg38, less of it around TSS
DROPPED = 0.2  # share of the table's genes: more than a few without CDS or label deserve a look
ONE_STRAND = 0.9  # share of genes on one strand: genomes have about half on each
ZEROS = 0.6  # share of genes: real labels have 0.03 (yeast RNA-seq) to 0.35 (K562 PRO-cap)
HIGHEST = 7.0  # log10(x + 1): ten million counts or TPM in one gene, more than any assay gives
SHOWN = 6  # splits, or genes, that a finding names
UNCORRELATED = 0.1  # |Spearman| with the best signal: real data reach 0.4 (yeast, Pol II) to 0.89

Numbers = dict[str, Any]


def find(numbers: Numbers) -> list[Finding]:
    """All findings, warnings first.

    numbers: of `prism.quality.measure.measure`, or read back from its JSON.
    """
    found = [finding for rule in (*RULES, *signal_rules.RULES) for finding in rule(numbers)]
    return sorted(found, key=lambda finding: finding.level != WARNING)


def unknown_sequence(numbers: Numbers) -> Iterator[Finding]:
    """Much N in the windows.

    numbers: of `prism.quality.measure.measure`.
    """
    share = numbers["sequence"]["unknown"]
    if share > UNKNOWN:
        there = [row for row in numbers["chromosomes"] if row["genes"]]
        worst = max(there, key=lambda row: row["unknown"])
        yield Finding(
            "unknown_sequence", WARNING, "sequence", share,
            f"{percent(share)} of the windows' bases are N (most on {worst['chrom']}: {percent(worst['unknown'])}).",
            "The TSS belong to another assembly, the FASTA is hard-masked, or parts of it are missing.",
            "Use the soft-masked FASTA of the assembly that the TSS were annotated on.",
        )  # fmt: skip


def empty_windows(numbers: Numbers) -> Iterator[Finding]:
    """Any window without a known base.

    numbers: of `prism.quality.measure.measure`.
    """
    genes = numbers["sequence"].get("all_unknown", [])
    if genes:
        total = numbers["genes"]["in_windows"]
        yield Finding(
            "empty_windows", WARNING, "sequence", len(genes) / total,
            f"The windows of {len(genes):,} of {total:,} genes are all N: {named(genes, SHOWN)}.",
            "The FASTA lacks the sequence there (hard-masked, cut short, an unplaced part), or is of another assembly.",
            "Use the soft-masked FASTA of the TSS's assembly, or take the genes out: they train without a sequence, "
            "and are not predicted.",
        )  # fmt: skip


def blacklisted(numbers: Numbers) -> Iterator[Finding]:
    """Much of the windows in the blacklist.

    numbers: of `prism.quality.measure.measure`.
    """
    share = numbers["sequence"]["blacklist"]
    if share is not None and share > BLACKLISTED:
        yield Finding(
            "blacklisted", WARNING, "blacklist", share,
            f"{percent(share)} of the windows' positions are in the blacklist.",
            "The list belongs to another assembly, or is not a blacklist but, say, a list of repeats.",
            "Use ENCODE's list for this assembly.",
        )  # fmt: skip


def dropped_genes(numbers: Numbers) -> Iterator[Finding]:
    """Many genes of the table were dropped.

    numbers: of `prism.quality.measure.measure`.
    """
    genes = numbers["genes"]
    share = genes["dropped"] / max(genes["in_table"], 1)
    if share > DROPPED:
        reason, n = max(genes["reasons"].items(), key=lambda each: each[1])
        yield Finding(
            "dropped_genes", NOTE, "genes", share,
            f"{genes['dropped']:,} of {genes['in_table']:,} genes ({percent(share)}) were dropped, {n:,} because: "
            f"{reason}.",
            "Gene ids, chromosome names or versions differ between annotation, label and genome.",
            "Look at column `dropped` of the genes table. If the reasons are as intended, there is nothing to do.",
        )  # fmt: skip


def lost_genes(numbers: Numbers) -> Iterator[Finding]:
    """Any gene of a validation or test split that was dropped.

    numbers: of `prism.quality.measure.measure`.
    """
    lost = [
        (found["dropped"] / (found["kept"] + found["dropped"]), f"fold {fold}: {_told(found)} {word} genes")
        for fold, splits in numbers["genes"].get("folds", {}).items()
        for split, word in (("test", "test"), ("valid", "validation"))
        if (found := splits[split])["dropped"]
    ]
    if lost:
        reason, n = max(numbers["genes"]["reasons"].items(), key=lambda each: each[1])
        more = f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
        yield Finding(
            "lost_genes", WARNING, "genes", max(lost)[0],
            f"Genes of validation or test splits were dropped; what is left: "
            f"{'; '.join(words for _, words in lost[:SHOWN])}{more}. Most common reason: {reason} ({n:,} genes).",
            "Gene ids, chromosome names or versions differ between annotation, label and genome.",
            "Look at column `dropped` of the genes table and give what is missing, or compare with others' scores only "
            "where they are of the same genes.",
        )  # fmt: skip


def _told(found: dict[str, int]) -> str:
    return f"{found['kept']:,} of {found['kept'] + found['dropped']:,}"


def one_strand(numbers: Numbers) -> Iterator[Finding]:
    """Nearly all genes on one strand.

    numbers: of `prism.quality.measure.measure`.
    """
    strands = {strand: numbers["genes"]["strands"][strand] for strand in "+-"}
    total = sum(strands.values())
    most = max(strands, key=strands.get)
    if total >= MIN_GENES and strands[most] > ONE_STRAND * total:
        share = strands[most] / total
        yield Finding(
            "one_strand", WARNING, "genes", share,
            f"{percent(share)} of the genes are on the {most} strand.",
            "The strand column was lost or filled with one value; TSS of the other strand are then gene ends.",
            "Give a GTF, or a table with each gene's strand.",
        )  # fmt: skip


def swapped_strands(numbers: Numbers) -> Iterator[Finding]:
    """A stranded label with more reads against the genes than along them.

    numbers: of `prism.quality.measure.measure`.
    """
    sums = (numbers["label"] or {}).get("strand_sums")
    if sums and sums["antisense"] > sums["sense"]:
        share = sums["antisense"] / (sums["sense"] + sums["antisense"])
        yield Finding(
            "swapped_strands", WARNING, "label", share,
            f"Around the TSS the label sums to {sums['antisense']:,.0f} antisense and {sums['sense']:,.0f} sense: "
            f"{percent(share)} antisense.",
            "The label's plus and minus files are exchanged (or the assay reads the reverse strand).",
            "Exchange `label` and `label_minus` in the cell type's row.",
        )  # fmt: skip


def label_values(numbers: Numbers) -> Iterator[Finding]:
    """A label that is constant, mostly 0, or not a logarithm.

    numbers: of `prism.quality.measure.measure`.
    """
    label = numbers["label"]
    if not label:
        return
    if label["lowest"] == label["highest"]:
        yield Finding(
            "constant_label", WARNING, "label", label["lowest"],
            f"All {label['n']:,} genes have the label {label['lowest']:.4g}.",
            "The label's file is empty around the TSS, or the wrong column of the table was read.",
            "Check the label's file and column, and that it is on the assembly of the TSS.",
        )  # fmt: skip
    elif label["zeros"] > ZEROS:
        yield Finding(
            "label_zeros", WARNING, "label", label["zeros"],
            f"The label is 0 in {percent(label['zeros'])} of the genes.",
            "The label's file belongs to another assembly or strand, is shallow, or its table lists few genes.",
            "Check assembly, strand and depth; a model would mostly learn to tell 0 from the rest.",
        )  # fmt: skip
    if label["highest"] > HIGHEST:
        yield Finding(
            "label_scale", WARNING, "label", label["highest"],
            f"The highest label is {label['highest']:.4g}; as log10(x + 1) that is x = 10^{label['highest']:.0f}.",
            "The label was not made a logarithm.",
            "Set label_transform to log10p1 in the cell type's row.",
        )  # fmt: skip


def label_uncorrelated(numbers: Numbers) -> Iterator[Finding]:
    """A label that has nothing to do with any signal.

    numbers: of `prism.quality.measure.measure`.
    """
    label = numbers["label"]
    if not label or label["n"] < MIN_GENES or label["lowest"] == label["highest"]:
        return
    found = [
        (abs(rho), name)
        for name, signal in numbers["signals"].items()
        if signal["kind"] == "bigwig"
        for rho in (signal["label"][region]["spearman"] for region in ("centre", "window"))
        if rho is not None
    ]
    if found and max(found)[0] < max(UNCORRELATED, 2 / sqrt(label["n"])):
        rho, name = max(found)
        yield Finding(
            "label_uncorrelated", WARNING, "label", rho,
            f"The label correlates with no signal: the best is {name}, |Spearman| {rho:.2f} over {label['n']:,} genes.",
            "Label and signals are of different cell types or assemblies, or gene ids were matched wrongly.",
            "Check a few housekeeping genes (ACTB, GAPDH): label high and signal high at the TSS.",
        )  # fmt: skip


RULES = (
    unknown_sequence,
    empty_windows,
    blacklisted,
    dropped_genes,
    lost_genes,
    one_strand,
    swapped_strands,
    label_values,
    label_uncorrelated,
)

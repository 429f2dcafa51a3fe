"""What is refused of a cell type whose row lacks what a model, or a file that is asked for, needs."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from prism.genome.reading import GENE
from workflow_scripts.planning.plan import Plan

CALLER = "macs3"  # of rules/elements.smk


def peak_signal(plan: Plan, cell_type: str) -> str:
    """The signal that peaks are called from.

    plan: of this run of the workflow.
    cell_type: the name of a row of the table of cell types.
    Raises ValueError where the row does not have that signal as a bigWig.
    """
    name = plan.config["peak_calling"]["signal"]
    if not plan.calls_peaks(cell_type):
        there = plan.cell_types[cell_type].signals
        tracks = ", ".join(key for key, track in there.items() if track.kind == "bigwig")
        raise ValueError(
            f"cell type {cell_type} has neither peaks nor the signal {name} to call them from (bigWigs there: "
            f"{tracks or 'none'}); fill the column peaks, or set peak_calling.signal"
        )
    return name


def check_caller(out: str, deployment: Iterable[str]) -> None:
    """Refuse to call peaks where nothing can.

    out: the file of called peaks, which the error names.
    deployment: Snakemake's --software-deployment-method; only conda brings macs3, for no rule names a module or an
    image of its own.
    Raises ValueError without conda where macs3 is not on the PATH either.
    """
    if "conda" not in deployment and shutil.which(CALLER) is None:
        raise ValueError(
            f"{out}: peaks have to be called by {CALLER}, which is not on the PATH; run with --use-conda, install "
            f"{CALLER} (pip install {CALLER}), or fill the column peaks of the cell type's row"
        )


def check_peaks(plan: Plan, cell_type: str) -> None:
    """Refuse a cell type that has neither peaks nor a signal to call them from.

    plan: of this run of the workflow.
    cell_type: the name of a row of the table of cell types.
    Raises ValueError with the tracks that are there and the fix.
    """
    if plan.cell_types[cell_type].peaks is None:
        peak_signal(plan, cell_type)


def check_strands(plan: Plan, cell_type: str, orientation: str, where: str) -> None:
    """Refuse to turn windows by their genes' strand where no file of the assembly tells a strand.

    plan: of this run of the workflow.
    cell_type: the name of a row of the table of cell types.
    orientation: plus or gene, of the model.
    where: what the error begins with.
    Raises ValueError with the files that could tell it.
    """
    assembly = plan.cell_types[cell_type].assembly
    settings = plan.config["assemblies"][assembly]
    columns = (settings.get("gene_table") or {}).get("columns") or {}
    told = settings.get("annotation") or settings.get("strand_table") or "strand" in columns
    if orientation == GENE and not told:
        raise ValueError(
            f"{where} has orientation: gene, and the genes of {cell_type} have no strand: assemblies.{assembly} has "
            "neither an annotation, nor gene_table.columns.strand, nor a strand_table; give one of them, or take "
            "orientation: plus"
        )


def check_activity(plan: Plan, cell_type: str, where: str) -> None:
    """Refuse candidate elements without activity, unless the configuration wants none.

    plan: of this run of the workflow.
    cell_type: the name of a row of the table of cell types.
    where: what the error begins with.
    Raises ValueError with the signals that are there and the fix.
    """
    names, there = plan.config.get("promoter_activity") or [], plan.cell_types[cell_type].signals
    if names and not plan.has_activity(cell_type):
        raise ValueError(
            f"{where} needs the activity of candidate elements, made of {', '.join(names)}; {cell_type} has: "
            f"{', '.join(there) or 'none'}; give them in the table, or set promoter_activity (to [] for none)"
        )

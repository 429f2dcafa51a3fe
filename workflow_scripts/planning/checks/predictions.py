"""What is refused of predictions before any job: a run that is not there, data that its model reads and a row lacks."""

from __future__ import annotations

import os
from collections.abc import Callable

from prism.genome.genes.chosen import chosen_genes, read_names
from prism.genome.genes.table import ACTIVITY
from prism.genome.genes.table import read as read_genes
from workflow_scripts.planning import requests
from workflow_scripts.planning.checks.data import check_activity, check_peaks, check_strands
from workflow_scripts.planning.needs import Needs, needs_of
from workflow_scripts.planning.plan import Plan
from workflow_scripts.planning.tables.names import among, nearest
from workflow_scripts.planning.tables.paths import find


def check_predictions(plan: Plan) -> None:
    """Refuse predictions that the configuration names and that cannot be made.

    plan: of this run of the workflow.
    Raises ValueError for the first of them, with what is there and the fix.
    """
    for cell_type in plan.config.get("predictions") or {}:
        if cell_type not in plan.cell_types:
            raise ValueError(
                f"predictions: cell type {cell_type!r} is in no table; {among(cell_type, plan.cell_types)}"
            )
        genes_asked(plan.config, cell_type)
    for cell_type, run in requests.predictions(plan.config):
        check_prediction(plan, cell_type, run)


def genes_asked(config: dict, cell_type: str) -> list[str] | None:
    """Names of the genes to predict for a cell type, those of a file read; None for all.

    config: the whole configuration.
    cell_type: the row to predict for.
    Raises ValueError for a file that is not there or names no gene.
    """
    genes = requests.asked_of(config, cell_type).genes
    if isinstance(genes, str):
        return read_names(find(genes, f"predictions.{cell_type}.genes"))
    return None if genes is None else list(dict.fromkeys(name.strip() for name in genes))


def check_chosen_genes(plan: Plan, made: Callable[[str], bool]) -> None:
    """Refuse genes that predictions ask for and that a genes table, as far as it is there, does not have.

    plan: of this run of the workflow.
    made: whether this run makes a file (again); then nothing is known yet, and the job that reads it looks.
    Raises ValueError that names them, with the nearest there are.
    """
    for cell_type in plan.config.get("predictions") or {}:
        names, path = genes_asked(plan.config, cell_type), f"{plan.prefix}results/genes/{cell_type}.tsv"
        if names and os.path.isfile(path) and not made(path):
            chosen_genes(read_genes(path), names, f"predictions.{cell_type}.genes: {path}")


def check_prediction(plan: Plan, cell_type: str, run: str) -> Needs:
    """What a run reads, all of which the cell type has.

    plan: of this run of the workflow.
    cell_type: the row to predict for.
    run: the name of a training (K562.prism_2k.fold11.seed2) or of a released checkpoint.
    Raises ValueError, with what is there and the fix, where the cell type lacks any of it.
    """
    if cell_type not in plan.cell_types:
        raise ValueError(
            f"predictions: cell type {cell_type!r} is in no table; {among(cell_type, plan.cell_types)}"
        )
    wanted = needs_of(plan, run)
    where = f"predictions: {run} for {cell_type}"
    longest = max(plan.config["windows"]["lengths"])
    if wanted.length > longest:
        raise ValueError(
            f"{where}: it reads windows of {wanted.length} bp, the longest dataset has {longest}; add "
            f"{wanted.length} to windows.lengths"
        )
    _check_signals(plan, cell_type, wanted, where)
    _check_features(plan, cell_type, wanted, where)
    check_strands(plan, cell_type, wanted.orientation, where)
    if wanted.peaks or wanted.elements:
        try:
            check_peaks(plan, cell_type)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
    if wanted.elements:
        _check_elements(plan, cell_type, wanted, where)
    _check_match(plan, cell_type, wanted, where)
    return wanted


def _check_signals(plan: Plan, cell_type: str, wanted: Needs, where: str) -> None:
    there, in_row = plan.signal_names(cell_type), plan.cell_types[cell_type].signals
    missing = [name for name in wanted.signals if name not in there]
    if missing:
        close = [found for name in missing if (found := nearest(name, there))]
        left_out = [name for name in missing if name in in_row]
        fix = (
            f"{', '.join(left_out)} {'is' if len(left_out) == 1 else 'are'} left out by windows.signals: add it there"
            if left_out
            else f"did you mean {', '.join(close)}? (a released checkpoint's `signals`, or the column's name)"
            if close
            else "give it in the table of cell types, or predict with a model that does without"
        )
        raise ValueError(
            f"{where}: it reads the signals {', '.join(wanted.signals)}, {cell_type} has "
            f"{', '.join(there) or 'none'} and lacks {', '.join(missing)}; {fix}"
        )


def _check_features(plan: Plan, cell_type: str, wanted: Needs, where: str) -> None:
    absent = [name for name in plan.features_surely_absent(cell_type) if name in wanted.rna_features]
    if ACTIVITY in absent:
        named, row = plan.config.get("promoter_activity") or [], plan.cell_types[cell_type]
        raise ValueError(
            f"{where}: it reads promoter_activity, which is made of "
            f"{', '.join(named) or 'no signal (promoter_activity: [])'}; "
            f"{cell_type} has the signals {', '.join(row.signals) or 'none'}; give them in the table of cell types"
        )
    if absent:
        assembly = plan.cell_types[cell_type].assembly
        raise ValueError(
            f"{where}: it reads the mRNA features {', '.join(absent)}, and assemblies.{assembly}.rna_features is "
            "none; set it to genes or published"
        )


def _check_elements(plan: Plan, cell_type: str, wanted: Needs, where: str) -> None:
    row = plan.cell_types[cell_type]
    if wanted.contacts and not plan.contact_maps(cell_type):
        raise ValueError(
            f"{where}: its candidate elements have contacts, and {cell_type} has no contact map (signals: "
            f"{', '.join(row.signals) or 'none'}); give one (.hic, .mcool, .cool) in the table of cell types"
        )
    check_activity(plan, cell_type, where)


def _check_match(plan: Plan, cell_type: str, wanted: Needs, where: str) -> None:
    if requests.asked_of(plan.config, cell_type).match_scale == "none":
        return
    if wanted.elements:
        raise ValueError(
            f"{where}: match_scale: quantile does not change the activity of candidate elements, which it reads; take "
            "the run out, or predict with match_scale: none"
        )
    if wanted.run in plan.released:
        raise ValueError(
            f"{where}: match_scale: quantile needs the quantiles of the training's signals, which a released "
            "checkpoint does not hold; where you have its training's dataset, run "
            "workflow_scripts.prediction.predict with --training-windows and --training-genes; "
            "else predict with match_scale: none"
        )

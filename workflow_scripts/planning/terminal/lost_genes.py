"""Which genes a run was made without, said at the end of it: dropped from the genes table, or in no dataset."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from prism.genome.dataset.dropped import NO_SPLIT, SplitGenes, genes_by_split
from prism.genome.dataset.folds import SPLITS, listed, unmatched
from prism.genome.dataset.folds import read as read_folds
from prism.genome.genes.table import GeneTable, named
from prism.genome.genes.table import read as read_genes
from workflow_scripts.planning.plan import Plan
from workflow_scripts.planning.tables.paths import find
from workflow_scripts.planning.tables.patterns import FOLD, NAME

AT_MOST = 6  # folds of a cell type; the quality page and the genes table have the others
NAMED = 3  # genes of a reason
_GENES = re.compile(rf"results/genes/(?P<cell_type>{NAME})\.tsv")
_RUN = re.compile(rf"results/runs/(?P<cell_type>{NAME})/{NAME}/fold(?P<fold>{FOLD})/seed\d+/metrics\.json")


def gene_words(jobs: Iterable, plan: Plan) -> str:
    """Lines on the genes that the trainings of a run lack, by split and reason; '' where they have all.

    jobs: Snakemake's, which have finished. Those that made a genes table or trained are known by their files.
    plan: of the run.
    """
    trained = _trained(jobs, plan)
    if not trained:
        return ""
    folds = read_folds(find(plan.config["folds"], "folds"))
    paths = {name: Path(f"{plan.prefix}results/genes/{name}.tsv") for name, _ in trained}
    tables = {name: read_genes(path) for name, path in paths.items() if path.is_file()}
    lines = []
    for name, table in tables.items():
        found = [_dropped(table, folds, fold) for each, fold in trained if each == name]
        if found := [part for part in found if part]:
            lines.append(f"{name}: genes were dropped; {paths[name]} says of each why")
            lines += [line for part in found[:AT_MOST] for line in part]
            lines += [f"  ... and {len(found) - AT_MOST} more folds"] if len(found) > AT_MOST else []
    if tables:
        for fold in dict.fromkeys(fold for _, fold in trained):
            lines += _unmatched(folds, fold, tables)
    return "".join(f"{line}\n" for line in lines)


def _trained(jobs: Iterable, plan: Plan) -> list[tuple[str, str]]:
    """Cell type and fold of what was made in this run, each once, in order."""
    found, trained = set(), {each for name in plan.trained for each in plan.members(name)}
    for path in (str(path) for job in jobs for path in job.output):
        if not path.startswith(plan.prefix):
            continue
        inside = path[len(plan.prefix) :]
        if run := _RUN.fullmatch(inside):
            found |= {(name, run["fold"]) for name in plan.members(run["cell_type"])}
        elif (genes := _GENES.fullmatch(inside)) and genes["cell_type"] in trained:
            found |= {(genes["cell_type"], str(fold)) for fold in plan.chosen["folds"]}
    return sorted(found)


def _dropped(table: GeneTable, folds: pd.DataFrame, fold: str) -> list[str]:
    found = genes_by_split(table, folds, fold)
    lost = {split: genes for split, genes in found.items() if genes.n_dropped}
    if not set(lost) - {NO_SPLIT}:
        return []
    return [
        f"  fold {fold}, {split or 'in no split'}: {genes.n_dropped:,} of {genes.listed:,} dropped: {_why(genes)}"
        for split, genes in lost.items()
    ]


def _why(genes: SplitGenes) -> str:
    return "; ".join(f"{len(ids):,} {reason} ({named(ids, NAMED)})" for reason, ids in genes.dropped.items())


def _unmatched(folds: pd.DataFrame, fold: str, tables: dict[str, GeneTable]) -> list[str]:
    """What a fold lists and no dataset of the run has."""
    key, _ = listed(folds, fold)
    chrom = {name for table in tables.values() for name in table.kept["chrom"]}
    gene_id = {name for table in tables.values() for name in table.frame["gene_id"]}
    absent = unmatched(folds, fold, list(gene_id), list(chrom))
    words = "no gene of {0} lies on {1}" if key == "chromosome" else "{0} has no gene {1}"
    return [
        f"Fold {fold}, {split}: {words.format(' or '.join(tables), named(absent[split]))}; is the name right in the "
        "folds table?"
        for split in SPLITS
        if split in absent
    ]

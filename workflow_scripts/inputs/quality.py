"""Writes the page on the quality of a cell type's data (HTML) and the numbers behind it (JSON)."""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import asdict
from pathlib import Path

import h5py
import pandas as pd

from prism.drawing.windows_profile import profiles
from prism.figures.signal_profile import signal_profile_figure
from prism.files.atomic import writing
from prism.files.hdf5 import whole
from prism.files.unchanged import refuse_changed
from prism.genome.dataset import folds as fold_tables
from prism.genome.dataset.dropped import SplitGenes, genes_by_split
from prism.genome.dataset.opened import AGAIN, open_dataset
from prism.genome.genes import table as genes
from prism.genome.genes.label import Label, strand_sums
from prism.jobs import records
from prism.quality import measure
from prism.quality.dataset_rules import find
from prism.quality.page.page import quality_page
from workflow_scripts import cli
from workflow_scripts.planning.tables import paths


def main() -> None:
    """Measure, judge, and write both files."""
    arguments = parsed()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    label, table = Label.parse(arguments.label), genes.read(arguments.genes)
    with open_dataset(arguments.windows) as windows, whole(arguments.windows, AGAIN):
        strands = _strand_sums(windows, label)
        numbers = measure.measure(windows, table, label.assay, strands, folds=_folds(arguments, table))
        drawn = profiles(windows, table.frame) if numbers["signals"] else None
    findings = find(numbers)
    profile = (
        signal_profile_figure(**drawn | {"footer": []}, assay=label.assay or "expression") if drawn else None
    )
    for finding in findings:
        print(f"{finding.level}: {finding.subject}: {finding.seen}", flush=True)
    found = {"findings": [asdict(finding) for finding in findings]} | numbers
    records.write(arguments.json, found)
    with writing(arguments.html) as part:
        Path(part).write_text(quality_page(numbers, findings, profile), encoding="utf-8")


def _folds(arguments: argparse.Namespace, table: genes.GeneTable) -> dict[str, dict[str, SplitGenes]]:
    """What became of the genes of each split, by fold."""
    if not arguments.folds:
        return {}
    folds = fold_tables.read(paths.find(arguments.folds, "folds"))
    return {fold: genes_by_split(table, folds, fold) for fold in arguments.fold}


def _strand_sums(windows: h5py.File, label: Label):
    """Sense and antisense sums of a stranded label over the windows' genes; None for another label."""
    if not label.stranded:
        return None
    for file in (*label.files, *label.minus_files):
        refuse_changed(file)
    columns = {name: windows[f"genes/{name}"].asstr()[:] for name in ("gene_id", "chrom", "strand")}
    loci = pd.DataFrame(columns | {"tss": windows["genes/tss"][:]})
    lengths = dict(zip(loci["chrom"], windows["genes/chrom_length"][:].tolist(), strict=True))
    return strand_sums(loci, label, lengths)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--windows", required=True, help="dataset file of workflow_scripts.inputs.windows")
    add("--genes", required=True, help="genes table of the cell type")
    label = "JSON: kind, assay, files, minus_files, ..."
    add("--label", type=json.loads, default="{}", help=label)
    add("--folds", help="table of fold, chromosome or gene_id, split: which splits lost genes")
    add("--fold", nargs="*", default=[], help="folds of that table that are trained on")
    add("--html", required=True, help="page to write")
    add("--json", required=True, help="its numbers to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)

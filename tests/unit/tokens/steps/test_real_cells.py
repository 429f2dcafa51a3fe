"""Real cells from the door to the tables, with a tiny model and a made-up genome: it runs, nothing is claimed."""

from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
import pytest

from prism.files.table import read_table
from prism.tokens.cells.door import Choice, open_cells
from prism.tokens.cells.genes import read_gene_names
from prism.tokens.steps.effects import read_effects
from prism.tokens.steps.inputs import CellFiles, DnaFiles

pytestmark = pytest.mark.slow
BLOOD = ("SPI1", "PAX5", "EBF1", "GATA3")


@pytest.fixture
def singlecell(shared):
    folder = shared / "real" / "singlecell"
    if not folder.is_dir():
        pytest.skip(f"no real cells at {folder}")
    return folder


def test_blood_factors_in_pbmc_are_described_and_their_two_files_are_no_donors(
    singlecell, tmp_path, around, entry_of, new_entry
):
    paths = [str(singlecell / f"pbmc_{name}_ensembl.h5ad") for name in ("5k", "10k")]
    with h5py.File(paths[0]) as first, h5py.File(paths[1]) as second:
        symbol_of = {}
        for file in (first, second):
            names = file["var/feature_name"]
            texts = (
                names.asstr()[:]
                if isinstance(names, h5py.Dataset)
                else names["categories"].asstr()[:][names["codes"][:]]
            )
            symbol_of |= dict(zip(file["var/ensembl_id"].asstr()[:], texts, strict=True))
    genome, genes = around(tmp_path, list(symbol_of), list(symbol_of.values()))
    targets = tmp_path / "targets.tsv"
    # the list has pairs with both signs, which is refused
    listed = pd.read_csv(singlecell / "tf_targets.tsv", sep="\t").drop_duplicates(["source", "target"])
    listed[["source", "target"]].to_csv(targets, sep="\t", index=False)
    settings = entry_of(
        cells=paths, targets=str(targets), n_cells=8,
        foundation={"width": 16, "layers": 2, "heads": 2, "context": 512, "steps": 20, "cells_at_once": 2},
        adapter={"steps": 4, "cells_at_once": 2}, statistics={"cells": 4, "detections": 1, "draws": 100},
        factors={name: {"mutation": {"scramble": [-50, 50]}} for name in BLOOD},
    )  # fmt: skip
    entry = new_entry(
        tmp_path, settings, CellFiles(paths, genes), DnaFiles(genome, 400, None, None, tmp_path / "c.sqlite")
    )
    entry.prepare()
    tables = entry.results()
    effects = pd.read_csv(tables["effects"], sep="\t", low_memory=False)
    assert set(effects["factor"]) == set(BLOOD)
    assert effects["p"].isna().all()
    assert (effects["shift"] >= 0).all()
    for name in BLOOD:
        (found,) = read_effects(tmp_path / f"{name}.npz")
        assert "statistics need 4 cells and 5 such donors" in found.facts["refused"]
        assert effects.query("factor == @name")["resolved"].any()
    scores = pd.read_csv(tables["scores"], sep="\t")
    assert scores["low"].isna().all()
    assert (scores["n_donors"] == 0).all()


def test_the_donors_of_a_messy_set_are_tested(singlecell, tmp_path, around, entry_of, new_entry):
    path, table = str(singlecell / "scp1884_symbols.h5ad"), str(singlecell / "genes_homo_sapiens.csv.gz")
    names = read_gene_names(table)
    with open_cells(path, Choice(cell_type="Celltype"), names) as cells:
        often = np.argsort(-cells.detected)[:1500]
        ids = [cells.gene_ids[place] for place in sorted(often)]
    symbol_of = {each[0]: symbol for symbol, each in names.ids_of.items() if len(each) == 1}
    genome, genes = around(tmp_path, ids, [symbol_of.get(gene, "") for gene in ids])
    factor = next(gene for gene in ids if symbol_of.get(gene) in ("JUNB", "FOS", "JUN", "KLF6"))
    settings = entry_of(
        cells=path, cell_type="Celltype", genes=table, n_cells=24, statistics={"cells": 12, "detections": 3},
        foundation={"width": 16, "layers": 2, "heads": 2, "context": 256, "steps": 20, "cells_at_once": 2},
        adapter={"steps": 4, "cells_at_once": 2}, factors={"F": {"gene": factor, "mutation": {"delete": [-60, -40]}}},
    )  # fmt: skip
    entry = new_entry(
        tmp_path, settings, CellFiles([path], genes), DnaFiles(genome, 400, None, None, tmp_path / "c.sqlite")
    )
    entry.prepare()
    tables = entry.results()
    (found,) = read_effects(tmp_path / "F.npz")
    assert found.facts["refused"] == ""
    assert len(found.facts["donors"]) >= 5
    effects = read_table(tables["effects"], ("gene_id", "p", "q"))
    assert (effects["p"] != "").sum() > len(effects) / 2
    assert set(effects["target"]) == {""}

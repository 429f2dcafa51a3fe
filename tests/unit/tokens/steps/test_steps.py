"""The jobs of an entry on a small simulated world, from the door to the tables."""

from __future__ import annotations

import json
from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from prism.tokens.perturb.controls import CONTROLS
from prism.tokens.scoring.ranking_scores import auroc
from prism.tokens.steps.adapters import OURS
from prism.tokens.steps.chosen import choose
from prism.tokens.steps.door import pass_door
from prism.tokens.steps.effects import read_effects, write_effects
from prism.tokens.steps.profile import profile_of


@pytest.fixture(scope="module")
def tables(simulated):
    """Paths of the results."""
    return simulated.results()


def test_the_door_counts_and_names(simulated):
    told = json.loads((simulated.folder / "door.json").read_text())
    assert (told["cells"], told["donors"]) == (72, 12)
    (found,) = told["factors"]["F"]["cell_types"].values()
    assert found["cells"] == 72
    assert 0 < found["express"] <= 72


def test_effects_are_sorted_and_say_what_each_gene_is(simulated, tables, small_world):
    table = pd.read_csv(tables["effects"], sep="\t")
    begin = ["gene_id", "symbol", "cell_type", "factor", "N_Detections", "shift", "resolved", "p", "q"]
    assert list(table.columns[:9]) == begin
    assert set(CONTROLS) < set(table)
    assert table["shift"].is_monotonic_decreasing
    factor = simulated.settings["factors"]["F"]["gene"]
    assert factor not in set(table["gene_id"])
    assert table["N_Detections"].between(3, 20).all()
    assert (table["random_low"] <= table["random_high"]).all()
    known = pd.read_csv(simulated.folder / "targets.tsv", sep="\t").query("source == @factor")
    there = table.set_index("gene_id")["target"]
    for row in known.itertuples():
        assert there.get(row.target, row.kind) == row.kind
    assert (there[~there.index.isin(known["target"])] == "none").all()
    assert table["p"].dropna().between(0, 1).all()
    assert table["p"].notna().sum() > len(table) / 2
    assert (table["q"].dropna() >= table["p"].dropna() - 1e-12).all()


@pytest.mark.slow
def test_scores_are_means_of_the_donors_own_values(simulated, tables):
    (found,) = read_effects(simulated.folder / "F.npz")
    scores = pd.read_csv(tables["scores"], sep="\t").query(
        "method == 'shift' and contrast == 'targets' and metric == 'auroc'"
    )
    table = pd.read_csv(tables["effects"], sep="\t").set_index("gene_id")
    genes = [simulated.measuring("F").inputs.dictionary.gene_of[int(token)] for token in found.tokens]
    target = (table.loc[genes, "target"] != "none").to_numpy()
    values = []
    for row in found.by_donor["shift"]:
        known = np.isfinite(row)
        if target[known].any() and not target[known].all():
            values.append(auroc(row[known], target[known]))
    assert scores["value"].item() == pytest.approx(np.mean(values), rel=1e-6)
    assert scores["low"].item() <= scores["value"].item() <= scores["high"].item()
    assert scores["n_donors"].item() == len(found.facts["donors"]) >= 5
    assert scores["n_cells"].item() == found.facts["n_cells"]


def test_the_h5ad_holds_every_gene_and_the_cells_that_were_run(simulated, tables):
    (found,) = read_effects(simulated.folder / "F.npz")
    with h5py.File(tables["h5ad"]) as file:
        methods = file["uns/prism_tokens/methods"].asstr()[:].tolist()
        shifts = file["varm/shift_F"][:]
        genes = file["var/ensembl_id"].asstr()[:].tolist()
        assert file["obsm/X_reference"].shape == file["obsm/X_mutated_F"].shape == (len(found.rows), 16)
    table = pd.read_csv(tables["effects"], sep="\t").set_index("gene_id")
    of_genes = pd.DataFrame(shifts, genes, methods).loc[table.index]
    np.testing.assert_allclose(of_genes["shift"], table["shift"], rtol=1e-6)
    np.testing.assert_allclose(of_genes["deletion"], table["deletion"], rtol=1e-6)


def test_edges_are_what_is_resolved(tables):
    table = pd.read_csv(tables["effects"], sep="\t")
    edges = pd.read_csv(tables["edges"], sep="\t")
    assert len(edges) == table["resolved"].sum()
    assert edges["weight"].max() == pytest.approx(table["shift"].max())
    record = json.loads(tables["record"].read_text())
    assert record["primary"] == {
        "metric": "average_precision",
        "contrast": "targets",
        "against": "random_direction",
    }
    matched = record["adapters"]["ours"]["matched"]
    assert matched["norm"] == pytest.approx(matched["static_norm"], rel=1e-4)


def test_a_profile_measures_the_top_and_as_many_at_random(simulated):
    table, told = profile_of(simulated.measuring("F"))
    assert len(table) == 60
    assert table["position"].between(-60, -41).all()
    assert table["chosen"].value_counts().to_dict() == {"": 50, "top": 5, "random": 5}
    measured = table["shift"].notna()
    assert (measured == (table["chosen"] != "")).all()
    top = table["chosen"] == "top"
    assert table.loc[top, "displacement"].min() >= table.loc[~top, "displacement"].max()
    assert (table["reference"] != table["alternative"]).all()
    assert told["measured"] == 10


def test_cells_are_dealt_from_the_donors_that_have_enough(simulated):
    own = simulated.measuring("F")
    with own.inputs.cells as cells:
        found = choose(own.inputs, own.settings, own.gene, "F", "", 96, np.random.default_rng(0))
        donors, counts = np.unique(cells.donor[found.rows], return_counts=True)
    assert found.refused == ""
    assert list(donors) == found.donors
    assert counts.min() >= 3
    assert len(found.rows) <= 20
    assert all(own.token in cell for cell in found.tokens)


def test_too_few_donors_are_described_and_not_tested(simulated):
    settings = simulated.settings | {"statistics": simulated.settings["statistics"] | {"donors": 40}}
    own = replace(simulated.measuring("F"), settings=settings)
    with own.inputs.cells:
        found = choose(own.inputs, settings, own.gene, "F", "", 96, np.random.default_rng(0))
    assert "statistics need 10 cells and 40 such donors" in found.refused
    assert found.donors == [""]
    assert set(found.donor) == {0}


def test_a_reference_window_gives_the_token_that_the_table_has(simulated):
    """What is compared with the mutant is the reference: an embedding of the unchanged window moves nothing."""
    own = simulated.measuring("F")
    with torch.inference_mode():
        same = own.trained.token(OURS, own.static(), own.token, own.embedding(own.gene, [[]]))
        torch.testing.assert_close(same, own.table()[own.token])
        moved = own.trained.token(OURS, own.static(), own.token, own.embedding(own.gene, own.changes()))
    assert float((moved - same).norm()) > 0


def test_effects_are_read_as_they_were_written(simulated, tables, tmp_path):
    found = read_effects(simulated.folder / "F.npz")
    write_effects(tmp_path / "again.npz", found)
    (again,) = read_effects(tmp_path / "again.npz")
    assert again.facts == found[0].facts
    for name, values in found[0].by_donor.items():
        np.testing.assert_array_equal(again.by_donor[name], values)


def test_the_door_refuses_what_later_jobs_would_fail_on(simulated, tmp_path):
    for change, told in (
        ({"donor": "donor_name"}, "no column 'donor_name'"),
        (
            {"factors": {"F": {"gene": "GATA4", "cell_types": None, "targets": None, "indirect": None}}},
            "gene 'GATA4'",
        ),
        (
            {"factors": {"F": simulated.settings["factors"]["F"] | {"cell_types": ["heart"]}}},
            "no cell is of type 'heart'",
        ),
    ):
        with pytest.raises(ValueError, match=told):
            pass_door(simulated.files, simulated.settings | change, tmp_path / "d.tsv", tmp_path / "d.json")

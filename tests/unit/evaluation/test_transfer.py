"""Scores of transfers: by hand, against scipy, and what is refused or warned of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from prism.evaluation.transfer import SCORES, Transfer, transfer_table, warnings_of


def transfer(there, own, **facts) -> Transfer:
    return Transfer("new", "old", "net", "1", "2", there, own, facts)


@pytest.fixture
def made_up():
    """60 test genes, three to a block of 1 Mb on two chromosomes, and 10 of validation."""
    draw = np.random.default_rng(4)
    n = 70
    label, own_label = draw.uniform(0, 3, n), draw.uniform(0, 3, n)
    there = pd.DataFrame(
        {
            "gene_id": [f"g{i}" for i in range(n)],
            "chrom": ["chr1"] * 30 + ["chr2"] * 40,
            "tss": 300_000 * np.r_[0:30, 0:40],
            "split": ["test"] * 60 + ["valid"] * 10,
            "expression": label,
            "prediction": label + draw.normal(0, 0.5, n),
        }
    )
    own = pd.DataFrame(
        {
            "gene_id": there["gene_id"].to_numpy(),
            "expression": own_label,
            "prediction": own_label + draw.normal(0, 0.5, n),
        }
    ).sample(frac=1, random_state=1)
    return there, own


def test_four_genes_by_hand():
    there = pd.DataFrame(
        {
            "gene_id": ["a", "b", "c", "d", "other", "seen", "unlabelled"],
            "chrom": "chr1",
            "tss": [0, 10, 20, 30, 40, 50, 60],
            "split": ["test"] * 5 + ["train", "test"],
            "expression": [0.0, 1, 2, 3, 9, 9, np.nan],
            "prediction": [0.0, 1, 2, 2, 9, 0, 1],
        }
    )
    own = pd.DataFrame(
        {
            "gene_id": ["d", "c", "b", "a", "unlabelled", "seen"],
            "expression": [1.0, 2, 1, 0, 1, 9],
            "prediction": [1.0, 2, 1, 0, 1, 0],
        }
    )
    row = transfer_table([transfer(there, own)], block=1, draws=1).iloc[0]
    assert (row["split"], row["n"], row["not_scored"], row["blocks"]) == ("test", 4, 2, 4)
    # d: predicted 2, is 3; the floor says 1. Only d changes: by 2, predicted by 1.
    assert (row["mse"], row["floor_mse"], row["mse_minus_floor"]) == (0.25, 1.0, -0.75)
    # by hand: deviations of (0, 1, 2, 2) and (0, 1, 2, 3); of (0, 1, 2, 1)
    assert row["pearson"] == pytest.approx(3.5 / np.sqrt(2.75 * 5))
    assert row["floor_pearson"] == pytest.approx(2 / np.sqrt(2 * 5))
    assert row["change_pearson"] == pytest.approx(1)


def test_scores_of_each_split_against_scipy(made_up):
    there, own = made_up
    table = transfer_table([transfer(there, own, match_scale="none")], draws=20).set_index("split")
    assert list(table.index) == ["test", "valid"]
    own = own.set_index("gene_id").loc[there["gene_id"]].reset_index()
    for split, row in table.iterrows():
        rows = (there["split"] == split).to_numpy()
        label, here = there["expression"][rows], there["prediction"][rows]
        own_label, before = own["expression"][rows], own["prediction"][rows]
        assert row["n"] == rows.sum()
        assert row["match_scale"] == "none"
        assert row["mse"] == pytest.approx(np.mean((label - here) ** 2))
        assert row["floor_mse"] == pytest.approx(np.mean((label - own_label) ** 2))
        assert row["pearson"] == pytest.approx(stats.pearsonr(here, label)[0])
        assert row["floor_pearson"] == pytest.approx(stats.pearsonr(own_label, label)[0])
        assert row["change_pearson"] == pytest.approx(stats.pearsonr(here - before, label - own_label)[0])


def test_intervals_are_those_of_blocks_drawn_by_hand(made_up):
    there, own = made_up
    row = transfer_table([transfer(there, own)], block=1_000_000, draws=50, seed=3).iloc[0]
    test = there[there["split"] == "test"]
    names = list(dict.fromkeys(zip(test["chrom"], test["tss"] // 1_000_000, strict=True)))
    assert row["blocks"] == len(names) == 18
    random, drawn = np.random.default_rng(3), []
    for _ in range(50):
        parts = [names[i] for i in random.integers(0, 18, 18)]
        genes = pd.concat([test[(test["chrom"] == c) & (test["tss"] // 1_000_000 == k)] for c, k in parts])
        drawn.append(
            (
                np.mean((genes["expression"] - genes["prediction"]) ** 2),
                stats.pearsonr(genes["expression"], genes["prediction"])[0],
            )
        )
    for i, score in enumerate(("mse", "pearson")):
        wanted = np.quantile([each[i] for each in drawn], [0.025, 0.975])
        assert [row[f"{score}_low"], row[f"{score}_high"]] == pytest.approx(list(wanted))
    assert all(row[f"{score}_low"] <= row[score] <= row[f"{score}_high"] for score in SCORES)


def test_what_cannot_be_scored_and_what_is_doubtful(made_up):
    there, own = made_up
    none = transfer(there.assign(split="train"), own, label="CAGE", own_label="CAGE")
    few = transfer(there, own, label="RNA-seq", own_label="CAGE")
    table = transfer_table([none, few], block=100_000_000, draws=5)
    assert list(table["split"]) == ["test", "valid"]
    # the two test blocks give an interval, the one of validation none
    assert np.isfinite(table["mse_low"]).tolist() == [True, False]
    assert warnings_of(transfer_table([none]), [none]) == [
        "warning: old.net.fold1, 2, of new: no gene that its training held out has a label in both cell types; not "
        "scored"
    ]
    blocks, labels = warnings_of(table, [few])
    assert blocks.startswith("warning: 2 of 2 rows have fewer than 10 blocks")
    assert "its label is RNA-seq, that of the training CAGE" in labels

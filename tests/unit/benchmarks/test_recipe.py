"""The recipe's benchmark: its splits, its arms and its statistics."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.recipe import arms, splits
from benchmarks.recipe.statistics import Errors, difference
from prism.protocol.settings import TrainingSettings


@pytest.fixture
def genes():
    rng = np.random.default_rng(0)
    tables = [
        pd.DataFrame({"chrom": chrom, "tss": np.sort(rng.integers(0, 400_000, 200))})
        for chrom in ("II", "IV", "XVI")
    ]
    table = pd.concat(tables, ignore_index=True)
    return table.assign(gene_id=[f"g{i}" for i in table.index])


def placed(genes, split):
    return genes.merge(split.table, on="gene_id")


def nearest(a, b):
    """Distance from each gene of a to the nearest of b on its chromosome, worked out pair by pair."""
    return [
        min((abs(x.tss - y.tss) for y in b.itertuples() if y.chrom == x.chrom), default=10**9)
        for x in a.itertuples()
    ]


def test_tuning_trains_and_validates_on_two_chromosomes_and_ii_is_the_test(genes):
    for split, train in zip(splits.directions(genes), ("IV", "XVI"), strict=True):
        found = placed(genes, split)
        assert set(found.loc[found["split"] == "train", "chrom"]) == {train}
        assert set(found.loc[found["split"] == "test", "chrom"]) == {"II"}
        assert set(found.loc[found["split"] == "valid", "chrom"]) == {"IV", "XVI"} - {train}


def test_primary_split_keeps_a_gap_before_the_end_of_xvi(genes):
    found = placed(genes, splits.primary(genes))
    train, valid, test = (found[found["split"] == name] for name in ("train", "valid", "test"))
    assert test["chrom"].tolist() == ["II"] * 200
    assert valid["chrom"].tolist() == ["XVI"] * 40
    assert valid["tss"].min() > train.loc[train["chrom"] == "XVI", "tss"].max() + splits.GAP
    assert set(train["chrom"]) == {"IV", "XVI"}


def test_each_gene_is_tested_once_and_never_within_the_gap_of_its_training(genes):
    found = [placed(genes, split) for split in splits.blocks(genes, 5)]
    tested = pd.concat([each[each["split"] == "test"] for each in found])
    assert sorted(tested["gene_id"]) == sorted(genes["gene_id"])
    for each in found:
        train, valid, test = (each[each["split"] == name] for name in ("train", "valid", "test"))
        assert min(nearest(train, pd.concat([valid, test]))) > splits.GAP
        assert min(nearest(valid, test)) > splits.GAP
        assert len(train) > 200


def test_no_architecture_is_given_more_than_eight_candidates():
    counts = dict.fromkeys(arms.ARCHITECTURES, 0)
    for arm in arms.tuned_arms():
        counts[arm.architecture] += len(arms.candidates(arm))
    assert counts == {"ridge": 8, "caduceus_signals": 6, "prism": 6}


def test_arms_are_the_whole_product():
    names = [arm.name for arm in arms.all_arms()]
    assert len(names) == len(set(names)) == 2 * 2 * 3 * 2 + 2 * 2  # networks, and ridge without a stem
    tuned = {arm.name for arm in arms.tuned_arms()}
    assert {arm.tuned_as.name for arm in arms.all_arms()} == tuned
    for arm in arms.all_arms():
        entry = arms.entry(arm, arms.candidates(arm.tuned_as)[-1], 1000, arms.ALL_SIGNALS)
        TrainingSettings.from_entry(entry["training"])
        assert entry["orientation"] == arm.orientation


def errors(rng, shift, n_seeds=5, genes=60):
    known, block = rng.normal(size=genes), np.repeat(np.arange(genes // 5), 5)
    tables = [
        pd.DataFrame({"gene_id": [f"g{i}" for i in range(genes)], "expression": known,
                      "prediction": known + shift * rng.normal(size=genes)})
        for _ in range(n_seeds)
    ]  # fmt: skip
    return Errors.of(tables, pd.Series(block, index=[f"g{i}" for i in range(genes)]))


def test_scores_of_seeds_and_of_their_mean():
    found = errors(np.random.default_rng(1), 0.5)
    assert found.mse == pytest.approx(((found.predicted - found.known) ** 2).mean(axis=1))
    assert found.ensemble_mse < found.mse.min()
    assert found.pearson[0] == pytest.approx(np.corrcoef(found.predicted[0], found.known)[0, 1])


def test_interval_of_a_difference_is_that_of_a_plain_loop(monkeypatch):
    monkeypatch.setattr("benchmarks.recipe.statistics.RESAMPLES", 4000)
    arm, reference = errors(np.random.default_rng(1), 0.5), errors(np.random.default_rng(2), 0.7, 1)
    gap, low, high = difference(arm, reference, np.random.default_rng(3))
    assert gap == pytest.approx(arm.mse.mean() - reference.mse.mean())
    rng, drawn, members = np.random.default_rng(4), [], np.arange(60).reshape(12, 5)
    for _ in range(4000):
        rows = members[rng.integers(0, 12, 12)].ravel()
        ours = arm.squared[rng.integers(0, 5, 5)][:, rows].mean()
        drawn.append(ours - reference.squared[0][rows].mean())
    assert [low, high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.02)


def test_seeds_of_other_genes_are_refused():
    table = pd.DataFrame({"gene_id": ["a", "b"], "expression": [0.0, 1], "prediction": [0.0, 1]})
    block = pd.Series([0, 0, 0], index=["a", "b", "c"])
    with pytest.raises(ValueError, match="other genes"):
        Errors.of([table, table.assign(gene_id=["a", "c"])], block)

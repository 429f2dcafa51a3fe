"""One model on several cell types: scores of each by hand, a group of one against the plain run, kills, trials."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prism.genome.dataset.joint import JointWindows
from prism.inference.prediction import predict
from prism.inference.trained import Trained
from prism.models.catalogue import ARCHITECTURES
from prism.runs.checkpoint import read_checkpoint
from prism.runs.predictions import over_cell_types, read_predictions
from prism.runs.record import RunRecord
from prism.training.fit import train
from prism.training.loop.data import FoldData
from prism.training.run import Run, refuse_unlabelled
from prism.training.trial import try_out
from tests.unit.training import tiny_dataset
from tests.unit.training.tiny_training import (
    ENTRY,
    RIDGE,
    KillError,
    die_at,
    paths_in,
    run_of,
    same_files,
)

CELLS = ("liver", "colon")
ZSCORED = ENTRY | {"scale_features": "zscore"}


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Two cell types of the same genes, the signals of the second on three times the scale."""
    folder = tmp_path_factory.mktemp("cells")
    return [
        tiny_dataset.write(folder / name, seed=place, scale=1.0 + 2 * place, cell_type=name)
        for place, name in enumerate(CELLS)
    ]


def joint_run(datasets, entry=ENTRY, folds=tiny_dataset.FOLDS, **further) -> Run:
    reading = {"length": entry["length"], "signals": entry["signals"], "rna_features": entry["rna_features"]}
    windows = JointWindows.opened([(*each, None) for each in datasets], **reading)
    return Run(windows, folds, entry, "gut", "small", 1, 2, {"assay": "made up"}, **further)


@pytest.fixture(scope="module", params=[RIDGE, ZSCORED], ids=["ridge", "network"])
def trained(cells, request, tmp_path_factory):
    """A model trained on both: its record, its files and its run."""
    paths, run = paths_in(tmp_path_factory.mktemp("joint")), joint_run(cells, request.param)
    return train(run, paths, "cpu"), paths, run


def test_scores_of_each_cell_type_are_those_of_its_predictions(trained):
    record, paths, _ = trained
    table = read_predictions(paths.predictions)
    assert table.columns[:5].tolist() == ["cell_type", "gene_id", "chrom", "tss", "split"]
    assert table.groupby("split")["gene_id"].count().to_dict() == {"test": 12, "valid": 12}
    table["error"] = (table["prediction"] - table["expression"]) ** 2
    for split in ("valid", "test"):
        genes = table[table["split"] == split]
        assert record["metrics"][split]["n"] == 12
        assert record["metrics"][split]["mse"] == pytest.approx(genes["error"].mean(), rel=1e-6)
        for name in CELLS:
            its, found = genes[genes["cell_type"] == name], record["cell_types"][name]["metrics"][split]
            assert found["n"] == 6
            assert found["mse"] == pytest.approx(its["error"].mean(), rel=1e-6)
            r = np.corrcoef(its["prediction"], its["expression"])[0, 1]
            assert found["pearson"] == pytest.approx(r, abs=1e-6)
    assert RunRecord.read(paths.metrics).cell_types == record["cell_types"]
    assert list(record["cell_types"]) == list(CELLS)


def test_floor_history_and_origin(trained, cells):
    record, paths, run = trained
    alone = [run_of(each) for each in cells]
    means = {name: each.expression("train").mean() for name, each in zip(CELLS, alone, strict=True)}
    for name, each in zip(CELLS, alone, strict=True):
        floor = record["cell_types"][name]["floor"]["train_mean"]["test"]["mse"]
        assert floor == pytest.approx(np.mean((each.expression("test") - means[name]) ** 2), rel=1e-5)
    history = pd.read_csv(paths.history)
    assert history.columns[-2:].tolist() == ["valid_mse_liver", "valid_mse_colon"]
    halves = (history["valid_mse_liver"] + history["valid_mse_colon"]) / 2
    assert history["valid_mse"].to_numpy() == pytest.approx(halves.to_numpy(), rel=1e-6)
    said = record["provenance"]
    assert said["dataset_hash"] == run.windows.identity
    assert said["cell_types"] == {
        name: each.windows.identity for name, each in zip(CELLS, alone, strict=True)
    }
    assert set(said["sources"]) == {f"{name}/{signal}" for name in CELLS for signal in ("ATAC", "H3K27ac")}
    scale = read_checkpoint(paths.checkpoint)["signal_scale"]["ATAC"]["mean"]
    ends = [each.windows.batch(each.indices("train")).signals[..., 0].mean().item() for each in alone]
    assert scale == pytest.approx(np.mean(ends), rel=1e-5)


def test_gene_features_are_scaled_by_the_training_genes_of_all(cells):
    run = joint_run(cells, ZSCORED)
    features = np.concatenate([run_of(each).windows.rna_features[:20, 0].numpy() for each in cells])
    assert run.build_settings["feature_scaling"]["mean"] == [pytest.approx(features.mean(), rel=1e-6)]
    assert run.build_settings["feature_scaling"]["sd"] == [pytest.approx(features.std(), rel=1e-6)]


def test_batches_are_mixed_and_an_epoch_is_every_gene_of_every_cell_type_once(cells):
    run = joint_run(cells)
    data = FoldData(run)
    assert data.batches_per_epoch == 10  # 2 x 20 genes in batches of 4
    order = data._sampler.order
    steps = [order.at(step) for step in range(10)]
    assert sorted(row for rows in steps for row in rows) == [*range(20), *range(32, 52)]
    assert sum(len({row >= 32 for row in rows}) == 2 for rows in steps) >= 7  # of 10, by chance 9 on average
    again = FoldData(joint_run(cells))._sampler.order
    assert [again.at(step) for step in range(20)] == [order.at(step) for step in range(20)]


@pytest.mark.parametrize("entry", [RIDGE, ENTRY], ids=["ridge", "network"])
def test_a_group_of_one_gives_the_numbers_of_the_plain_run(cells, entry, tmp_path):
    plain, alone = paths_in(tmp_path / "plain"), paths_in(tmp_path / "group")
    record = train(run_of(cells[0], entry), plain, "cpu")
    other = train(joint_run(cells[:1], entry), alone, "cpu")
    assert other["metrics"] == record["metrics"] == other["cell_types"]["liver"]["metrics"]
    assert other["floor"] == record["floor"] == other["cell_types"]["liver"]["floor"]
    tables = [read_predictions(each.predictions) for each in (plain, alone)]
    pd.testing.assert_frame_equal(tables[0], tables[1].drop(columns="cell_type"), check_exact=True)
    weights = [read_checkpoint(each.checkpoint)["state_dict"] for each in (plain, alone)]
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])


def test_a_killed_training_goes_on_to_the_same_numbers(cells, tmp_path):
    whole, killed = paths_in(tmp_path / "whole"), paths_in(tmp_path / "killed")
    train(joint_run(cells), whole, "cpu")
    with pytest.raises(KillError):
        train(die_at(joint_run(cells), 20), killed, "cpu")
    train(joint_run(cells), killed, "cpu")
    same_files(whole, killed)


def test_it_predicts_another_cell_type_and_compares_what_it_reads(trained, cells, tmp_path, capsys):
    _, paths, _ = trained
    other = tiny_dataset.write(tmp_path, seed=3, cell_type="lung")
    predict(paths.checkpoint, *other, tmp_path / "out.tsv.gz", "cpu")
    assert len(read_predictions(tmp_path / "out.tsv.gz")) == 32
    loaded = Trained.load(paths.checkpoint)
    assert loaded.source_warnings({"ATAC": {"transform": "none"}}) == []
    assert loaded.source_warnings({"ATAC": {"transform": "log1p"}}) == [
        "warning: ATAC: transform is log1p here and was none in training"
    ]
    # each gene's prediction does not depend on the other cell type's genes beside it
    predict(paths.checkpoint, *cells[1], tmp_path / "own.tsv.gz", "cpu")
    own = read_predictions(tmp_path / "own.tsv.gz").set_index("gene_id")["prediction"]
    said = (
        read_predictions(paths.predictions).query("cell_type == 'colon'").set_index("gene_id")["prediction"]
    )
    assert own[said.index].to_numpy() == pytest.approx(said.to_numpy(), rel=1e-4)


def test_the_label_of_a_gene_over_the_cell_types_is_their_mean(trained):
    table = read_predictions(trained[1].predictions)
    found = over_cell_types(table)
    assert len(found) == 12
    for column in ("expression", "prediction"):
        by_hand = [table.loc[table["gene_id"] == gene, column].sum() / 2 for gene in found["gene_id"]]
        assert found[column].to_numpy() == pytest.approx(by_hand)
    assert over_cell_types(found) is found


def test_what_a_fold_lacks_in_one_cell_type_is_named(cells):
    genes = pd.read_csv(cells[1][1], sep="\t", keep_default_na=False)
    table = pd.DataFrame(
        {"fold": "1", "gene_id": [*genes["gene_id"][:3], "gone"], "split": ["train", "valid", "test", "test"]}
    )
    with pytest.raises(ValueError, match=r"liver: fold 1: its test split is incomplete.*gone"):
        joint_run(cells, folds=table)
    run = joint_run(cells)
    run.windows.members[1].expression[22] = np.nan
    spoilt = JointWindows(run.windows.members)
    with pytest.raises(
        ValueError, match=r"1 gene\(s\) of the fold have no expression.*: gene22 \(colon\); drop"
    ):
        refuse_unlabelled(spoilt, run.splits)


def test_dropped_genes_are_counted_over_all(cells, tmp_path):
    table = pd.read_csv(cells[0][1], sep="\t", keep_default_na=False)
    lost = table.iloc[[25, 30]].assign(gene_id=["lost1", "lost2"], dropped="no label", expression="")
    pd.concat([table, lost]).to_csv(tmp_path / "genes.tsv", sep="\t", index=False)
    run = joint_run([(cells[0][0], tmp_path / "genes.tsv"), cells[1]])
    assert run.dropped_genes == {"train": 0, "valid": 1, "test": 1}


@pytest.mark.parametrize("entry", [RIDGE, ENTRY], ids=["ridge", "network"])
def test_a_trial_takes_genes_of_all(cells, entry):
    record = try_out(lambda given: joint_run(cells, given), entry, "cpu")
    assert record["cell_type"] == "gut"
    assert record["reduced"] == []
    assert len(record["valid_mse"]) == (1 if ARCHITECTURES[entry["architecture"]].closed_form else 2)

"""Training on a tiny dataset: learning, determinism, files, and what is refused."""

from __future__ import annotations

import json
import os

import numpy as np
import pandas as pd
import pytest
import torch

from prism.genome.dataset.windows import Windows
from prism.models import build
from prism.models.contract import Output
from prism.scores import scores
from prism.training.closed_form import fit_closed_form
from prism.training.fit import train
from prism.training.gradient import batch_warning
from prism.training.run import Run
from tests.unit.training import tiny_dataset
from tests.unit.training.tiny_training import ENTRY, RIDGE, paths_in, run_of


def test_it_learns_the_level_of_the_signal(trained):
    record, _ = trained
    floor = record["floor"]["train_mean"]["test"]
    assert record["metrics"]["test"]["mse"] < 0.5 * floor["mse"]
    assert record["metrics"]["test"]["pearson"] > 0.9


def test_the_first_lines_tell_of_a_warm_up_that_outlasts_the_training(dataset, tmp_path, capsys):
    for warmup, told in ((2, True), (1, False)):
        training = ENTRY["training"] | {"steps": 2, "warmup_steps": warmup}
        train(run_of(dataset, ENTRY | {"training": training}), paths_in(tmp_path / str(warmup)), "cpu")
        said = capsys.readouterr().err
        assert (
            "warning: warmup_steps 2 in a training of 2 steps" in said.split("training: from step 0")[0]
        ) is told


def test_metrics_are_those_of_the_predictions(trained):
    record, paths = trained
    table = pd.read_csv(paths.predictions, sep="\t")
    assert list(table.columns) == ["gene_id", "chrom", "tss", "split", "expression", "prediction"]
    assert table["gene_id"].tolist() == [f"gene{i:02d}" for i in range(20, 32)]
    for split, chrom in (("valid", "chr2"), ("test", "chr3")):
        rows = table[table["split"] == split]
        assert set(rows["chrom"]) == {chrom}
        found = scores(rows["prediction"].astype("f4"), rows["expression"].astype("f4"))
        assert found == pytest.approx(record["metrics"][split], rel=1e-6)


def test_floor_is_the_mean_of_the_training_genes(trained, dataset):
    level = pd.read_csv(dataset[1], sep="\t")["expression"].to_numpy()
    expected = np.mean((level[26:] - level[:20].mean()) ** 2)
    floor = trained[0]["floor"]["train_mean"]["test"]
    assert floor["mse"] == pytest.approx(expected, rel=1e-5)
    assert floor["pearson"] is None  # a constant has no correlation


def test_metrics_json_is_strict_json_and_what_train_returns(trained):
    def refuse(word):
        raise AssertionError(word)

    record, paths = trained
    there = json.loads(paths.metrics.read_text(), parse_constant=refuse)
    assert there.pop("checksum").startswith("sha256:")
    assert there == record


def test_history_has_a_row_each_half_epoch_and_the_best_is_kept(trained):
    record, paths = trained
    history = pd.read_csv(paths.history)
    # 5 batches in an epoch, so every 3 steps, and at the end
    assert history["step"].tolist() == list(range(3, 25, 3))
    assert history["epoch"].tolist() == pytest.approx([step / 5 for step in range(3, 25, 3)])
    best = history.loc[history["valid_mse"].idxmin()]
    assert record["best_step"] == best["step"]
    assert record["metrics"]["valid"]["mse"] == pytest.approx(best["valid_mse"], rel=1e-12)
    assert history["train_loss"].to_numpy() == pytest.approx(history["loss_expression"].to_numpy())
    assert (history["grad_norm"] > 0).all()
    assert history["learning_rate"].iloc[0] == pytest.approx(1e-5 + (0.01 - 1e-5) * 2 / 4)


def test_checkpoint_is_plain_and_gives_the_predictions_again(trained, dataset):
    record, paths = trained
    checkpoint = torch.load(paths.checkpoint, weights_only=True)
    assert checkpoint["signals"] == ["ATAC", "H3K27ac"]
    assert checkpoint["rna_feature_names"] == ["promoter_activity"]
    assert checkpoint["entry"] == ENTRY
    assert checkpoint["provenance"] == record["provenance"]
    module = build(checkpoint["architecture"], checkpoint["settings"])
    module.load_state_dict(checkpoint["state_dict"])
    with torch.no_grad():
        found = module.eval()(Windows(*dataset).batch(range(26, 32))).expression
    written = pd.read_csv(paths.predictions, sep="\t").query("split == 'test'")["prediction"]
    np.testing.assert_allclose(found.numpy(), written, rtol=1e-5)


def test_signal_scale_is_of_the_training_genes(trained, dataset):
    scale = torch.load(trained[1].checkpoint, weights_only=True)["signal_scale"]
    values = Windows(*dataset).batch(range(20)).signals[..., 1].numpy()
    assert scale["H3K27ac"]["mean"] == pytest.approx(values.mean(), rel=1e-5)
    assert scale["H3K27ac"]["p99"] == pytest.approx(np.quantile(values, 0.99), rel=1e-5)


def test_feature_scale_is_of_the_training_genes(trained, dataset):
    scale = torch.load(trained[1].checkpoint, weights_only=True)["feature_scale"]
    values = pd.read_csv(dataset[1], sep="\t")["promoter_activity"][:20]
    assert scale["promoter_activity"]["mean"] == pytest.approx(values.mean(), rel=1e-6)
    assert scale["promoter_activity"]["sd"] == pytest.approx(values.std(ddof=0), rel=1e-6)


def test_provenance_and_nothing_left_behind(trained, dataset):
    record, paths = trained
    provenance = record["provenance"]
    assert provenance["dataset_hash"] == Windows(*dataset).identity
    assert provenance["parameters"] == sum(
        p.numel() for p in build("caduceus_signals", torch.load(paths.checkpoint)["settings"]).parameters()
    )
    assert provenance["precision"] == "fp32"
    assert record["label"] == {"assay": "made up"}
    assert sorted(os.listdir(paths.metrics.parent)) == [
        "best.ckpt", "history.csv", "history.csv.sha256", "metrics.json", "predictions.tsv.gz",
    ]  # fmt: skip


def test_same_seed_same_numbers_also_when_streamed_and_another_seed_others(trained, dataset, tmp_path):
    again = train(run_of(dataset, in_memory=False), paths_in(tmp_path / "again"), "cpu")
    assert again["metrics"] == trained[0]["metrics"]
    assert (tmp_path / "again/predictions.tsv.gz").read_bytes() == trained[1].predictions.read_bytes()
    other = train(run_of(dataset, seed=22), paths_in(tmp_path / "other"), "cpu")
    assert other["metrics"]["test"]["mse"] != trained[0]["metrics"]["test"]["mse"]


def test_extra_losses_are_weighted_and_in_the_history(tmp_path):
    entry = ENTRY | {"architecture": "prism", "length": 64, "training": {"steps": 2, "batch_size": 4}}
    entry["settings"] = {"d_model": 8, "n_layer": 1, "center_len": 64, "alpha": 0.5, "beta": 0.25}
    train(run_of(tiny_dataset.write(tmp_path, length=64), entry), paths_in(tmp_path), "cpu")
    row = pd.read_csv(tmp_path / "history.csv").iloc[-1]
    terms = row["loss_expression"] + 0.5 * row["loss_intervention"] + 0.25 * row["loss_diversity"]
    assert row["train_loss"] == pytest.approx(terms, rel=1e-5)


def test_ridge_is_fitted_not_trained(dataset, tmp_path):
    record = train(run_of(dataset, RIDGE), paths_in(tmp_path), "cpu")
    assert record["metrics"]["test"]["pearson"] > 0.8
    assert record["fit"]["alpha"] > 0
    history = pd.read_csv(tmp_path / "history.csv")
    assert len(history) == 1
    assert history["valid_mse"][0] == pytest.approx(record["metrics"]["valid"]["mse"])


def test_nan_labels_are_refused_by_name(dataset):
    windows = Windows(*dataset)
    windows.expression[[3, 21]] = float("nan")
    with pytest.raises(ValueError, match=r"2 gene\(s\) .*: gene03, gene21; drop them"):
        Run(windows, tiny_dataset.FOLDS, ENTRY, "tiny", "small", 1, 2)
    with pytest.raises(ValueError, match="no expression column"):
        Run(Windows(dataset[0]), tiny_dataset.FOLDS, ENTRY, "tiny", "small", 1, 2)


def test_a_loss_that_is_not_finite_names_step_and_genes(dataset, tmp_path):
    run = run_of(dataset)
    run.windows._arrays["signals/ATAC"][:20] = float("inf")
    with pytest.raises(ValueError, match=r"loss of step 0 is (nan|inf); genes of its batch: gene\d\d, gene"):
        train(run, paths_in(tmp_path), "cpu")
    assert not (tmp_path / "metrics.json").exists()


def test_a_prediction_that_is_not_finite_names_the_gene(dataset, tmp_path):
    run = run_of(dataset)
    run.windows._arrays["signals/ATAC"][22] = float("inf")
    with pytest.raises(
        ValueError, match="after step 3 the predictions of 1 of 6 genes are not finite: gene22"
    ):
        train(run, paths_in(tmp_path), "cpu")


def test_a_closed_form_whose_prediction_is_not_finite_names_the_gene(dataset, monkeypatch):
    run = run_of(dataset, RIDGE)
    module = build("ridge", run.build_settings)
    answer = module.forward
    monkeypatch.setattr(
        module, "forward", lambda batch: Output(answer(batch).expression / (batch.signals[:, 0, 0] > -1e9))
    )
    assert np.isfinite(fit_closed_form(module, run).rows[0]["valid_mse"])
    run.windows._arrays["signals/ATAC"][22, 0] = -1e10
    with pytest.raises(ValueError, match="the predictions of 1 of 6 genes are not finite: gene22"):
        fit_closed_form(module, run)


def test_a_batch_above_the_training_genes_is_said(dataset):
    for size, line in ((20, None), (21, "warning: batch_size 21 is more than the 20 training genes")):
        found = batch_warning(run_of(dataset, ENTRY | {"training": ENTRY["training"] | {"batch_size": size}}))
        assert (found and found.split(":", 2)[:2]) == (line and line.split(":", 2)[:2])

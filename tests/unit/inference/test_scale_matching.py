"""`match_scale`: a cell type whose signals are on another scale is read on training's."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch

import prism
from prism.inference.prediction import predict
from prism.inference.scale_matching import quantile_map
from tests.unit.training import tiny_dataset


def quantiles(positive, negative=()):
    return {"positive": torch.tensor(positive), "negative": torch.tensor(negative)}


def test_the_map_by_hand():
    here, there = quantiles([1.0, 2.0, 2.0, 4.0], [1.0]), quantiles([10.0, 20.0, 40.0, 80.0], [3.0])
    # 0 stays; 2 has two ranks, 20 and 40; 3 lies between 30 and 80; 0.5 between 0 and 10; 8 is twice the highest
    values = np.array([[0.0, 1.0, 2.0], [3.0, 0.5, 8.0], [-1.0, -2.0, 4.0]], "f4")
    assert quantile_map(values, here, there).tolist() == [[0, 10, 30], [55, 5, 160], [-3, -6, 80]]


def test_an_order_is_never_turned_around():
    draw = np.random.default_rng(1)
    for _ in range(20):
        here, there = (np.sort(draw.gamma(0.5, 2, 50)).astype("f4") + 1e-3 for _ in range(2))
        values = np.sort(draw.uniform(-1, 1.2 * here[-1], 500)).astype("f4")
        signed = [quantiles(each.tolist(), each.tolist()) for each in (here.round(1) + 0.1, there)]
        assert (np.diff(quantile_map(values, *signed)) >= 0).all()


def test_a_sign_that_training_did_not_have_is_refused():
    with pytest.raises(ValueError, match="ATAC: values below 0 here, and none in training"):
        quantile_map(np.array([-1.0]), quantiles([1.0], [1.0]), quantiles([1.0]), "ATAC")


@pytest.fixture
def fourfold(tmp_path):
    """The training's cell type with signals, and promoter activity, of four times the scale."""
    windows, genes = tiny_dataset.write(tmp_path / "fourfold", scale=4.0)
    table = pd.read_csv(genes, sep="\t", keep_default_na=False)
    table.assign(promoter_activity=4 * table["promoter_activity"]).to_csv(genes, sep="\t", index=False)
    return windows, genes


def predicted(path):
    return pd.read_csv(path, sep="\t")["prediction"].to_numpy()


def test_four_times_the_scale_fails_and_matching_brings_the_predictions_back(
    trained, dataset, fourfold, tmp_path, capsys
):
    predict(trained.checkpoint, *dataset, tmp_path / "own.tsv.gz", "cpu")
    predict(trained.checkpoint, *fourfold, tmp_path / "plain.tsv.gz", "cpu")
    assert "warning: ATAC: mean is " in capsys.readouterr().err
    record = tmp_path / "matched.json"
    predict(
        trained.checkpoint,
        *fourfold,
        tmp_path / "matched.tsv.gz",
        "cpu",
        match_scale="quantile",
        record=record,
    )
    said = capsys.readouterr().err
    assert "match_scale: quantile: mean of ATAC " in said
    assert "warning" not in said
    own, plain, matched = (predicted(tmp_path / f"{name}.tsv.gz") for name in ("own", "plain", "matched"))
    assert np.mean((plain - own) ** 2) > 1
    # a power of two moves no fraction of a float: the ranks are the same
    np.testing.assert_allclose(matched, own, rtol=0, atol=1e-5)
    record = json.loads(record.read_text())
    assert record["match_scale"] == "quantile"
    scale = record["scales"]["ATAC"]
    assert scale["here"]["mean"] == pytest.approx(4 * scale["matched"]["mean"], rel=1e-5)
    # of training: its genes alone, not those of the whole dataset
    assert scale["training"]["mean"] == pytest.approx(scale["matched"]["mean"], rel=0.2)


def test_matching_a_dataset_to_itself_changes_nothing(trained, dataset, tmp_path):
    predict(trained.checkpoint, *dataset, tmp_path / "own.tsv.gz", "cpu")
    predict(trained.checkpoint, *dataset, tmp_path / "same.tsv.gz", "cpu", match_scale="quantile")
    np.testing.assert_allclose(
        predicted(tmp_path / "own.tsv.gz"), predicted(tmp_path / "same.tsv.gz"), rtol=0, atol=1e-6
    )


def test_a_checkpoint_without_quantiles_needs_the_training_dataset(trained, dataset, fourfold, tmp_path):
    checkpoint = torch.load(trained.checkpoint, weights_only=True)
    del checkpoint["signal_quantiles"], checkpoint["feature_quantiles"]
    older = tmp_path / "older.ckpt"
    torch.save(checkpoint, older)
    with pytest.raises(
        ValueError, match=r"older\.ckpt: does not hold the quantiles .* train it again, or give the"
    ):
        predict(older, *fourfold, tmp_path / "out.tsv.gz", "cpu", match_scale="quantile")
    predict(older, *fourfold, tmp_path / "out.tsv.gz", "cpu", match_scale="quantile", training=dataset)
    predict(trained.checkpoint, *fourfold, tmp_path / "new.tsv.gz", "cpu", match_scale="quantile")
    assert (predicted(tmp_path / "out.tsv.gz") == predicted(tmp_path / "new.tsv.gz")).all()


def test_another_value_is_refused(trained, dataset, tmp_path):
    with pytest.raises(ValueError, match="match_scale is 'rank'; it is one of none, quantile"):
        predict(trained.checkpoint, *dataset, tmp_path / "out.tsv.gz", "cpu", match_scale="rank")


def test_in_a_notebook(trained, dataset, fourfold):
    run = prism.load_run(trained.checkpoint)
    own = run.predict(prism.open_windows(*dataset), device="cpu")["prediction"]
    found = run.predict(prism.open_windows(*fourfold), device="cpu", match_scale="quantile")["prediction"]
    np.testing.assert_allclose(found, own, rtol=0, atol=1e-5)

"""Gene features as z-scores of the training genes."""

import numpy as np
import pandas as pd
import pytest
import torch

import prism
from prism.genome.batch import Batch
from prism.genome.genes.table import RNA_FEATURES
from prism.inference.prediction import predict
from prism.models import build
from prism.models.feature_scaling import FeatureScaling
from prism.runs.checkpoint import read_checkpoint
from prism.runs.predictions import read_predictions
from prism.training.fit import train
from tests.unit.training.tiny_training import ENTRY, RIDGE, paths_in, run_of

ZSCORE = {"scale_features": "zscore"}
TRAIN = slice(0, 20)  # of the tiny dataset's 32 genes


@pytest.fixture(scope="module")
def features(dataset, tmp_path_factory):
    """The tiny dataset with nine gene features on nine scales; the last mRNA feature is 0.1 for every gene."""
    draw = np.random.default_rng(5)
    table = pd.read_csv(dataset[1], sep="\t", keep_default_na=False)
    for place, name in enumerate(RNA_FEATURES):
        table[name] = draw.normal(10**place, 3**place, len(table))
    table[RNA_FEATURES[-1]] = 0.1
    path = tmp_path_factory.mktemp("features") / "genes.tsv"
    table.to_csv(path, sep="\t", index=False)
    return dataset[0], path


def test_a_batch_by_hand():
    scaling = FeatureScaling([2.0, 0.1, 0.0], [4.0, 1e-17, 0.0])
    values = torch.tensor([[10.0, 0.1, 3.0], [-2.0, 0.6, 0.0]])
    batch = Batch(torch.zeros(2, 8, 4), torch.zeros(2, 8, 0), values)
    # (10 - 2) / 4 and (-2 - 2) / 4; those without spread are centred only
    expected = [[2.0, 0.0, 3.0], [-1.0, 0.5, 0.0]]
    assert torch.allclose(scaling(batch).rna_features, torch.tensor(expected), atol=1e-7)
    assert batch.rna_features is values


def test_the_numbers_are_those_of_the_training_genes(features):
    run = run_of(features, ENTRY | ZSCORE)
    values = run.windows.rna_features[TRAIN].numpy().astype(float)
    found = run.build_settings["feature_scaling"]
    np.testing.assert_allclose(found["mean"], values.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found["sd"], values.std(axis=0), rtol=1e-12, atol=1e-15)
    assert len(found["mean"]) == 9


def test_genes_of_other_splits_do_not_move_them(features, tmp_path):
    table = pd.read_csv(features[1], sep="\t", keep_default_na=False)
    table.loc[20:, list(RNA_FEATURES)] = 1e6
    table.to_csv(tmp_path / "genes.tsv", sep="\t", index=False)
    one, other = (
        run_of((features[0], path), ENTRY | ZSCORE) for path in (features[1], tmp_path / "genes.tsv")
    )
    assert one.build_settings == other.build_settings


def test_by_default_and_without_features_nothing_is_scaled(features):
    assert "feature_scaling" not in run_of(features, ENTRY).build_settings
    without = ENTRY | ZSCORE | {"rna_features": False}
    assert "feature_scaling" not in run_of(features, without).build_settings
    assert run_of(features, ENTRY).identity != run_of(features, ENTRY | ZSCORE).identity


def test_a_model_reads_scaled_features_and_its_weights_are_as_without():
    torch.manual_seed(1)
    settings = {"d_model": 8, "n_layer": 1, "center_len": 8, "n_signals": 2, "n_rna_features": 2}
    plain = build("caduceus_signals", settings).eval()
    scaling = {"mean": [5.0, -1.0], "sd": [2.0, 0.0]}
    scaled = build("caduceus_signals", settings | {"feature_scaling": scaling}).eval()
    scaled.load_state_dict(plain.state_dict())
    sequence, signals = torch.rand(3, 8, 4), torch.rand(3, 8, 2)
    raw, by_hand = torch.tensor([[5.0, -1], [9, 0], [0, 3]]), torch.tensor([[0.0, 0], [2, 1], [-2.5, 4]])
    with torch.no_grad():
        found = scaled(Batch(sequence, signals, raw)).expression
        expected = plain(Batch(sequence, signals, by_hand)).expression
    assert torch.allclose(found, expected, atol=1e-6)
    with pytest.raises(ValueError, match="rna_features has width 3"):
        scaled(Batch(sequence, signals, torch.zeros(3, 3)))
    with pytest.raises(ValueError, match="feature_scaling has 2 means and 1 standard deviations"):
        build("caduceus_signals", settings | {"feature_scaling": scaling | {"sd": [1.0]}})


@pytest.mark.parametrize("entry", [ENTRY, RIDGE], ids=["caduceus_signals", "ridge"])
def test_predictions_scale_as_the_training_did(features, tmp_path, entry):
    paths = paths_in(tmp_path)
    train(run_of(features, entry | ZSCORE), paths, "cpu")
    assert len(read_checkpoint(paths.checkpoint)["settings"]["feature_scaling"]["sd"]) == 9
    own = read_predictions(paths.predictions).set_index("gene_id")["prediction"]
    # twelve genes alone: their own mean and standard deviation are others
    few = prism.load_run(paths.checkpoint).predict(
        prism.open_windows(*features), list(own.index), device="cpu"
    )
    np.testing.assert_allclose(few["prediction"], own, atol=1e-6)
    predict(paths.checkpoint, *features, tmp_path / "all.tsv.gz", "cpu")
    written = read_predictions(tmp_path / "all.tsv.gz").set_index("gene_id")["prediction"]
    np.testing.assert_allclose(written[own.index], own, atol=1e-6)


def test_ridge_standardises_anyway(features, tmp_path):
    """A linear model with standardised inputs is the same before and after z-scores."""
    for name, further in (("plain", {}), ("scaled", ZSCORE)):
        train(run_of(features, RIDGE | further), paths_in(tmp_path / name), "cpu")
    one, other = (
        read_predictions(paths_in(tmp_path / n).predictions)["prediction"] for n in ("plain", "scaled")
    )
    np.testing.assert_allclose(one, other, rtol=1e-5)

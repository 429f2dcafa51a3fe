"""Training, predictions and records with orientation gene."""

import numpy as np
import pytest
import torch

import prism
from prism.inference.prediction import predict
from prism.inference.trained import Trained
from prism.runs.checkpoint import read_checkpoint
from prism.runs.predictions import read_predictions
from prism.runs.record import RunRecord
from prism.training.fit import train
from tests.unit.training import tiny_dataset
from tests.unit.training.tiny_training import ENTRY, RIDGE, paths_in, run_of, same_files

GENE = {"orientation": "gene"}
MINUS = [1, 2, 5, 11, 20, 23, 27, 30]  # of train, valid and test
ENTRIES = {"caduceus_signals": ENTRY, "ridge": RIDGE | {"settings": {"bin_size": 4, "center_len": 32}}}


@pytest.fixture(scope="module")
def minus(dataset, tmp_path_factory):
    """The tiny dataset, whose genes are all on +, with some genes on -."""
    return tiny_dataset.mirrored(tmp_path_factory.mktemp("minus"), dataset, MINUS)


@pytest.mark.parametrize("architecture", ENTRIES)
@pytest.mark.parametrize("in_memory", [True, False])
def test_genes_of_both_strands_train_like_those_of_one(dataset, minus, tmp_path, architecture, in_memory):
    entry = ENTRIES[architecture]
    plain, turned = paths_in(tmp_path / "plain"), paths_in(tmp_path / "turned")
    train(run_of(dataset, entry), plain, "cpu")
    train(run_of(minus, entry | GENE, in_memory=in_memory), turned, "cpu")
    if architecture == "ridge":
        one, other = (read_predictions(each.predictions)["prediction"] for each in (plain, turned))
        np.testing.assert_allclose(other, one, rtol=1e-6)
    else:
        same_files(turned, plain)
    unturned = paths_in(tmp_path / "unturned")
    train(run_of(minus, entry), unturned, "cpu")
    one, other = (read_predictions(each.predictions)["prediction"] for each in (plain, unturned))
    assert np.abs(one - other).max() > 1e-4


@pytest.fixture(scope="module")
def oriented(minus, tmp_path_factory):
    paths = paths_in(tmp_path_factory.mktemp("run"))
    train(run_of(minus, ENTRY | GENE), paths, "cpu")
    return paths


def test_the_record_says_it_and_that_of_plus_is_as_before(oriented, trained):
    record = RunRecord.read(oriented.metrics)
    assert record.entry["orientation"] == record.provenance["orientation"] == "gene"
    plain = RunRecord.read(trained[1].metrics)
    assert "orientation" not in {**plain.provenance, **plain.entry}
    assert "orientation" not in read_checkpoint(trained[1].checkpoint)["settings"]


def test_runs_of_two_orientations_have_no_state_in_common(minus):
    one, other = run_of(minus, ENTRY), run_of(minus, ENTRY | GENE)
    assert one.identity != other.identity
    assert one.windows.identity == other.windows.identity


def test_a_prediction_reads_the_checkpoints_orientation(oriented, minus, tmp_path):
    predict(oriented.checkpoint, *minus, tmp_path / "all.tsv.gz", "cpu")
    run = prism.load_run(oriented.checkpoint)
    assert run.orientation == "gene"
    found = run.predict(prism.open_windows(*minus), device="cpu").set_index("gene_id")["prediction"]
    written = read_predictions(tmp_path / "all.tsv.gz").set_index("gene_id")["prediction"]
    own = read_predictions(oriented.predictions).set_index("gene_id")["prediction"]
    np.testing.assert_allclose(found, written.astype(float), atol=1e-6)
    np.testing.assert_allclose(found[own.index], own, atol=1e-6)


def test_the_api_gives_turned_batches(oriented, minus):
    plus, gene = (prism.open_windows(*minus, orientation=name) for name in ("plus", "gene"))
    assert (plus.orientation, gene.orientation) == ("plus", "gene")
    one, other = plus.batch(["gene01", "gene00"]), gene.batch(["gene01", "gene00"])
    assert torch.equal(other.signals[0], one.signals[0].flip(0))
    assert torch.equal(other.sequence[0], one.sequence[0].flip(0, 1))
    assert torch.equal(other.signals[1], one.signals[1])
    module = prism.load_run(oriented.checkpoint).module
    with torch.no_grad():
        found = module(gene.batch(gene.gene_ids)).expression
    expected = prism.load_run(oriented.checkpoint).predict(plus, device="cpu")["prediction"]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_another_orientation_than_the_models_is_refused(oriented, minus):
    with pytest.raises(
        ValueError, match=r"model small reads windows with orientation gene, and these were opened with"
    ):
        run_of(minus, ENTRY | GENE, orientation="plus")
    trained = Trained.load(oriented.checkpoint)
    with pytest.raises(
        ValueError, match=r"not the model that was asked for: its orientation gene \(asked for: plus\)"
    ):
        trained.require("best.ckpt", orientation="plus")
    trained.require("best.ckpt", orientation="gene")


def test_a_checkpoint_that_does_not_say_reads_the_plus_strand(trained):
    loaded = Trained.load(trained[1].checkpoint)
    del loaded.checkpoint["entry"]["training"]
    assert loaded.orientation == "plus"
    loaded.require("best.ckpt", orientation="plus")

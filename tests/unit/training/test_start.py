"""Training from weights that are there: they are the first weights, and unfit or leaking ones are refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pandas as pd
import pytest

from prism.genome.dataset.windows import Windows
from prism.models import build
from prism.runs.checkpoint import read_checkpoint, write_checkpoint
from prism.runs.record import RunRecord
from prism.training.fit import train
from prism.training.run import Run
from prism.training.start import Start
from tests.unit.training import tiny_dataset
from tests.unit.training.tiny_training import ENTRY, paths_in, run_of

TOLD = {"run": "small"}
STARTED = ENTRY | {"start_from": TOLD}
GENES = [f"gene{i:02d}" for i in range(32)]  # 20 to train, 6 to validate, 6 to test


def started(dataset, checkpoint, entry=STARTED, folds=tiny_dataset.FOLDS, fold=1, **changes) -> Run:
    """A run of an entry from the weights of a checkpoint."""
    windows = Windows(*dataset, entry["length"], entry["signals"], entry["rna_features"])
    start = Start.read(checkpoint, entry["start_from"])
    return Run(windows, folds, entry, "tiny", "warm", fold, 2, start=start, **changes)


def spoiled(paths, folder, **changes):
    """A copy of a checkpoint with other content."""
    write_checkpoint(folder / "spoiled.ckpt", read_checkpoint(paths.checkpoint) | changes)
    return folder / "spoiled.ckpt"


def test_training_begins_with_the_weights_of_the_start(dataset, trained, tmp_path):
    """With a learning rate of next to nothing they stay what they were; a new model has others."""
    record, paths = trained
    there = read_checkpoint(paths.checkpoint)["state_dict"]
    tiny = {"steps": 1, "batch_size": 4, "warmup_steps": 0, "learning_rate": 1e-12, "schedule": "constant"}
    out = paths_in(tmp_path)
    found = train(started(dataset, paths.checkpoint, STARTED | {"training": tiny}), out, "cpu")
    here = read_checkpoint(out.checkpoint)["state_dict"]
    assert max(float((here[name] - there[name]).abs().max()) for name in there) < 1e-6
    assert found["metrics"]["valid"]["mse"] == pytest.approx(record["metrics"]["valid"]["mse"], rel=1e-4)
    random = build(ENTRY["architecture"], read_checkpoint(paths.checkpoint)["settings"]).state_dict()
    assert max(float((random[name] - there[name]).abs().max()) for name in there) > 0.1


def test_the_record_and_the_checkpoint_say_where_it_started(dataset, trained, tmp_path):
    _, paths = trained
    out = paths_in(tmp_path)
    run = started(dataset, paths.checkpoint)
    train(run, out, "cpu")
    digits = hashlib.sha256(paths.checkpoint.read_bytes()).hexdigest()
    start = RunRecord.read(out.metrics).start
    assert start == read_checkpoint(out.checkpoint)["start"]
    assert (start["sha256"], start["file"], start["start_from"]) == (digits, str(paths.checkpoint), TOLD)
    assert (start["fold"], start["seed"], start["test_genes"]) == (1, 2, "held out")
    assert read_checkpoint(out.checkpoint)["seen_genes"] == GENES[:26]
    # the state of another start is not gone on from
    other = replace(run, start=replace(run.start, sha256="0" * 64))
    assert len({run.identity, other.identity, run_of(dataset).identity}) == 3


def test_a_run_and_its_entry_agree_on_whether_there_is_a_start(dataset, trained):
    with pytest.raises(ValueError, match=r"start_from \{'run': 'small'\} needs that checkpoint"):
        run_of(dataset, STARTED)
    with pytest.raises(ValueError, match="has none, and a checkpoint was given"):
        replace(run_of(dataset), start=Start.read(trained[1].checkpoint, TOLD))


def test_other_shapes_are_named(dataset, trained, tmp_path):
    _, paths = trained
    wide = STARTED | {"settings": {"d_model": 16, "n_layer": 2, "center_len": 32}}
    run = started(dataset, paths.checkpoint, wide)
    with pytest.raises(ValueError, match="does not fit this model") as error:
        train(run, paths_in(tmp_path), "cpu")
    told = str(error.value)
    state, ours = (
        read_checkpoint(paths.checkpoint)["state_dict"],
        build(wide["architecture"], run.build_settings),
    )
    name, shape = next((n, tuple(v.shape)) for n, v in ours.state_dict().items() if v.shape != state[n].shape)
    assert (
        f"{paths.checkpoint} does not fit this model: {name} is {tuple(state[name].shape)} there and {shape}"
        in told
    )
    assert told.endswith("more; give the entry the settings of the model that it starts from")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"signals": ["H3K27ac", "ATAC"]}, "has signals H3K27ac, ATAC, and this training ATAC, H3K27ac"),
        ({"rna_feature_names": []}, "has rna_feature_names none, and this training promoter_activity"),
        ({"architecture": "prism"}, "has architecture prism, and this training caduceus_signals"),
    ],
)
def test_weights_for_other_inputs_are_refused(dataset, trained, tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        started(dataset, spoiled(trained[1], tmp_path, **changes))


SWAPPED = pd.DataFrame(
    {"fold": "2", "chromosome": ["chr2", "chr3", "chr1"], "split": ["train", "valid", "test"]}
)


@pytest.mark.parametrize("with_test", [True, False])
def test_weights_that_have_seen_a_test_gene_are_refused(dataset, trained, tmp_path, with_test):
    _, paths = trained
    with pytest.raises(
        ValueError, match=r"trained on, or chosen by, 20 of the 20 test genes of this fold \(gene00, "
    ):
        started(dataset, paths.checkpoint, folds=SWAPPED, fold=2, with_test=with_test)
    one = spoiled(paths, tmp_path, seen_genes=["gene31", "gene00"])
    with pytest.raises(ValueError, match=r"1 of the 6 test genes of this fold \(gene31\)"):
        started(dataset, one, with_test=with_test)


def test_a_checkpoint_without_its_genes_must_be_of_the_same_splits(dataset, trained, tmp_path):
    _, paths = trained
    old = spoiled(paths, tmp_path, seen_genes=None)
    assert started(dataset, old).seen_genes == GENES[:26]
    with pytest.raises(
        ValueError, match="does not say which genes it was trained on, and its fold is another"
    ):
        started(dataset, old, folds=SWAPPED, fold=2)


def test_what_a_start_has_seen_is_passed_on(dataset, trained, tmp_path):
    """Genes of an earlier start count too, although this run has them in no split."""
    earlier = spoiled(trained[1], tmp_path, seen_genes=["elsewhere"])
    assert started(dataset, earlier).seen_genes == ["elsewhere", *GENES[:26]]


def test_released_weights_may_have_seen_anything_and_that_is_said(dataset, trained, tmp_path, capsys):
    released = {"released": {"name": "theirs"}, "numbers_version": 3, "sources": {}}
    checkpoint = spoiled(trained[1], tmp_path, provenance=released, seen_genes=None)
    out = paths_in(tmp_path / "run")
    train(started(dataset, checkpoint, folds=tiny_dataset.FOLDS), out, "cpu")
    assert "warning: start_from: its training genes are not known" in capsys.readouterr().err
    assert RunRecord.read(out.metrics).start["test_genes"] == "unknown"
    assert read_checkpoint(out.checkpoint)["seen_genes"] is None
    # and whatever starts from that run does not know either
    further = started(dataset, out.checkpoint, folds=SWAPPED, fold=2)
    assert further.start.record()["test_genes"] == "unknown"


def test_what_is_not_trained_must_be_the_same():
    """The priors of a learned mask follow from the settings, and are not trained."""
    sizes = {"length": 32, "n_signals": 1, "n_rna_features": 0, "d_model": 8, "n_layer": 1, "center_len": 8}
    ours, theirs = (
        build("seq2exp_soft", sizes | {"signals": ["ATAC"], "signal_priors": {"ATAC": [1.0, beta]}})
        for beta in (1.0, 2.0)
    )
    start = Start("theirs.ckpt", TOLD, "", {"state_dict": theirs.state_dict(), "provenance": {}})
    with pytest.raises(
        ValueError, match=r"theirs.ckpt has other values of .*signal_betas, which is not trained: "
    ):
        start.load_into(ours)

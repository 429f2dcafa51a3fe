"""Trainings of Prism with each kind of contexts: killed and gone on, and pairs with one another."""

from __future__ import annotations

import pytest

from prism.inference import contexts
from prism.runs.record import RunRecord
from prism.training.fit import train
from prism.training.run import Conditions
from tests.unit.training import tiny_dataset
from tests.unit.training.tiny_training import ENTRY, KillError, die_at, paths_in, run_of, same_files


def entry_of(**own) -> dict:
    """Random and constant contexts need no encoder, so a window of 32 bp is long enough."""
    settings = {"d_model": 8, "n_layer": 1, "center_len": 32, "n_context": 2} | own
    return ENTRY | {"architecture": "prism", "settings": settings}


@pytest.mark.parametrize("own", [{}, {"signal_dropout": 0.5}])
def test_random_draws_go_on_as_if_nothing_had_happened(own, dataset, tmp_path):
    entry = entry_of(context="random", **own)
    whole = train(run_of(dataset, entry), paths_in(tmp_path / "whole"), "cpu")
    paths = paths_in(tmp_path / "killed")
    with pytest.raises(KillError):
        train(die_at(run_of(dataset, entry), 12), paths, "cpu", Conditions(state_minutes=0))
    assert train(run_of(dataset, entry), paths, "cpu") == whole
    same_files(paths, paths_in(tmp_path / "whole"))


def test_arms_see_the_same_genes_in_the_same_order(dataset, tmp_path):
    """Masks are drawn from torch's generator, the order of the genes is not."""
    seen = {}
    for kind in ("random", "constant"):
        run, seen[kind] = run_of(dataset, entry_of(context=kind)), []

        def batch(indices, read=run.windows.batch, asked=seen[kind]):
            asked.append(list(indices))
            return read(indices)

        run.windows.batch = batch
        train(run, paths_in(tmp_path / kind), "cpu")
    assert seen["random"] == seen["constant"]
    assert len(seen["random"]) > 24


def test_the_record_says_how_much_contexts_differ(dataset, trained, tmp_path, capsys):
    record = train(run_of(dataset, entry_of(context="constant")), paths_in(tmp_path), "cpu")
    assert record["contexts"] == {
        "split": "valid", "genes": 6, "sd_over_genes": 0.0, "sd_over_channels": 0.0,
        "mean_cosine": pytest.approx(1.0), "collapsed": False,
    }  # fmt: skip
    assert RunRecord.read(paths_in(tmp_path).metrics).contexts == record["contexts"]
    assert "contexts" not in capsys.readouterr().err
    assert "contexts" not in trained[0]  # caduceus_signals has none


def test_a_collapse_is_said_in_the_log(tmp_path, capsys, monkeypatch):
    files = tiny_dataset.write(tmp_path / "data", length=64)
    settings = {"d_model": 8, "n_layer": 1, "center_len": 64, "cnn_dim": 2}
    entry = entry_of() | {"length": 64, "settings": settings, "training": ENTRY["training"] | {"steps": 2}}
    found = {}
    for threshold in (0.0, 1.0):  # a standard deviation of weights between 0 and 1 is at most a half
        monkeypatch.setattr(contexts, "COLLAPSED", threshold)
        found[threshold] = train(run_of(files, entry), paths_in(tmp_path / str(threshold)), "cpu")["contexts"]
        said = (
            "warning: the learned contexts are the same for every gene: over 6 genes"
            in capsys.readouterr().err
        )
        assert said is found[threshold]["collapsed"] is (threshold == 1.0)
    assert found[0.0] | {"collapsed": True} == found[1.0]

"""A candidate of tuning: trained as a run is, scored on the valid split, blind to the test genes."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest
import torch

from prism.genome.dataset.windows import Windows
from prism.jobs.attempts import EXIT_TRY_AGAIN
from prism.jobs.limits import Limits
from prism.protocol.tuning import with_values
from prism.runs.record import RunRecord
from prism.training.candidate import try_candidate
from prism.training.fit import train
from prism.training.run import Conditions, Run
from prism.training.trial import largest
from tests.unit.training import tiny_dataset
from tests.unit.training.tiny_training import ENTRY, RIDGE, counted, paths_in, run_of

CLOCK = ("seconds", "checksum")


def blind(dataset, entry=ENTRY) -> Run:
    """A run without its test genes."""
    windows = Windows(*dataset, entry["length"], entry["signals"], entry["rna_features"])
    return Run(windows, tiny_dataset.FOLDS, entry, "tiny", "small", 1, 2, with_test=False)


def tried(run, folder, values=None, conditions=None) -> dict:
    """What a candidate's record holds, as its file has it."""
    files = (folder / "record.json", folder / "history.csv", folder / "state")
    try_candidate(run, 1, values or {}, *files, "cpu", conditions)
    assert not files[2].exists()
    return json.loads(files[0].read_text())


def test_its_score_is_the_validation_score_of_the_run_that_it_stands_for(dataset, trained, tmp_path):
    record, paths = trained
    found = tried(blind(dataset), tmp_path)
    assert found["valid"]["mse"] == record["metrics"]["valid"]["mse"]
    assert found["best_step"] == record["best_step"]
    mse = pd.read_csv(paths.history)["valid_mse"]
    assert pd.read_csv(tmp_path / "history.csv")["valid_mse"].tolist() == mse.tolist()
    assert {"test", "metrics"}.isdisjoint(found)


def without_clock(record: dict) -> dict:
    """A record without what differs between two equal trainings, and between two tables of labels."""
    kept = {key: value for key, value in record.items() if key not in (*CLOCK, "provenance")}
    return kept | {"split_hash": record["provenance"]["split_hash"]}


@pytest.mark.parametrize("entry", [ENTRY, RIDGE])
def test_labels_of_test_genes_change_nothing(tmp_path, entry):
    dataset = tiny_dataset.write(tmp_path)
    clean = tried(blind(dataset, entry), tmp_path / "clean")
    genes = pd.read_csv(dataset[1], sep="\t")
    for split, changes in (("chr3", False), ("chr2", True)):
        spoiled = genes.copy()
        spoiled.loc[spoiled["chrom"] == split, "expression"] = 1e6
        spoiled.to_csv(dataset[1], sep="\t", index=False)
        found = tried(blind(dataset, entry), tmp_path / split)
        assert (without_clock(found) != without_clock(clean)) == changes, split


@pytest.mark.parametrize("entry", [ENTRY, RIDGE])
def test_windows_and_labels_of_test_genes_are_not_read(dataset, tmp_path, entry):
    run = blind(dataset, entry)
    test = {i for i, chrom in enumerate(run.windows.chrom) if chrom == "chr3"}
    run.windows.expression[sorted(test)] = float("nan")
    read, plain = set(), run.windows.batch

    def batch(indices):
        read.update(map(int, indices))
        return plain(indices)

    run.windows.batch = batch
    tried(run, tmp_path)
    assert read == set(range(26)) == set(range(32)) - test


def test_a_run_that_has_its_test_genes_is_refused(dataset, tmp_path):
    with pytest.raises(ValueError, match="must not see the test genes"):
        try_candidate(run_of(dataset), 1, {}, tmp_path / "r", tmp_path / "h", tmp_path / "s", "cpu")


def test_an_untuned_entry_is_not_trained(dataset):
    with pytest.raises(ValueError, match="the entry is to be tuned over learning_rate"):
        run_of(dataset, ENTRY | {"tune": {"learning_rate": [0.1, 0.2]}})


def test_a_training_that_goes_astray_is_a_candidate_that_failed(dataset, tmp_path):
    entry = with_values(ENTRY, {"learning_rate": 1e30, "gradient_clip": 0})
    found = tried(blind(dataset, entry), tmp_path, {"learning_rate": 1e30})
    assert "lower learning_rate" in found["failed"]
    assert found["valid"] == {"mse": None, "mae": None, "pearson": None}


def test_one_that_ran_out_of_time_goes_on_to_the_same_record(dataset, tmp_path, stand_still):
    undisturbed = tried(blind(dataset), tmp_path / "undisturbed")
    limits = Limits(minutes=1, elapsed=counted(6.0))
    with pytest.raises(SystemExit) as stopped:
        tried(blind(dataset), tmp_path / "stopped", conditions=Conditions(limits=limits))
    assert stopped.value.code == EXIT_TRY_AGAIN
    assert not (tmp_path / "stopped" / "record.json").exists()
    resumed = tried(blind(dataset), tmp_path / "stopped")
    assert without_clock(resumed) == without_clock(undisturbed)


def test_what_was_chosen_stands_in_the_record_and_the_checkpoint(dataset, tmp_path):
    tuned = {"values": {"kmer": 1}, "tune": {"kmer": [1, 2]}, "candidate": 1, "candidates": 2}
    entry = with_values(RIDGE, {"kmer": 1})
    paths = paths_in(tmp_path)
    train(replace(run_of(dataset, entry), tuned=tuned), paths, "cpu")
    record = RunRecord.read(paths.metrics)
    assert record.tuned == tuned
    assert record.entry["settings"] == {"kmer": 1}
    assert "tune" not in record.entry
    assert torch.load(paths.checkpoint, weights_only=True)["tuned"] == tuned
    plain = train(run_of(dataset, entry), paths_in(tmp_path / "plain"), "cpu")
    assert record.provenance["settings_hash"] == plain["provenance"]["settings_hash"]
    assert "tuned" not in plain


def test_the_trial_of_memory_takes_the_largest_candidate():
    tune = {"d_model": [8, 32, 16], "batch_size": [2, 4]}
    found = largest(ENTRY | {"tune": tune})
    assert (found["settings"]["d_model"], found["training"]["batch_size"]) == (32, 4)
    assert "tune" not in found
    assert largest(ENTRY) == ENTRY
    assert largest(RIDGE | {"tune": {"kmer": [1, 2]}})["settings"] == {"kmer": 1}

"""The trial of a model before its training, on a tiny dataset."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from prism.genome.dataset.windows import Windows
from prism.jobs.trial_record import cuts, refuse_cut
from prism.models import memory
from prism.training import trial as trials
from prism.training.run import Run
from prism.training.trial import genes_at_once, smaller, try_out
from tests.unit.training import tiny_dataset

ENTRY = {
    "architecture": "caduceus", "length": 32, "signals": [], "rna_features": True,
    "settings": {"d_model": 8, "n_layer": 1, "center_len": 32},
    "training": {"epochs": 20, "batch_size": 4, "warmup_steps": 0, "learning_rate": 0.01, "schedule": "constant"},
}  # fmt: skip

SETTINGS = {"length": 32, "n_signals": 0, "n_rna_features": 1, "d_model": 8, "n_layer": 1, "center_len": 32}


@pytest.fixture
def open_run(dataset):
    opened = []

    def made(entry):
        windows = Windows(*dataset, entry["length"], entry["signals"], entry["rna_features"], in_memory=False)
        opened.append(Run(windows, tiny_dataset.FOLDS, entry, "tiny", "small", 1, 2))
        return opened[-1]

    made.opened = opened
    return made


def with_training(**changes):
    return ENTRY | {"training": ENTRY["training"] | changes}


def test_two_steps_each_with_an_evaluation(open_run):
    record = try_out(open_run, ENTRY, "cpu")
    assert (record["window"], record["window_wanted"], record["reduced"]) == (32, 32, [])
    assert (record["genes_a_step"], record["genes_at_once"]) == (4, 4)
    assert len(record["losses"]) == len(record["valid_mse"]) == len(record["seconds_a_step"]) == 2
    assert np.isfinite(record["losses"]).all()
    assert min(record["seconds_a_step"]) > 0
    assert record["losses"][0] != record["losses"][1]
    assert record["peak_memory_bytes"] >= record["memory_before_bytes"] > 1e8  # at least the loaded libraries
    assert record["parameters"] == sum(p.numel() for p in trials.build("caduceus", SETTINGS).parameters())
    assert record["device"].startswith("cpu")
    json.dumps(record, allow_nan=False)


def test_only_a_few_genes_are_read(open_run, monkeypatch):
    read = []
    batch = Windows.batch
    monkeypatch.setattr(Windows, "batch", lambda self, indices: read.extend(indices) or batch(self, indices))
    try_out(open_run, ENTRY, "cpu")
    # 20 training genes are there, then 6 valid ones, then 6 test genes
    assert set(read) == {*range(8), 20, 21}


@pytest.mark.parametrize("settings", [{}, {"checkpoint_layers": True}])
def test_a_micro_batch_is_what_goes_through_at_once(open_run, settings):
    entry = with_training(micro_batch=1) | {"settings": ENTRY["settings"] | settings}
    record = try_out(open_run, entry, "cpu")
    assert (record["genes_a_step"], record["genes_at_once"]) == (2, 1)
    assert len(record["losses"]) == 2


def test_ridge_has_no_steps(open_run):
    entry = {"architecture": "ridge", "length": 32, "signals": None, "rna_features": True}
    record = try_out(open_run, entry, "cpu")
    assert (record["losses"], record["seconds_a_step"], record["genes_at_once"]) == ([], [], None)
    assert np.isfinite(record["valid_mse"]).tolist() == [True]


def test_a_loss_that_is_not_finite_is_refused(open_run):
    def without_numbers(entry):
        run = open_run(entry)
        run.windows.expression[0] = torch.inf
        return run

    with pytest.raises(ValueError, match="gene00"):
        try_out(without_numbers, ENTRY, "cpu")


def test_less_memory_means_fewer_genes_then_a_shorter_window(open_run, monkeypatch):
    monkeypatch.setattr(trials, "SHORTEST", 8)
    settings = ENTRY["settings"] | {"n_signals": 0}
    sizes = {
        (n, length): memory.training_bytes("caduceus", settings, length, n, 0)
        for n in (1, 2, 4)
        for length in (16, 32)
    }
    assert sizes[1, 16] < sizes[1, 32] < sizes[2, 32] < sizes[4, 32]
    with torch.device("meta"):
        parameters = sum(
            p.numel() for p in trials.build("caduceus", open_run(ENTRY).build_settings).parameters()
        )
    room = (sizes[1, 16] + sizes[1, 32]) / 2 + memory.PER_PARAMETER * parameters
    monkeypatch.setattr(trials, "available_bytes", lambda device, mem_mb: room)
    record = try_out(open_run, ENTRY, "cpu")
    assert (record["window"], record["window_wanted"]) == (16, 32)
    assert (record["genes_at_once"], record["genes_at_once_wanted"]) == (1, 4)
    assert [line.split(":")[0] for line in record["reduced"]] == [
        "2 genes at once", "1 genes at once", "a window of 16 bp",
    ]  # fmt: skip
    assert "are estimated to need 0.0 GB, 0.0 GB are available on cpu" in record["reduced"][0]


def test_a_shortage_in_the_trial_itself_is_met_in_the_same_way(open_run, monkeypatch):
    fail = [torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB. And more")]
    build = trials.build

    def failing(name, settings):
        if torch.get_default_device().type == "cpu" and fail:
            raise fail.pop()
        return build(name, settings)

    monkeypatch.setattr(trials, "build", failing)
    record = try_out(open_run, ENTRY, "cpu")
    assert record["reduced"] == ["2 genes at once: CUDA out of memory"]


def test_what_is_no_shortage_is_raised(open_run, monkeypatch):
    monkeypatch.setattr(
        trials, "_trial", lambda run, place, mem_mb: (_ for _ in ()).throw(RuntimeError("a shape is wrong"))
    )
    with pytest.raises(RuntimeError, match="a shape is wrong"):
        try_out(open_run, ENTRY, "cpu")


def test_where_nothing_is_left_to_halve():
    entry = with_training(batch_size=1) | {"length": 600}
    with pytest.raises(ValueError, match=r"one gene of 600 bp does not fit: too much"):
        smaller(entry, "too much")
    elements = entry | {"architecture": "epinformer", "length": 2000}
    with pytest.raises(ValueError, match=r"one gene of 2,000 bp does not fit"):
        smaller(elements, "too much")


def test_half_a_window_is_even_and_enformers_crop_whole_bins():
    entry = with_training(batch_size=1) | {"length": 200_000, "settings": {"crop_length": 196_608}}
    half, change = smaller(entry, "too much")
    assert (half["length"], half["settings"]["crop_length"]) == (100_000, 99_968)
    left_out, _ = smaller(entry | {"architecture": "enformer", "settings": {}}, "too much")
    assert left_out["settings"] == {"crop_length": 99_968}
    assert smaller(entry | {"settings": {}}, "too much")[0]["settings"] == {}
    assert 99_968 % 128 == 0
    assert change == "a window of 100,000 bp"
    assert (entry["length"], entry["settings"]["crop_length"]) == (200_000, 196_608)


def test_half_a_window_suits_stem_and_bins():
    settings = {"center_len": 2000, "stem": {"size": 40}, "pool_bins": 10}
    entry = with_training(batch_size=1) | {"length": 2000, "settings": settings}
    half, _ = smaller(entry, "too much")
    assert half["length"] == 800  # of 1,000 bp the 25 tokens are no ten bins


def test_a_batch_size_that_is_left_to_its_default_is_halved_before_the_window():
    entry = ENTRY | {"length": 2000, "training": {"steps": 10}}
    assert genes_at_once(entry) == 8
    half, change = smaller(entry, "too much")
    assert (half["training"]["batch_size"], half["length"], change) == (4, 2000, "4 genes at once")
    assert genes_at_once(with_training(batch_size=2, micro_batch=4)) == 2


def test_a_micro_batch_is_not_a_reduction(open_run):
    record = try_out(open_run, with_training(micro_batch=1), "cpu")
    assert (record["genes_at_once"], record["genes_at_once_wanted"]) == (1, 1)
    assert cuts(record) == ""
    refuse_cut(record, "trial.json")


def test_the_run_is_left_as_it_was(open_run):
    run = open_run(ENTRY)
    few = trials._few_genes(run)
    assert few.settings.steps == 2
    assert few.settings.epochs is None
    assert run.entry == ENTRY

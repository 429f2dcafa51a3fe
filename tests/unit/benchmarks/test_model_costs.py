"""The benchmark of what models cost, on a small entry, and the page that shows its table."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from benchmarks import model_costs
from docs_tools import model_tables
from docs_tools.document_models import document
from workflow_scripts.planning.tables.models import Entry

TRAINING = {"steps": 100, "batch_size": 16, "warmup_steps": 0, "schedule": "constant", "precision": "fp32"}
SMALL = {"d_model": 8, "n_layer": 1, "center_len": 64}


def entry(length=64, architecture="caduceus_signals", settings=None, **training) -> Entry:
    settings = SMALL if settings is None else settings
    return Entry("small", architecture, length, None, True, settings, TRAINING | training)


def row(**changes) -> dict[str, str]:
    there = dict.fromkeys(model_costs.COLUMNS, "1") | {
        "entry": "small",
        "device": "cpu (one)",
        "outcome": "done",
    }
    return there | changes


def test_short_windows_keep_their_batch_and_long_ones_two_genes():
    def genes(device="cpu", **how):
        training = model_costs.as_measured(entry(**how), device)["training"]
        return training["batch_size"], training.get("micro_batch")

    assert genes() == (16, None)
    assert genes(length=200_000) == (1, None)
    assert genes(length=200_000, micro_batch=4) == (2, 1)
    assert genes("cuda", length=200_000, micro_batch=4) == (16, 4)


def test_every_long_entry_is_measured_and_no_ablation():
    entries = model_costs.measured_entries()
    assert {"prism_2k", "enformer_200k", "macs3_200k", "epinformer_2k"} <= set(entries)
    assert not [
        name for name in entries if "norna" in name or "demo" in name or "_n4" in name or "ridge" in name
    ]


@pytest.mark.parametrize(
    ("architecture", "length", "settings"),
    [("caduceus_signals", 64, SMALL | {"input_mask": "peaks"}), ("epinformer", 2000, {"n_enhancers": 2})],
)
def test_an_entry_is_measured_through_the_trainer(architecture, length, settings):
    wanted = json.loads(entry(length, architecture, settings, batch_size=2).canonical())
    record = model_costs.measure(wanted, "small", "cpu")
    made = model_costs.row_of("small", record, 0.5)
    assert list(made) == list(model_costs.COLUMNS)
    assert (made["window"], made["window_read"], made["outcome"], made["load"]) == (
        str(length),
        str(length),
        "done",
        "0.5",
    )
    assert (made["genes_a_step"], made["genes_at_once"], made["parameters"]) == (
        "2",
        "2",
        str(record["parameters"]),
    )
    assert float(made["first_step"]) > 0


def test_a_row_takes_the_place_of_its_own_entry_and_device(tmp_path):
    table = tmp_path / "costs.tsv"
    first, other = row(), row(entry="another")
    gpu = row(device="cuda:0 (H200)")
    for each in (first, other, gpu, row(memory_gb="2")):
        model_costs.merge(table, each)
    found = model_costs.read(table)
    assert [(each["entry"], each["device"], each["memory_gb"]) for each in found] == [
        ("another", "cpu (one)", "1"), ("small", "cpu (one)", "2"), ("small", "cuda:0 (H200)", "1"),
    ]  # fmt: skip


def test_the_page_shows_a_measurement_a_shorter_window_and_a_failure():
    shown = model_tables.cost_row(entry(), row(memory_gb="1.25", seconds_a_step="3.04", genes_a_step="2"))
    assert "| 2 (1) | 1.2 GB | 3.0 s | cpu (one), load 1, 1 |" in shown
    assert "sequence, signals, gene features" in shown
    cut = row(window="200000", window_read="100000", outcome="a window of 100,000 bp: no room")
    assert "(measured at 100,000: a window of 100,000 bp: no room)" in model_tables.cost_row(entry(), cut)
    failed = row(memory_gb="", seconds_a_step="", parameters="", outcome="failed: killed by signal 9")
    assert "| - | failed: killed by signal 9 |" in model_tables.cost_row(entry(), failed)


def test_what_is_not_measured_is_named_be_its_window_short_or_long(monkeypatch, tmp_path):
    table = tmp_path / "costs.tsv"
    monkeypatch.setattr(model_tables, "COST_TABLE", table)
    model_costs.merge(table, row())
    unmeasured = [replace(entry(length=length), name=f"of_{length}") for length in (64, 200_000)]
    *_, measured, _, named, _ = model_tables.costs([entry(), *unmeasured])
    assert measured.startswith("| `small` |")
    assert named == "Not measured yet: `of_64`, `of_200000`."


def test_the_page_has_a_row_or_a_name_for_each_entry_of_the_benchmark():
    page = document().split("## Memory of a GPU")[0]
    assert [name for name in model_costs.measured_entries() if f"`{name}`" not in page] == []

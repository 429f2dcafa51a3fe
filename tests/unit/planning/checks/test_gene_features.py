"""Gene features of an entry: what decides whether its trainings stand, and what a run says of a signal that leaks."""

from __future__ import annotations

import json

import pytest
import yaml

from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.tables.models import read_models
from workflow_scripts.planning.terminal.announcement import leak_lines

TRAINING = {"steps": 10, "batch_size": 4}
BOTH = ["mrna", "promoter_activity"]


def entry(architecture="caduceus", **given):
    return {"architecture": architecture, "length": 2000, "training": TRAINING} | given


def entries(tmp_path, **given):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"models": given}))
    return read_models([tmp_path / "mine.yaml"])


def lines(tmp_path, monkeypatch, given, **config):
    """What a run of one entry on K562 (H3K27ac, DNase, contacts) says of leaks."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"models": {"mine": given}}))
    run = {"cell_types": ["K562"], "models": ["mine"], "folds": [11], "seeds": [2, 22]}
    return leak_lines(make_plan({"models": "mine.yaml", "run": run} | config))


def test_the_text_that_decides_about_trainings_is_that_of_0_1_0(root):
    """As 0.1.0 wrote it, so that nothing trains again."""
    bundled = read_models([root / "config" / "models.yaml"])
    training = (
        '"training": {"batch_size": 8, "betas": [0.9, 0.95], "final_learning_rate": 0.0001, "gradient_clip": 1.0, '
        '"learning_rate": 0.002, "precision": "fp32", "schedule": "cosine", "steps": 150, '
        '"validations_per_epoch": 1, "warmup_from": 1e-05, "warmup_steps": 15, "weight_decay": 1e-06}}'
    )
    assert bundled["caduceus_demo"].canonical() == (
        '{"architecture": "caduceus", "length": 500, "rna_features": true, "settings": {"center_len": 500, '
        '"d_model": 32, "n_layer": 2}, "signals": [], ' + training
    )
    assert bundled["ridge_2k"].canonical() == (
        '{"architecture": "ridge", "length": 2000, "rna_features": true, "settings": {}, "signals": null, '
        '"training": {}}'
    )
    assert bundled["ridge_2k_norna"].canonical() == (
        '{"architecture": "ridge", "length": 2000, "rna_features": false, "settings": {}, "signals": null, '
        '"training": {}}'
    )


def test_one_choice_has_one_text_however_it_is_written(tmp_path):
    texts = {
        name: each.canonical()
        for name, each in entries(
            tmp_path,
            default=entry(),
            switch=entry(rna_features=True),
            named=entry(gene_features=BOTH),
            turned=entry(gene_features=BOTH[::-1]),
            off=entry(rna_features=False),
            none=entry(gene_features=[]),
            mrna=entry(gene_features=["mrna"]),
        ).items()
    }
    assert texts["default"] == texts["switch"] == texts["named"] == texts["turned"]
    assert texts["off"] == texts["none"]
    assert [json.loads(texts[name])["rna_features"] for name in ("named", "none", "mrna")] == [
        True,
        False,
        ["mrna"],
    ]
    assert len(set(texts.values())) == 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"gene_features": ["mrnas"]}, r"mine\.yaml: models\.mine: unknown gene features 'mrnas'; did you mean 'mrna'"),
        (
            {"gene_features": ["mrna"], "rna_features": False},
            r"mine\.yaml: models\.mine: gene_features is \[mrna\], but rna_features: false means none; remove",
        ),
        ({"gene_features": ["mrna", "mrna"]}, r"models\.mine\.gene_features = .* non-unique"),
        ({"gene_features": "mrna"}, r"models\.mine\.gene_features = 'mrna': .* not of type 'array'"),
        ({"genes_features": []}, r"unknown key 'genes_features'; did you mean 'gene_features'"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path, given, message):
    with pytest.raises(ValueError, match=message):
        entries(tmp_path, mine=entry(**given))


LEAK = "Model mine: does not read {}, but gets promoter_activity, which is made of H3K27ac, DNase; where it shall do "
LEAK += "without, set its gene_features: [mrna]"


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        (entry(signals=[]), "H3K27ac, DNase"),
        (entry(), "H3K27ac, DNase"),  # Caduceus takes no signals, whatever the entry names
        (entry("prism", signals=["DNase", "contacts"]), "H3K27ac"),
        (
            entry("prism", signals=["DNase"], gene_features=BOTH),
            "H3K27ac",
        ),  # the paper's Prism gets all signals
        (entry("caduceus_signals", signals=[], gene_features=BOTH), "H3K27ac, DNase"),
        (entry("ridge", signals=["H3K27ac"]), "DNase"),
    ],
)
def test_a_signal_that_is_left_out_and_leaks_is_said_once_per_entry(tmp_path, monkeypatch, given, missing):
    assert lines(tmp_path, monkeypatch, given) == [LEAK.format(missing)]


def test_a_signal_that_the_windows_leave_out_leaks_too(tmp_path, monkeypatch):
    windows = {"lengths": [2000], "signals": ["DNase", "contacts"]}
    assert lines(tmp_path, monkeypatch, entry("prism"), windows=windows) == [LEAK.format("H3K27ac")]


def test_what_is_left_to_choose_is_named(tmp_path, monkeypatch):
    (line,) = lines(tmp_path, monkeypatch, entry(signals=[], gene_features=["promoter_activity"]))
    assert line.endswith("set its gene_features: []")


@pytest.mark.parametrize(
    "given",
    [
        entry("prism"),
        entry("prism", signals=["H3K27ac", "DNase"]),
        entry(signals=[], gene_features=BOTH),  # as published
        entry("epinformer", signals=[], gene_features=BOTH),
        entry(signals=[], gene_features=["mrna"]),
        entry(signals=[], gene_features=[]),
        entry("prism", signals=["DNase"], rna_features=False),
    ],
)
def test_nothing_is_said_where_nothing_leaks(tmp_path, monkeypatch, given):
    assert lines(tmp_path, monkeypatch, given) == []


def test_nothing_is_said_where_there_is_no_promoter_activity(tmp_path, monkeypatch):
    assert lines(tmp_path, monkeypatch, entry(signals=[]), promoter_activity=[]) == []
    assert lines(tmp_path, monkeypatch, entry("prism", signals=["DNase"]), promoter_activity=["DNase"]) == []


def test_the_bundled_entries_are_silent(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [name for name in read_models([root / "config" / "models.yaml"]) if "200k" not in name]
    run = {"cell_types": ["K562"], "models": names, "folds": [11], "seeds": [2]}
    assert leak_lines(make_plan({"run": run})) == []


def test_an_entry_of_promoter_activity_alone_needs_its_signals(tmp_path, monkeypatch):
    wanted = (
        r"model mine needs gene features, K562 has none \(promoter_activity is made of signals that are not there\); "
        r"give the signals of promoter_activity, or run an entry with gene_features: \[\]"
    )
    with pytest.raises(ValueError, match=wanted):
        lines(tmp_path, monkeypatch, entry(gene_features=["promoter_activity"]), promoter_activity=[])

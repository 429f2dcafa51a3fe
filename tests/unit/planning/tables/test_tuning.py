"""`tune` of an entry as it is read and planned: what is refused before any job, and which files a plan asks for."""

from __future__ import annotations

import json

import pytest
import yaml

from workflow_scripts.planning import tuning
from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.tables.models import read_models

TRAINING = {"steps": 10, "batch_size": 4}


def read(tmp_path, tune, architecture="caduceus_signals", **changes):
    """The one entry of a file; its text as a user writes it."""
    entry = {"architecture": architecture, "length": 200, "training": TRAINING} | changes
    if architecture == "ridge":
        entry.pop("training")
    (tmp_path / "mine.yaml").write_text(f"models:\n  mine: {json.dumps(entry)[:-1]}, tune: {tune}}}\n")
    return read_models([tmp_path / "mine.yaml"])["mine"]


REFUSED = [
    ("{learnin_rate: [1.0e-3]}", r"models\.mine: tune: unknown key 'learnin_rate'; did you mean 'learning_rate'\?"),
    ("{d_modle: [8]}", r"tune: unknown key 'd_modle'; did you mean 'd_model'\?"),
    ("{length: [200]}", r"tune: unknown key 'length'; it takes .* of training \(steps, .*\) or of settings \(d_model"),
    ("{learning_rate: [fast]}", r"tune\.learning_rate\.0 = 'fast': 'fast' is not of type 'number'"),
    ("{learning_rate: [0]}", r"tune\.learning_rate\.0 = 0: 0 is less than or equal to the minimum of 0"),
    ("{learning_rate: [.nan]}", r"tune\.learning_rate\.0 = nan: not a number"),
    ("{learning_rate: 1.0e-3}", r"tune\.learning_rate = 0\.001: 0\.001 is not of type 'array'"),
    ("{learning_rate: []}", r"tune\.learning_rate = \[\]: \[\] should be non-empty"),
    ("{batch_size: [4, 4.5]}", r"tune\.batch_size\.1 = 4\.5: 4\.5 is not of type 'integer'"),
    ("{d_model: [8, wide]}", r"tune: d_model must be a whole number \(such as 128\), not 'wide'"),
    ("{d_model: [8, true]}", r"tune: d_model must be a whole number \(such as 128\), not True"),
    ("{checkpoint_layers: [1]}", r"tune: checkpoint_layers must be true or false"),
    ("{learning_rate: [1.0e-3, 1e-3]}", r"tune: learning_rate names 0\.001 twice; give it once"),
    (
        "{d_model: [8, 16, 32], n_layer: [1, 2, 3]}",
        r"tune: 9 candidates \(3 of d_model x 3 of n_layer\) are more than 8, .*; shorten the lists",
    ),
    ("{}", r"tune = \{\}: \{\} should be non-empty"),
]  # fmt: skip


@pytest.mark.parametrize(("tune", "message"), REFUSED)
def test_what_is_refused_when_it_is_read(tmp_path, tune, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, tune)


def test_ridge_is_tuned_over_its_settings_only(tmp_path):
    entry = read(tmp_path, "{bin_size: [50, 100], kmer: [3, 4], transform: [none, log1p]}", "ridge")
    assert len(entry.candidates) == 8
    with pytest.raises(
        ValueError, match="learning_rate is of a training by steps, and ridge is solved; it takes"
    ):
        read(tmp_path, "{learning_rate: [1.0e-3]}", "ridge")


def test_numbers_are_read_as_numbers(tmp_path):
    entry = read(tmp_path, "{learning_rate: [1e-3, 3e-3], d_model: [8.0], alpha: [1e-1, 2]}", "prism")
    assert entry.tune == {"learning_rate": [0.001, 0.003], "d_model": [8], "alpha": [0.1, 2]}


def test_a_candidate_is_an_entry_like_one_that_names_the_values_itself(tmp_path):
    tuned = read(tmp_path, "{learning_rate: [1e-3], d_model: [16]}", settings={"n_layer": 1})
    written = {
        "architecture": "caduceus_signals", "length": 200, "settings": {"n_layer": 1, "d_model": 16},
        "training": TRAINING | {"learning_rate": 0.001},
    }  # fmt: skip
    (tmp_path / "other.yaml").write_text(yaml.safe_dump({"models": {"mine": written}}))
    assert tuned.candidates == [read_models([tmp_path / "other.yaml"])["mine"]]
    assert json.loads(tuned.canonical())["tune"] == {"d_model": [16], "learning_rate": [0.001]}
    assert "tune" not in json.loads(tuned.candidates[0].canonical())


def plan(tmp_path, monkeypatch, tune, **changes):
    monkeypatch.chdir(tmp_path)
    entry = {"architecture": "caduceus_signals", "length": 2000, "training": TRAINING} | changes
    (tmp_path / "mine.yaml").write_text(
        yaml.safe_dump({"models": {"mine": entry | {"tune": tune}, "plain": entry}})
    )
    run = {"cell_types": ["K562"], "models": ["mine", "plain"], "folds": [11, 12], "seeds": [22, 2]}
    return make_plan({"models": "mine.yaml", "run": run})


def test_a_plan_asks_for_every_candidate_of_a_fold_and_one_choice(tmp_path, monkeypatch):
    made = plan(tmp_path, monkeypatch, {"learning_rate": [0.001, 0.003, 0.01]})
    folder = "results/tuning/K562/mine/fold11"
    assert tuning.records(made, "K562", "mine", "11") == [
        f"{folder}/candidate{i}/record.json" for i in (1, 2, 3)
    ]
    assert tuning.chosen(made, "K562", "mine", "11") == [f"{folder}/chosen.json"]
    assert tuning.chosen(made, "K562", "plain", "11") == []
    assert tuning.tables(made) == [f"results/tuning/K562/mine/fold{fold}/candidates.tsv" for fold in (11, 12)]
    assert tuning.all_tables(made) == ["results/comparison/tuning.tsv"]
    assert tuning.seed(made) == 22
    assert json.loads(tuning.values_json(made, "mine", "2")) == {"learning_rate": 0.003}
    assert tuning.entry_of(made, "mine", "2").training["learning_rate"] == 0.003
    with pytest.raises(ValueError, match="model mine: candidate 4 is not there; its tune has 3"):
        tuning.entry_of(made, "mine", "4")


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        ({"center_len": [1000, 3000]}, r"model mine, candidate 2 of tune: settings: center_len = 3000 is more than"),
        ({"pool_bins": [1, 3]}, r"model mine, candidate 2 of tune: settings: pool_bins = 3 does not divide the 2000"),
        ({"epochs": [1, 2]}, r"model mine, candidate 1 of tune: training: give one of steps and epochs"),
    ],
)  # fmt: skip
def test_settings_that_one_candidate_would_fail_on(tmp_path, monkeypatch, tune, message):
    with pytest.raises(ValueError, match=message):
        plan(tmp_path, monkeypatch, tune)


def test_a_transform_that_there_is_not(tmp_path, monkeypatch):
    with pytest.raises(
        ValueError, match="candidate 2 of tune: settings: transform = 'log2' is not one of none"
    ):
        plan(tmp_path, monkeypatch, {"transform": ["none", "log2"]}, architecture="ridge", training={})


def test_peaks_are_planned_where_a_candidate_masks_by_them(tmp_path, monkeypatch):
    made = plan(tmp_path, monkeypatch, {"input_mask": [None, "peaks"]})
    assert made.entries["mine"].masks_by_peaks
    assert not made.entries["plain"].masks_by_peaks

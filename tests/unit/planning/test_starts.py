"""`start_from` as it is planned: which trainings it takes, which files, and what is refused before any job."""

from __future__ import annotations

import pytest
import yaml

from workflow_scripts.planning.checks.local_files import absent_files
from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.starts import checkpoint_of, own_file

TRAINING = {"steps": 10, "batch_size": 4}
BASE = {"architecture": "caduceus_signals", "length": 2000, "training": TRAINING}
RELEASED = {
    "checkpoint": {"address": "https://example.org/w.ckpt", "md5": "a" * 32},
    "architecture": "caduceus_signals",
    "length": 2000,
    "signals": ["H3K27ac", "DNase", "contacts"],
    "rna_features": [],
}


def plan(tmp_path, monkeypatch, start_from, models=("warm",), entries=None, **warm):
    """The plan of an entry with `start_from`, of the bundled configuration's cell types."""
    monkeypatch.chdir(tmp_path)
    made = {"base": BASE, "warm": BASE | warm | {"start_from": start_from}} | (entries or {})
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"models": made}))
    run = {"cell_types": ["K562"], "models": list(models), "folds": [11], "seeds": [2]}
    return make_plan({"models": "mine.yaml", "run": run, "released": {"theirs": RELEASED}})


def test_the_run_that_it_starts_from_is_trained_though_nobody_asked_for_it(tmp_path, monkeypatch):
    made = plan(tmp_path, monkeypatch, {"run": "base"})
    assert made.starts == [("K562", "base")]
    assert made.models_of("caduceus_signals") == ["warm", "base"]
    assert [each.model for each in made.trainings()] == ["warm"]
    told = made.entries["warm"].start_from
    assert checkpoint_of(told, "K562", "11", 22) == "results/runs/K562/base/fold11/seed22/best.ckpt"
    assert own_file(told) is None


def test_of_another_cell_type_and_through_several_entries(tmp_path, monkeypatch):
    second = BASE | {"start_from": {"run": "base", "cell_type": "GM12878"}}
    made = plan(tmp_path, monkeypatch, {"run": "second"}, entries={"second": second})
    assert made.starts == [("K562", "second"), ("GM12878", "base")]
    assert made.cell_types_asked == ["K562", "GM12878"]
    path = checkpoint_of(second["start_from"], "K562", "11", 2)
    assert path == "results/runs/GM12878/base/fold11/seed2/best.ckpt"


def test_a_released_one_and_one_of_the_users_own(tmp_path, monkeypatch):
    told = plan(tmp_path, monkeypatch, {"released": "theirs"}).entries["warm"].start_from
    assert checkpoint_of(told, "K562", "11", 2) == "results/released/theirs.ckpt"
    made = plan(tmp_path, monkeypatch, {"checkpoint": "in/best.ckpt"})
    assert own_file(made.entries["warm"].start_from) == "in/best.ckpt"
    assert checkpoint_of(made.entries["warm"].start_from, "K562", "11", 2) is None
    named = "config: model warm: start_from.checkpoint = 'in/best.ckpt': no such file"
    assert any(line.startswith(named) for line in absent_files(made, lambda path: False))
    assert not any("start_from" in line for line in absent_files(made, lambda path: path == "in/best.ckpt"))


def test_where_it_starts_is_part_of_the_entry_and_nothing_where_it_does_not(tmp_path, monkeypatch):
    made = plan(tmp_path, monkeypatch, {"run": "base"})
    assert '"start_from": {"run": "base"}' in made.entries["warm"].canonical()
    assert "start_from" not in made.entries["base"].canonical()


REFUSED = [
    ({"run": "bass"}, {}, r"model warm: start_from\.run: 'bass' is in no table; .*did you mean 'base'\?"),
    ({"run": "base", "cell_type": "K526"}, {}, r"start_from\.cell_type: 'K526' is in no table; .*'K562'\?"),
    ({"run": "base", "cell_type": "H1"}, {}, r"start_from: H1 has no label"),
    ({"released": "their"}, {}, r"start_from\.released: 'their' is not in the configuration; .*'theirs'\?"),
    ({"released": "theirs"}, {"signals": ["DNase"]}, r"reads the signals DNase, and the released theirs H3K27ac, "),
    ({"run": "other"}, {}, r"the entry other is of architecture prism and this entry of caduceus_signals"),
    ({"run": "warm"}, {}, r"start_from goes round \(warm from warm\)"),
    ({"run": "floor"}, {"architecture": "ridge", "training": {}}, r"ridge is solved and starts from nothing"),
    ({"run": "base", "released": "theirs"}, {}, r"\{released: theirs, run: base\}: give one of run, "),
    ({"checkpoint": "a.ckpt", "cell_type": "K562"}, {}, r"cell_type goes with run only"),
    ({"checkpoint": "https://example.org/a.ckpt"}, {}, r"'https://example.org/a.ckpt' is no path of this machine"),
    ({"checkpont": "a.ckpt"}, {}, r"start_from: unknown key 'checkpont'; did you mean 'checkpoint'"),
    ({}, {}, r"start_from = \{\}: \{\} should be non-empty"),
]  # fmt: skip


@pytest.mark.parametrize(("start_from", "warm", "message"), REFUSED)
def test_what_is_refused_before_any_job(tmp_path, monkeypatch, start_from, warm, message):
    others = {"other": BASE | {"architecture": "prism"}, "floor": {"architecture": "ridge", "length": 2000}}
    with pytest.raises(ValueError, match=message):
        plan(tmp_path, monkeypatch, start_from, entries=others, **warm)

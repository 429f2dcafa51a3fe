"""Settings of entries and of released checkpoints that are refused before any job."""

from __future__ import annotations

import csv
import subprocess
import sys

import pytest
import yaml

from prism.compute.malloc import ROOM
from prism.models.catalogue import traits
from prism.models.memory import training_bytes
from workflow_scripts.planning.compose import make_plan
from workflow_scripts.planning.tables.models import prediction_mb, read_models, training_mb
from workflow_scripts.planning.tables.paths import COST_TABLE
from workflow_scripts.planning.terminal.announcement import warm_up_lines

TRAINING = {"steps": 10, "batch_size": 4}


def entry(architecture="caduceus", length=2000, training=TRAINING, **settings):
    return {"architecture": architecture, "length": length, "training": training, "settings": settings}


def plan(tmp_path, monkeypatch, given, **config):
    """The plan of one entry of the bundled configuration's cell types."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"models": {"mine": given, "fine": entry()}}))
    chosen = {"cell_types": ["K562"], "models": ["mine"], "folds": [11], "seeds": [2]}
    return make_plan({"models": "mine.yaml", "run": chosen} | config)


REFUSED = [
    (entry(d_modle=64), r"config: model mine: settings: unknown key 'd_modle'; did you mean 'd_model'"),
    (entry("ridge", width=3), r"model mine: settings: unknown key 'width'; ridge takes "),
    (entry(length=2000, n_signals=2), r"model mine: settings: unknown key 'n_signals'"),
    (
        entry(training={"batch_size": 4}),
        r"config: model mine: training: give one of steps and epochs \(steps=None, epochs=None\)",
    ),
    (entry(training={"steps": 1, "epochs": 1}), r"model mine: training: give one of steps and epochs"),
    (entry("prism", context="none"), r"mine: settings: context = 'none' is not one of learned, random, shuffled"),
    (entry("caduceus_signals", input_mask="all"), r"settings: input_mask = 'all' is not one of null, peaks"),
    (entry("mamba", stem={"size": 30}), r"mine: settings: stem of size 30: the window of .* take size 25 or 40"),
    (entry("prism", stem="conv"), r"model mine: settings: setting stem='conv' must be null or"),
    (entry(pool_bins=7, stem={"size": 20}), r"mine: settings: pool_bins = 7 does not divide the 100 tokens"),
    (entry("ridge", pool_bins=10), r"settings: unknown key 'pool_bins'; ridge takes "),
    (entry("enformer", crop_length=2048), r"mine: settings: crop_length = 2048 is more than the window of 2000"),
    (entry("enformer"), r"mine: settings: crop_length = 196608 is more than the window of 2000 bp"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_settings_that_a_training_would_refuse(tmp_path, monkeypatch, given, message):
    with pytest.raises(ValueError, match=message):
        plan(tmp_path, monkeypatch, given)


PRIORS = {"H3K27ac": [2.0, 1.5], "DNase": [2.0, 0.2], "contacts": [1.0, 1.0], "ATAC": [1.0, 1.0]}


def test_every_signal_of_a_learned_mask_has_a_prior(tmp_path, monkeypatch):
    plan(tmp_path, monkeypatch, entry("seq2exp_soft", signal_priors={"DNase": [1.0, 1.0]}))
    unused = r"model mine \(seq2exp_hard\): settings.signal_priors names ATAC, and the model reads H3K27ac, DNase, "
    with pytest.raises(ValueError, match=unused):
        plan(tmp_path, monkeypatch, entry("seq2exp_hard", signal_priors=PRIORS))
    table = tmp_path / "cell_types.tsv"
    table.write_text("cell_type\tassembly\tlabel\tlabel_kind\tATAC\nmine\thg38\tcage.bw\tbigwig\tatac.bw\n")
    chosen = {"cell_types": ["mine"], "models": ["mine"], "folds": [11], "seeds": [2]}
    missing = r"model mine \(seq2exp_soft\): no prior for signal ATAC; give settings.signal_priors"
    with pytest.raises(ValueError, match=missing):
        plan(tmp_path, monkeypatch, entry("seq2exp_soft"), cell_types=str(table), run=chosen)


def test_an_entry_that_nothing_uses_may_be_unfinished(tmp_path, monkeypatch):
    chosen = {"cell_types": ["K562"], "models": ["fine"], "folds": [11], "seeds": [2]}
    plan(tmp_path, monkeypatch, entry(d_modle=64), run=chosen)
    monkeypatch.setenv("FOURDN_KEY_ID", "id")
    monkeypatch.setenv("FOURDN_KEY_SECRET", "secret")
    used = {"H1": ["K562.mine.fold11.seed2"]}
    with pytest.raises(ValueError, match=r"model mine: settings: unknown key 'd_modle'"):
        plan(tmp_path, monkeypatch, entry(d_modle=64), run=chosen, predictions=used)


def test_a_closed_form_needs_no_steps(tmp_path, monkeypatch):
    assert len(plan(tmp_path, monkeypatch, {"architecture": "ridge", "length": 2000}).trainings()) == 1


def test_settings_of_a_released_checkpoint(tmp_path, monkeypatch):
    theirs = {
        "checkpoint": {"address": "weights.ckpt", "md5": "a" * 32},
        "architecture": "prism",
        "settings": {"centre_len": 2000},
        "signals": [],
        "rna_features": [],
        "length": 2000,
    }
    with pytest.raises(
        ValueError, match=r"config: released\.theirs: settings: unknown key 'centre_len'; did you"
    ):
        plan(tmp_path, monkeypatch, entry(), released={"theirs": theirs})


def test_a_warm_up_that_outlasts_the_training_is_told_and_not_refused(tmp_path, monkeypatch):
    (line,) = warm_up_lines(plan(tmp_path, monkeypatch, entry()))
    assert line.startswith("Model mine: warning: warmup_steps 5,000 in a training of 10 steps")
    for given in (
        entry(training=TRAINING | {"warmup_steps": 9}),
        entry(training={"epochs": 1}),
        {"architecture": "ridge", "length": 2000},
    ):
        assert warm_up_lines(plan(tmp_path, monkeypatch, given)) == []


def test_planning_does_not_import_torch(root):
    asked = "import sys; from workflow_scripts.planning.compose import make_plan; make_plan({}); "
    asked += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], cwd=root, check=False).returncode == 0


@pytest.mark.parametrize(
    ("name", "length", "trains", "predicts"),
    [
        ("prism", 2_000, 5_000, 3_000), ("prism", 500, 5_000, 3_000), ("prism", 6_000, 15_000, 8_000),
        ("prism", 20_000, 24_000, 8_000), ("caduceus", 2_000, 4_000, 3_000), ("caduceus", 200_000, 16_000, 8_000),
        ("epinformer", 2_000, 16_000, 8_000), ("enformer", 196_608, 24_000, 8_000),
    ],
)  # fmt: skip
def test_memory_by_architecture_and_window(name, length, trains, predicts):
    assert (training_mb(traits(name), length), prediction_mb(traits(name), length)) == (trains, predicts)


def test_declared_memory_leaves_room_for_what_was_measured_and_for_kept_memory(root):
    rows = [line for line in COST_TABLE.read_text().splitlines() if not line.startswith("#")]
    rows = [row for row in csv.DictReader(rows, delimiter="\t") if row["device"].startswith("cpu")]
    entries = read_models([root / "config" / "models.yaml"])
    known = [row for row in rows if row["outcome"] == "done" and row["entry"] in entries]
    assert len(known) >= 15
    loaded = 0.4  # GB of the program, which the table leaves out
    for row in known:
        assert entries[row["entry"]].training_mb * 2**20 > 1.2e9 * (float(row["memory_gb"]) + loaded), row
        each = entries[row["entry"]]
        if each.architecture not in ("epinformer", "enformer"):  # which cannot keep what they free
            sizes = (each.length, int(row["genes_at_once"]), int(row["parameters"]))
            need = training_bytes(each.architecture, each.settings, *sizes)
            assert each.training_mb * 2**20 > ROOM * need, row

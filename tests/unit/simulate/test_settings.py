"""Settings of the simulation: their defaults, what is refused, and what its script says of it."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from prism.simulate import Settings
from workflow_scripts import cli
from workflow_scripts.inputs.simulate import main


def test_defaults_are_the_demo_s_folds(root):
    table = pd.read_csv(root / "config" / "demo" / "folds.tsv", sep="\t")
    pd.testing.assert_frame_equal(table, Settings.read({}).folds(), check_dtype=False)
    assert list(table["split"]) == ["train"] * 6 + ["valid", "test"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sed": 1}, "unknown settings.*sed.*known ones.*seed"),
        ({"seed": 1.5}, "seed = 1.5; give a whole number"),
        ({"seed": True}, "seed = True"),
        ({"seed": -1}, "seed = -1"),
        ({"cell_types": "simA"}, "cell_types = 'simA'; give a list"),
        ({"cell_types": []}, "one or more"),
        ({"cell_types": ["a", "a"]}, "different names"),
        ({"cell_types": ["../a"]}, "names a folder"),
        ({"confounding": 1.1}, "confounding = 1.1"),
        ({"noise": -0.1}, "noise = -0.1"),
        ({"mean_expression": 9}, "mean_expression = 9"),
        ({"n_chromosomes": 2}, "leaves no training chromosome"),
        ({"chromosome_length": 100_000}, "give at least 840000 bp"),
        ({"confounding": float("nan")}, "confounding = nan"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        Settings.read(settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [('{"seed": "x"}', "seed = 'x'; give a whole number"), ("{seed}", "not JSON"), ("[1]", "JSON object")],
)
def test_script_says_what_is_wrong(settings, message, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["simulate", "--settings", settings, "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as stopped:
        cli.run(main)
    printed = capsys.readouterr().err
    assert stopped.value.code == 1
    assert printed.startswith("error: ")
    assert message in printed
    assert len(printed.splitlines()) == 1
    assert not list(tmp_path.iterdir())

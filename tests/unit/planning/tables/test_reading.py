"""Orientation and scaling of gene features in an entry: values, and the text that decides about trainings."""

from __future__ import annotations

import json

import pytest
import yaml

from workflow_scripts.planning.tables.models import read_models

PLAIN = {"architecture": "ridge", "length": 2000}


def entry(tmp_path, **given):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"models": {"mine": PLAIN | given}}))
    return read_models([tmp_path / "mine.yaml"])["mine"]


def test_an_entry_at_the_defaults_has_the_text_that_it_had_before(tmp_path):
    said = entry(tmp_path, orientation="plus", scale_features="none")
    assert said.canonical() == entry(tmp_path).canonical()
    assert said.canonical() == (
        '{"architecture": "ridge", "length": 2000, "rna_features": true, "settings": {}, "signals": null, '
        '"training": {}}'
    )
    assert (said.orientation, said.scale_features) == ("plus", "none")


@pytest.mark.parametrize(("key", "value"), [("orientation", "gene"), ("scale_features", "zscore")])
def test_another_value_is_another_training(tmp_path, key, value):
    other = entry(tmp_path, **{key: value})
    assert getattr(other, key) == value
    assert json.loads(other.canonical()) == json.loads(entry(tmp_path).canonical()) | {key: value}


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("orientation", "minus", r"orientation.*'minus'.*plus.*gene"),
        ("orientation", None, r"orientation"),
        ("scale_features", True, r"scale_features"),
        ("scale_feature", "zscore", r"scale_feature"),
    ],
)
def test_other_values_and_names_are_refused(tmp_path, key, value, told):
    with pytest.raises(ValueError, match=told) as error:
        entry(tmp_path, **{key: value})
    assert "models.mine" in str(error.value)
    print(error.value)

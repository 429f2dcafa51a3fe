"""What YAML chooses in silence is refused: numbers to other bases, keys that are no text, two merges in one."""

from __future__ import annotations

import pytest

from workflow_scripts.planning.tables.strict_yaml import load
from workflow_scripts.planning.tables.validation import check, read_schema


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nseeds: [010]\n", r"line 2: YAML reads 010 as 8; write 8 if that is meant, '010' with quot"),
        ("folds: [-07]\n", "YAML reads -07 as -7"),
        ("seeds: [1:30]\n", "YAML reads 1:30 as 90"),
        ("cutoff: 1:30.5\n", "YAML reads 1:30.5 as 90.5"),
        ("x: {<<: {a: 1}, <<: {a: 2}}\n", "the key '<<' stands twice"),
    ],
)
def test_what_reads_otherwise_than_it_looks_is_refused(tmp_path, text, message):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ValueError, match=f"c.yaml: .*{message}"):
        load(tmp_path / "c.yaml")


def test_numbers_that_are_what_they_look_like(tmp_path):
    (tmp_path / "c.yaml").write_text("[0, 10, 2_000, 0x10, -3, 5.0e-4, 0.05, 1.0, '010', '1:30']\n")
    assert load(tmp_path / "c.yaml") == [0, 10, 2000, 16, -3, 0.0005, 0.05, 1.0, "010", "1:30"]


@pytest.mark.parametrize(
    ("key", "shown"),
    [(38, "38"), (True, "True"), (None, "None"), (1.1, "1.1")],  # hg38: 38, yes, ~, 1.10
)
@pytest.mark.parametrize("place", ["assemblies", "released", "predictions"])
def test_a_key_that_yaml_takes_for_something_else_is_named(place, key, shown):
    with pytest.raises(ValueError, match=rf"c: {place}: the key {shown} is not a text; write it with quot"):
        check({place: {key: {}}}, read_schema("config"), "c")


@pytest.mark.parametrize("value", [True, None, 123])
def test_a_name_that_yaml_takes_for_something_else_has_its_fix(value):
    with pytest.raises(ValueError, match=rf"run.cell_types.0 = {value}: .*quotation marks"):
        check({"run": {"cell_types": [value]}}, read_schema("config"), "c")

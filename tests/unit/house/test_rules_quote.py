"""Every value that a rule puts into a shell command is quoted there."""

from __future__ import annotations

import re

import pytest

FIELDS = re.compile(r"(?<!\{)\{([^{}]+)\}(?!\})")


def commands(text: str) -> list[str]:
    """The shell commands of a file of rules: the lines of strings below each `shell:`."""
    return re.findall(r"^ +shell:\n((?:\s+\".*\"\n)+)", text + "\n", re.MULTILINE)


def test_each_value_of_each_command_has_q(root):
    found, bare = 0, []
    for path in sorted((root / "rules").glob("*.smk")):
        text = path.read_text()
        assert len(commands(text)) == len(re.findall(r"^\s+shell:", text, re.MULTILINE)), path
        for command in commands(text):
            found += len(FIELDS.findall(command))
            bare += [f"{path.name}: {field}" for field in FIELDS.findall(command) if not field.endswith(":q")]
    assert bare == []
    assert found > 100


@pytest.mark.parametrize("field", ["{input}", "{params.options}", "{wildcards.fold}"])
def test_a_bare_value_is_found(field):
    (command,) = commands(f'    shell:\n        "cat"\n        " {field} > {{log:q}}"\n')
    assert [each for each in FIELDS.findall(command) if not each.endswith(":q")] == [field[1:-1]]

"""The tests' own house: rooms as in the code, fixtures in conftest.py, and no test file that imports another."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TESTS = ROOT / "tests"
FILES = sorted(TESTS.rglob("test_*.py"))
# Rooms of tests/unit whose code is no folder of `prism`: where it is.
ELSEWHERE = {
    "benchmarks": "benchmarks",
    "house": "",  # of the repository itself
    "planning": "workflow_scripts/planning",
    "scripts": "workflow_scripts",
}


def imported(source: str) -> set[str]:
    """Names of all modules that a file imports, also inside functions and as names from a package."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def of_tests(source: str) -> list[str]:
    """The test files and conftest files among what a file imports."""
    names = [name for name in imported(source) if name.startswith("tests.")]
    return sorted(
        name for name in names if any(part.startswith(("test_", "conftest")) for part in name.split("."))
    )


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from tests.unit.training.test_fit import train", "tests.unit.training.test_fit"),
        ("def run():\n    from tests.unit.training import test_fit", "tests.unit.training.test_fit"),
        ("import tests.unit.conftest as shared", "tests.unit.conftest"),
        ("from tests.unit.training.tiny_training import paths_in", None),
    ],
)
def test_an_import_of_a_test_file_is_found_wherever_it_stands(source, found):
    assert (found in of_tests(source)) if found else of_tests(source) == []


def test_no_file_imports_a_test_file_or_a_conftest():
    """What several tests need is a fixture in the conftest.py of their room, or a module named for what it is."""
    assert len(FILES) > 100
    files = [*TESTS.rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    found = {str(path.relative_to(ROOT)): of_tests(path.read_text()) for path in files}
    assert {name: names for name, names in found.items() if names} == {}


def test_every_file_says_what_it_shows_and_stays_short():
    undocumented = [str(path) for path in FILES if not ast.get_docstring(ast.parse(path.read_text()))]
    assert undocumented == []
    assert [str(path) for path in FILES if len(path.read_text().splitlines()) > 300] == []


def test_rooms_are_those_of_the_code():
    rooms = [path.parent.relative_to(TESTS / "unit") for path in (TESTS / "unit").rglob("test_*.py")]
    homes = {
        room: ROOT.joinpath(ELSEWHERE.get(room.parts[0], f"prism/{room.parts[0]}"), *room.parts[1:])
        for room in rooms
        if room.parts
    }
    assert [str(room) for room, home in homes.items() if not home.is_dir()] == []

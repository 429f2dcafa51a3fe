"""Imports inside the package go one way: a room reads those above it in `ROOMS`, never those below."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# From the ground up; rooms on one line do not know each other.
ROOMS = (
    ("prism.files",),
    ("prism.jobs",),
    ("prism.scores",),
    ("prism.fetch",),
    ("prism.genome.coordinates", "prism.genome.batch"),
    ("prism.genome.tracks",),
    ("prism.genome.genes",),
    ("prism.genome.elements",),
    ("prism.genome.dataset",),
    ("prism.ops",),
    ("prism.models",),
    ("prism.protocol",),
    ("prism.compute",),
    ("prism.runs",),
    ("prism.inference",),
    ("prism.training",),
    ("prism.evaluation",),
    ("prism.drawing",),
    ("prism.quality", "prism.explain", "prism.tokens", "prism.simulate"),
    ("prism.figures",),
)
LEVEL = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}


def modules() -> dict[str, Path]:
    """Every module of the package, with its file."""
    found = {}
    for path in sorted((ROOT / "prism").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def room_of(module: str) -> str | None:
    """The room that a module is in; None for `prism` itself and for folders that only hold rooms."""
    return next((room for room in LEVEL if module == room or module.startswith(f"{room}.")), None)


def imported(path: Path, known: set[str]) -> set[str]:
    """Modules of the package that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found.add(name if name in known else node.module)
    return found & known


def test_every_module_is_in_a_room():
    ground = {"prism", "prism.genome"}
    assert [name for name in modules() if room_of(name) is None and name not in ground] == []


@pytest.mark.parametrize("room", LEVEL)
def test_a_room_reads_only_rooms_above_it(room):
    known = modules()
    wrong = []
    for name, path in known.items():
        if room_of(name) != room:
            continue
        for other in sorted(imported(path, set(known))):
            there = room_of(other)
            if there not in (None, room) and LEVEL[there] >= LEVEL[room]:
                wrong.append(f"{name} imports {other}")
    assert wrong == []

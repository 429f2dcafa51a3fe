"""Imports go one way: a room of the package reads those above it in `ROOMS`, never those below; so within planning."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# From the ground up; rooms on one line do not know each other.
ROOMS = (
    ("prism.files",),
    ("prism.jobs",),
    ("prism.scores",),
    ("prism.fetch",),
    ("prism.genome.coordinates", "prism.genome.batch", "prism.genome.reading", "prism.genome.turning"),
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
    ("prism.quality", "prism.simulate", "prism.tokens"),
    ("prism.figures",),
    ("prism.api",),
)
# The modules of workflow_scripts.planning, likewise.
PLANNING = (
    ("tables.patterns", "tables.names", "tables.strict_yaml", "secrets", "checks.local_content"),
    ("checkout", "tables.paths", "tables.validation", "tables.checksums"),
    ("tables.configuration",),
    ("tables.tuning",),
    ("requests", "tables.models", "tables.cell_types", "tables.folds"),
    ("tables.released", "tables.tokens"),
    ("downloads", "checks.model_settings", "starts"),
    ("checks.name_clashes",),
    ("plan",),
    ("needs", "checks.data", "checks.joint"),
    ("checks.training", "checks.predictions", "checks.tokens"),
    ("compose",),
    ("data_files", "trials"),
    (
        "files",
        "checks.local_files",
        "terminal.sizes",
        "terminal.training_costs",
        "terminal.token_hours",
        "tuning",
    ),
    ("prediction_files", "terminal.announcement"),
    ("transfers", "token_files"),
    ("terminal.end_report", "terminal.lost_genes"),
)
HEAVY = {"torch", "pytorch_lightning", "lightning", "h5py", "numba", "matplotlib", "snakemake"}
LEVEL = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}


def modules(package: str = "prism") -> dict[str, Path]:
    """Every module of a package, with its file."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def room_of(module: str) -> str | None:
    """The room that a module is in; None for `prism` itself and for folders that only hold rooms."""
    return next((room for room in LEVEL if module == room or module.startswith(f"{room}.")), None)


def imported(path: Path, known: set[str]) -> set[str]:
    """Those of the modules `known` that a file imports, also inside functions and under TYPE_CHECKING."""
    return names_in(ast.walk(ast.parse(path.read_text())), known) & known


def names_in(nodes: Iterable[ast.AST], known: set[str]) -> set[str]:
    """What import statements name: modules `known`, and of others whatever stands after `import` or `from`."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found.add(name if name in known else node.module)
    return found


def test_every_room_is_there():
    assert [
        room for room in LEVEL if not any(name == room or name.startswith(f"{room}.") for name in modules())
    ] == []


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


def test_planning_reads_upwards_only():
    known = modules("workflow_scripts")
    planning = {
        name: path
        for name, path in known.items()
        if name.startswith("workflow_scripts.planning.") and path.name != "__init__.py"
    }
    level = {f"workflow_scripts.planning.{name}": n for n, names in enumerate(PLANNING) for name in names}
    assert sorted(planning) == sorted(level)
    wrong = [
        f"{name} imports {other}"
        for name, path in planning.items()
        for other in sorted(imported(path, set(known)))
        if level.get(other, len(PLANNING)) >= level[name]
    ]
    assert wrong == []


def test_planning_loads_nothing_heavy():
    """Followed through the package: what a module imports outside its functions, and all that planning imports."""
    known = modules("workflow_scripts") | modules()
    waiting = [name for name in known if name.startswith("workflow_scripts.planning")]
    why = dict.fromkeys(waiting, "planning")
    wrong = []
    while waiting:
        name = waiting.pop()
        body = ast.parse(known[name].read_text())
        nodes = ast.walk(body) if name.startswith("workflow_scripts") else body.body
        for other in sorted(names_in(nodes, set(known))):
            if other.split(".")[0] in HEAVY:
                wrong.append(f"{name} (imported by {why[name]}) imports {other}")
            parts = other.split(".")
            packages = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
            fresh = [each for each in packages if each in known and each not in why]
            why |= dict.fromkeys(fresh, name)
            waiting += fresh
    assert "prism.genome.dataset.folds" in why
    assert wrong == []

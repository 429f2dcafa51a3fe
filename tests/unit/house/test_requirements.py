"""The project asks for the same packages everywhere, for each with a reason, and installs as the package `prism`."""

from __future__ import annotations

import importlib.metadata as metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.unit.house.environments import canonical, imports_of

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("prism", "workflow_scripts", "tests", "benchmarks", "docs_tools")
PYTHONS = ("3.11", "3.12", "3.13")
# Asked for, and imported by no code of ours.
NOT_IMPORTED = {
    "pygments": "colours the code in Snakemake's report, which asks for it only as an extra",
    "snakemake-executor-plugin-slurm": "a plugin that Snakemake finds by name: profiles/slurm",
    "pytest-xdist": "a plugin that pytest finds by name: make test",
    "ruff": "a command: make lint",
    "snakefmt": "a command: make lint",
}


def requirements(name: str) -> dict[str, Requirement]:
    """The lines of a requirements file by canonical name."""
    lines = (line.strip() for line in (ROOT / name).read_text().splitlines())
    asked = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonical(each.name): each for each in asked}


def pinned(name: str) -> dict[str, str]:
    """canonical name -> version of a requirements file."""
    return {key: str(each.specifier).removeprefix("==") for key, each in requirements(name).items()}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def ranges() -> list[Requirement]:
    """What pyproject asks for, with all extras."""
    extras = project()["optional-dependencies"].values()
    return [Requirement(text) for texts in (project()["dependencies"], *extras) for text in texts]


def sources() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


def imported() -> set[str]:
    """Top-level modules that any code of the project imports."""
    return {name.split(".")[0] for path in sources() for name in imports_of(path)}


def test_pyproject_and_pins_name_the_same_packages():
    assert {canonical(each.name) for each in ranges()} == set(pinned("requirements.in"))


@pytest.mark.parametrize("wanted", ranges(), ids=str)
def test_a_pin_is_inside_its_range(wanted):
    assert wanted.specifier.contains(pinned("requirements.in")[canonical(wanted.name)])
    bounds = {each.operator for each in wanted.specifier}
    assert bounds == {">=", "<"}, f"{wanted}: a range with both ends"


def test_a_package_has_one_range():
    by_name: dict[str, set[str]] = {}
    for each in ranges():
        by_name.setdefault(canonical(each.name), set()).add(str(each.specifier))
    assert {name: found for name, found in by_name.items() if len(found) > 1} == {}


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-enformer.txt"])
def test_the_locks_hold_the_pins(lock):
    locked, asked = pinned(lock), pinned("requirements.in")
    both = asked.keys() & locked.keys()
    if lock == "requirements-enformer.txt":
        # there only because pytest asks for it; and the versions that enformer-pytorch pins
        both -= {"pygments", "transformers", "safetensors"}
    assert {name: locked[name] for name in both} == {name: asked[name] for name in both}
    if lock == "requirements.txt":
        assert set(asked) <= set(locked)


def test_the_lock_holds_nothing_that_no_pin_requires():
    todo, needed = list(requirements("requirements.in").values()), set()
    while todo:
        asked = todo.pop()
        name = canonical(asked.name)
        if (name, tuple(sorted(asked.extras))) in needed:
            continue
        needed.add((name, tuple(sorted(asked.extras))))
        for required in map(Requirement, metadata.requires(name) or []):
            places = [
                {"extra": extra, "python_version": python}
                for extra in ("", *asked.extras)
                for python in PYTHONS
            ]
            if required.marker is None or any(map(required.marker.evaluate, places)):
                todo.append(required)
    assert set(pinned("requirements.txt")) <= {name for name, _ in needed}


def test_every_pin_is_imported_or_has_a_reason():
    modules, by_distribution = imported(), {}
    for module, distributions in metadata.packages_distributions().items():
        for distribution in distributions:
            by_distribution.setdefault(canonical(distribution), set()).add(module)
    unused = {name for name in pinned("requirements.in") if not by_distribution.get(name, set()) & modules}
    assert unused == set(NOT_IMPORTED)


def test_lightning_comes_as_one_package():
    """`lightning` holds a second copy of `pytorch_lightning` and pulls the first in, in any version."""
    assert "lightning" not in imported() | set(pinned("requirements.txt"))
    for path in [*(ROOT / "envs").glob("*.yaml"), *ROOT.glob("requirements*")]:
        assert not re.search(r"^[-\s]*lightning\b(?!-)", path.read_text(), flags=re.MULTILINE), path.name
    done = subprocess.run(
        [sys.executable, "-c", "import sys, prism.training.gradient; print('lightning' in sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"

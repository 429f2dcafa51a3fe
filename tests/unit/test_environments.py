"""Each rule's environment holds what its script imports, at the versions that the tests run with."""

from __future__ import annotations

import ast
import importlib.metadata as metadata
import re
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
# conda's name -> PyPI's, where they differ.
PYPI = {"pytorch": "torch", "matplotlib-base": "matplotlib", "pybigwig": "pyBigWig", "pyyaml": "PyYAML"}
OWN = ("prism", "workflow_scripts")


def pins(environment: Path) -> dict[str, str]:
    """PyPI name -> version of everything that an environment pins."""
    found = {}
    for line in yaml.safe_load(environment.read_text())["dependencies"]:
        for each in line["pip"] if isinstance(line, dict) else [line]:
            name, _, version = each.split("::")[-1].replace("==", "=").partition("=")
            found[PYPI.get(name, name)] = version
    return found


def uses() -> list[tuple[str, str]]:
    """(script, environment) of every rule; `use rule` blocks name no script of their own."""
    found = set()
    for file in (ROOT / "rules").glob("*.smk"):
        for rule in re.split(r"^(?=\s*(?:use )?rule )", file.read_text(), flags=re.MULTILINE):
            environment = re.search(r'"\.\./envs/(\w+)\.yaml"', rule)
            scripts = re.findall(r"workflow_scripts\.(\w+)", rule)
            if environment:
                found |= {(script, environment[1]) for script in scripts}
    return sorted(found)


def imports_of(path: Path) -> set[str]:
    """Modules that a file imports, also inside functions; not those for type checkers only."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def file_of(module: str) -> Path | None:
    path = ROOT / module.replace(".", "/")
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)


def third_party(script: str) -> set[str]:
    """Top-level modules from outside that a script reaches through this project's own code."""
    todo, seen, outside = [f"workflow_scripts.{script}"], set(), set()
    while todo:
        module = todo.pop()
        path = file_of(module)
        if path is None or module in seen:
            continue
        seen.add(module)
        for name in imports_of(path):
            top = name.split(".")[0]
            if top in OWN:
                parents = name.split(".")
                todo += [".".join(parents[: depth + 1]) for depth in range(len(parents))]
            elif top not in sys.stdlib_module_names:
                outside.add(top)
    return outside


def provided(names: set[str]) -> set[str]:
    """Top-level modules of distributions and of all that they require."""
    by_distribution: dict[str, set[str]] = {}
    for module, distributions in metadata.packages_distributions().items():
        for distribution in distributions:
            by_distribution.setdefault(canonical(distribution), set()).add(module)
    todo, seen, modules = [canonical(name) for name in names], set(), set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        modules |= by_distribution.get(name, set())
        try:
            required = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for requirement in map(Requirement, required):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                todo.append(canonical(requirement.name))
    return modules


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_rule_is_seen():
    assert {("train", "training"), ("windows", "data"), ("figure", "figures"), ("quality", "quality")} <= set(
        uses()
    )


@pytest.mark.parametrize(("script", "environment"), uses())
def test_environment_holds_what_the_script_imports(script, environment):
    missing = third_party(script) - provided(set(pins(ROOT / f"envs/{environment}.yaml")))
    assert not missing, f"envs/{environment}.yaml lacks {sorted(missing)}, which {script} imports"


@pytest.mark.parametrize("environment", sorted(path.name for path in (ROOT / "envs").glob("*.yaml")))
def test_every_package_is_pinned_as_in_the_lock(environment):
    locked = {}
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        name, separator, version = line.partition("==")
        if separator:
            locked[canonical(name)] = version
    separate = (
        environment == "enformer.yaml"
    )  # its library asks for older versions of some; tested on its own
    for name, version in pins(ROOT / "envs" / environment).items():
        if name == "pip":
            continue
        assert version, f"envs/{environment}: {name} is not pinned"
        if canonical(name) in locked and not separate:
            assert locked[canonical(name)] == version, name


def test_a_missing_package_is_noticed():
    """The check above can fail: without h5py the windows script is not served."""
    held = set(pins(ROOT / "envs/data.yaml"))
    assert not third_party("windows") - provided(held)
    assert "pyBigWig" in third_party("windows") - provided(held - {"pyBigWig", "pybedtools", "cooler"})

"""What the environment files pin, and what the rules that name them import."""

from __future__ import annotations

import ast
import importlib.metadata as metadata
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[3]
# conda's name -> PyPI's, where they differ.
PYPI = {"pytorch": "torch", "matplotlib-base": "matplotlib", "pybigwig": "pyBigWig", "pyyaml": "PyYAML"}
OWN = ("prism", "workflow_scripts")
FROM_CUDA = {"triton"}  # comes with the CUDA builds of pytorch, and is imported on a GPU alone


@dataclass(frozen=True)
class Pin:
    """One line of an environment file, or of its pip section (channel `pip`); no version where it is not exact."""

    channel: str
    name: str
    version: str | None


def lines(environment: Path) -> list[Pin]:
    """Everything that an environment file asks for."""
    found = []
    for line in yaml.safe_load(environment.read_text())["dependencies"]:
        if isinstance(line, dict):
            found += [_pin("pip", each, "==") for each in line["pip"]]
        else:
            channel, _, rest = line.rpartition("::")
            found.append(_pin(channel or "conda-forge", rest, "="))
    return found


def _pin(channel: str, text: str, separator: str) -> Pin:
    exact = re.fullmatch(rf"([A-Za-z0-9._-]+){separator}(\d[\w.]*)", text)
    return Pin(channel, *exact.groups()) if exact else Pin(channel, text, None)


def pins(environment: Path) -> dict[str, str | None]:
    """PyPI name -> version of everything that an environment pins."""
    return {PYPI.get(each.name, each.name): each.version for each in lines(environment)}


def uses() -> list[tuple[str, str]]:
    """(script, environment) of every rule; `use rule` blocks have the script of the rule that they use."""
    found, scripts_of = set(), {}
    for file in sorted((ROOT / "rules").glob("*.smk")):
        for rule in re.split(r"^(?=\s*(?:use )?rule )", file.read_text(), flags=re.MULTILINE):
            header = re.match(r"\s*(?:use )?rule (\w+)", rule)
            environment = re.search(r'"\.\./envs/(\w+)\.yaml"', rule)
            if header is None:
                continue
            scripts = scripts_of.setdefault(header[1], re.findall(r"workflow_scripts\.([\w.]+)", rule))
            if environment:
                found |= {(script, environment[1]) for script in scripts}
    return sorted(found)


def imports_of(path: Path) -> set[str]:
    """Modules that a file imports, also inside functions; not those for type checkers only, nor optional ones."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)) or is_optional(node)
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


def is_optional(node: ast.AST) -> bool:
    """Whether it tries to import what may be missing, and says what to do where it is."""
    handlers = node.handlers if isinstance(node, ast.Try) else []
    return any(each.type is not None and ast.unparse(each.type) == "ModuleNotFoundError" for each in handlers)


def file_of(module: str) -> Path | None:
    path = ROOT / module.replace(".", "/")
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)


def third_party(script: str) -> set[str]:
    """Top-level modules from outside that a script of a rule reaches."""
    return reached(f"workflow_scripts.{script}")


def reached(start: str) -> set[str]:
    """Top-level modules from outside that a module reaches through this project's own code."""
    todo, seen, outside = [start], set(), set()
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

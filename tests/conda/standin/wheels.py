"""Installed distributions that the stand-in channels are made of: those of .venv, and what envs/ pins beyond them."""

from __future__ import annotations

import importlib.metadata as metadata
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.requirements import Requirement


def canonical(name: str) -> str:
    """A distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def public(version: str) -> str:
    """`version` without its local part: 2.13.0+cpu -> 2.13.0."""
    return version.partition("+")[0]


class Wheels:
    """Distributions of `venv` and of `extras`, a virtual environment of the same interpreter, filled on demand."""

    def __init__(self, venv: Path, extras: Path, constraints: Iterable[Path]) -> None:
        self.python = venv / "bin/python"
        self.prefixes = [venv, extras]
        self.constraints = list(constraints)
        if not (extras / "bin/python").exists():
            subprocess.run([self.python, "-m", "venv", "--without-pip", extras], check=True)
        self._read()

    def _read(self) -> None:
        self.found: dict[str, list[tuple[Path, metadata.Distribution]]] = {}
        for prefix in self.prefixes:
            folder = next(prefix.glob("lib/python*/site-packages"))
            for each in metadata.distributions(path=[str(folder)]):
                self.found.setdefault(canonical(each.name), []).append((prefix, each))

    def install(self, requirements: list[str]) -> None:
        """Install into `extras` without dependencies. Raises CalledProcessError where pip cannot."""
        options = [option for file in self.constraints for option in ("--constraint", str(file))]
        command = [
            self.python,
            "-m",
            "pip",
            "--python",
            self.prefixes[1] / "bin/python",
            "install",
            "--quiet",
        ]
        subprocess.run(
            [*command, "--disable-pip-version-check", "--no-deps", *options, *requirements], check=True
        )
        self._read()

    def matching(self, requirement: Requirement) -> list[tuple[Path, metadata.Distribution]]:
        """(prefix, distribution) of all that satisfy `requirement`."""
        return [
            (prefix, each)
            for prefix, each in self.found.get(canonical(requirement.name), [])
            if requirement.specifier.contains(public(each.version), prereleases=True)
        ]

    def required(self, distribution: metadata.Distribution, extra: str = "") -> Iterator[Requirement]:
        """What a distribution requires here, the requirements of the extras that it asks of others among them."""
        for requirement in map(Requirement, distribution.requires or []):
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
                continue
            if extra and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
                continue
            yield requirement
            for each in requirement.extras:
                for _, other in self.matching(requirement):
                    yield from self.required(other, each)

    def closure(self, pins: list[Requirement]) -> list[tuple[Path, metadata.Distribution]]:
        """Distributions of `pins` and of all that they require; what is nowhere is installed into `extras`."""
        while True:
            chosen: dict[tuple[str, str], tuple[Path, metadata.Distribution]] = {}
            todo, missing = list(pins), set()
            while todo:
                requirement = todo.pop()
                found = self.matching(requirement)
                if not found:
                    missing.add(f"{requirement.name}{requirement.specifier}")
                for prefix, each in found:
                    key = canonical(each.name), each.version
                    if key not in chosen:
                        chosen[key] = prefix, each
                        todo += self.required(each)
            if not missing:
                return [chosen[key] for key in sorted(chosen)]
            self.install(sorted(missing))

"""Builds local conda channels that hold what envs/*.yaml pins, from .venv and from PyPI.

channel.py CHANNELS --clone CLONE --extras VENV: CHANNELS/<name>/<platform>/ for each channel that an environment names;
what .venv lacks is installed into VENV.
Their packages are not those of the real channels: see TESTING.md for what a deployment from them shows.
"""

from __future__ import annotations

import argparse
import base64
import csv
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml
from package import Package
from packaging.requirements import Requirement
from rattler import Platform
from wheels import Wheels, canonical, public

# conda's name -> PyPI's, where they differ.
PYPI = {"pytorch": "torch", "matplotlib-base": "matplotlib"}
BESIDE_PYPI = {"python", "bedtools"}
COMPILED_HERE = {"macs3"}  # no wheel on PyPI: may fail, and then the environment cannot be deployed


@dataclass(frozen=True)
class Pin:
    """One line of an environment file."""

    channel: str
    name: str
    version: str


def read_pins(files: list[Path]) -> set[Pin]:
    """Every conda package that the environment files pin; their pip sections are pip's own to install."""
    found = set()
    for file in files:
        for line in yaml.safe_load(file.read_text())["dependencies"]:
            if isinstance(line, str):
                channel, _, rest = line.rpartition("::")
                name, _, version = rest.partition("=")
                found.add(Pin(channel or "conda-forge", name, version))
    return found


def python_package(version: str, venv: Path) -> Package:
    """The interpreter of .venv, under the version that is asked for, as a link; pyvenv.cfg gives it its own prefix."""
    real = (venv / "bin/python").resolve()
    named = f"python{sys.version_info.major}.{sys.version_info.minor}"
    files = {"bin/python": str(real), "bin/python3": "python", f"bin/{named}": "python"}
    settings = f"home = {real.parent}\ninclude-system-site-packages = false\n"
    return Package("python", version, files=files | {"pyvenv.cfg": settings.encode()})


def wheel_package(name: str, prefix: Path, distribution, depends: list[str]) -> Package:
    """A distribution that is installed in the virtual environment `prefix`, as a conda package `name`."""
    package = Package(name, public(distribution.version), ["python", *depends])
    for line in csv.reader(distribution.read_text("RECORD").splitlines()):
        path = Path(str(distribution.locate_file(line[0]))).resolve()
        inside = PurePosixPath(path.relative_to(prefix.resolve())).as_posix()
        if not path.is_file():
            continue
        package.files[inside] = path
        if inside.startswith("bin/") and path.read_bytes()[:2] == b"#!":
            package.files[inside] = b"#!/usr/bin/env python\n" + path.read_bytes().partition(b"\n")[2]
        elif line[1].startswith("sha256="):
            checksum = line[1].removeprefix("sha256=")
            package.hashes[inside] = base64.urlsafe_b64decode(checksum + "=" * (-len(checksum) % 4)).hex()
    return package


def wheel_packages(pins: set[Pin], wheels: Wheels) -> list[Package]:
    """Packages of the pinned distributions and of all that they require, as their own metadata say."""
    names = {canonical(PYPI.get(pin.name, pin.name)): pin.name for pin in pins}
    wanted = [Requirement(f"{PYPI.get(pin.name, pin.name)}=={pin.version}") for pin in pins]
    packages = []
    for prefix, each in wheels.closure(wanted):
        depends = []
        for requirement in wheels.required(each):
            key = canonical(requirement.name)
            depends.append(f"{names.get(key, key)} {requirement.specifier}".strip())
        name = names.get(canonical(each.name), canonical(each.name))
        packages.append(wheel_package(name, prefix, each, sorted(set(depends))))
    return packages


def write_channels(folder: Path, packages: list[Package], channels: dict[str, str]) -> None:
    """Write packages and repodata.json; `channels`: pinned package -> channel, the others go to conda-forge."""
    platform = str(Platform.current())
    records: dict[str, dict] = {}
    for channel in {"conda-forge", *channels.values()}:
        for subdir in (platform, "noarch"):
            (folder / channel / subdir).mkdir(parents=True)
    for package in packages:
        channel = channels.get(package.name, "conda-forge")
        name, record = package.write(folder / channel / platform)
        records.setdefault(channel, {})[name] = record
    for channel in {"conda-forge", *channels.values()}:
        for subdir in (platform, "noarch"):
            listed = records.get(channel, {}) if subdir == platform else {}
            text = json.dumps({"info": {"subdir": subdir}, "packages": {}, "packages.conda": listed})
            (folder / channel / subdir / "repodata.json").write_text(text)


def build(folder: Path, clone: Path, extras: Path) -> None:
    """Build all channels into `folder`. `unavailable.json` says what could not be compiled."""
    pins = read_pins(sorted((clone / "envs").glob("*.yaml")))
    constraints = [clone / "requirements-enformer.txt", clone / "tests/conda/requirements.txt"]
    wheels = Wheels(clone / ".venv", extras, constraints)
    unavailable = {}
    for pin in [pin for pin in pins if pin.name in COMPILED_HERE]:
        try:
            wheels.closure([Requirement(f"{pin.name}=={pin.version}")])
        except subprocess.CalledProcessError as problem:
            unavailable[pin.name] = f"{pin.name} {pin.version} could not be compiled here: {problem}"
            pins.discard(pin)
    packages = wheel_packages({pin for pin in pins if pin.name not in BESIDE_PYPI}, wheels)
    for pin in pins:
        if pin.name == "python":
            packages.append(python_package(pin.version, clone / ".venv"))
        if pin.name == "bedtools":
            program = shutil.which("bedtools", path=f"{clone / '.venv/bin'}:{os.environ['PATH']}")
            packages.append(Package("bedtools", pin.version, files={"bin/bedtools": Path(program)}))
        if pin.name == "pytorch":
            packages.append(Package("pytorch", pin.version, ["__cuda"], build="cuda_standin", build_number=1))
    write_channels(folder, packages, {pin.name: pin.channel for pin in pins})
    (folder / "unavailable.json").write_text(json.dumps(unavailable))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("channels", type=Path)
    parser.add_argument("--clone", type=Path, required=True)
    parser.add_argument("--extras", type=Path, required=True)
    arguments = parser.parse_args()
    part = arguments.channels.with_name(arguments.channels.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    build(part, arguments.clone, arguments.extras)
    part.rename(arguments.channels)


if __name__ == "__main__":
    main()

"""The `conda` commands that Snakemake 9 calls, answered with py-rattler from local channels.

A channel that an environment file names is the folder of that name in $PRISM_CONDA_CHANNELS, so the files are used as
they are shipped. Solver and linker are rattler's; `conda info --json` says so. Unpacked packages are kept in
$PRISM_CONDA_PACKAGES.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import yaml
from rattler import MatchSpec, Platform, VirtualPackage, VirtualPackageOverrides, install, solve

VERSION = "24.7.1"  # the oldest whose commands Snakemake 9 takes
BASE = Path(__file__).resolve().parent


class RefusedError(Exception):
    """A command, a channel or a line that this stand-in does not know."""


def channel(name: str) -> str:
    """Address of the local channel `name`."""
    folder = Path(os.environ["PRISM_CONDA_CHANNELS"]) / name
    if not (folder / "noarch/repodata.json").is_file():
        raise RefusedError(f"channel {name}: no folder {folder}")
    return folder.as_uri()


def spec(line: str) -> MatchSpec:
    """An environment file's `name=version` or `channel::name=version`."""
    name, separator, rest = line.rpartition("::")
    return MatchSpec(f"{channel(name)}::{rest}" if separator else rest, strict=True)


async def choose(channels: list[str], specs: list[MatchSpec]) -> list:
    """Records of the packages that satisfy `specs` on this machine."""
    platforms = [str(Platform.current()), "noarch"]
    detected = VirtualPackage.detect(VirtualPackageOverrides.from_env())
    virtual = [each.into_generic() for each in detected]
    return await solve(channels, specs, platforms=platforms, virtual_packages=virtual)


async def deploy(channels: list[str], specs: list[MatchSpec], prefix: Path) -> None:
    """Solve and link into `prefix`."""
    records = await choose(channels, specs)
    await install(records, prefix, cache_dir=os.environ["PRISM_CONDA_PACKAGES"], show_progress=False)
    for each in records:
        print(f"  + {each.name.normalized} {each.version} {each.build}")


def create_from_environment(file: Path, prefix: Path, dry_run: bool) -> None:
    """`conda env create`: conda's packages, then those of the pip section by the environment's own pip."""
    environment = yaml.safe_load(file.read_text())
    channels = [channel(name) for name in environment["channels"] if name != "nodefaults"]
    lines = environment["dependencies"]
    specs = [spec(line) for line in lines if isinstance(line, str)]
    if dry_run:
        records = asyncio.run(choose(channels, specs))
        named = [f"{each.channel}::{each.name.normalized}=={each.version}={each.build}" for each in records]
        print(json.dumps({"dependencies": named}))
        return
    asyncio.run(deploy(channels, specs, prefix))
    wanted = [each for line in lines if isinstance(line, dict) for each in line["pip"]]
    if wanted:
        command = [prefix / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, *wanted], check=True)


def create_from_pins(file: Path, prefix: Path) -> None:
    """`conda create --file X.pin.txt`: the named builds, each from the channel of its address."""
    channels, specs = set(), []
    for line in file.read_text().splitlines():
        if not line.startswith("file://"):
            if line and line[0] not in "#@":
                raise RefusedError(f"{line}: only local packages here")
            continue
        folder, _, name = line.partition("#")[0].rpartition("/")
        name, version, build = name.removesuffix(".conda").rsplit("-", 2)
        channels.add(folder.rpartition("/")[0])
        specs.append(MatchSpec(f"{name} =={version} {build}", strict=True))
    asyncio.run(deploy(sorted(channels), specs, prefix))


def list_explicit(prefix: Path) -> None:
    """`conda list --explicit`: what a pin file holds."""
    print("@EXPLICIT")
    for file in sorted(prefix.glob("conda-meta/*.json")):
        print(json.loads(file.read_text())["url"])


def answer(command: list[str]) -> None:
    """Answer one command line. Raises RefusedError for one that Snakemake does not use."""
    parser = argparse.ArgumentParser(prog="conda")
    for name in ("--file", "--prefix"):
        parser.add_argument(name, type=Path)
    for name in ("--quiet", "--no-default-packages", "--yes", "--json", "--explicit", "--version", "--get"):
        parser.add_argument(name, action="store_true")
    for name in ("--dry-run", "--tarballs", "--packages", "-y"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("words", nargs="*")
    options = parser.parse_intermixed_args(command)
    match options.words:
        case [] if options.version:
            print(f"conda {VERSION}")
        case ["info"]:
            facts = {"conda_version": VERSION, "platform": str(Platform.current()), "standin": "py-rattler"}
            print(json.dumps(facts | {"conda_prefix": str(BASE)}))
        case ["config", "channel_priority"]:
            print(json.dumps({"get": {"channel_priority": "strict"}}))
        case ["env", "create"]:
            create_from_environment(options.file, options.prefix, options.dry_run)
        case ["create"]:
            create_from_pins(options.file, options.prefix)
        case ["clean"]:
            pass  # the channels and the unpacked packages are kept for the next run
        case ["list"] if options.explicit:
            list_explicit(options.prefix)
        case _:
            raise RefusedError(f"conda {' '.join(command)}: not a command that Snakemake uses")


if __name__ == "__main__":
    try:
        answer(sys.argv[1:])
    except RefusedError as problem:
        sys.exit(f"conda stand-in: {problem}")
    sys.stdout.flush()
    os._exit(0)  # rattler's threads may still hold Python's lock, which an ordinary end turns into an abort

"""A conda to deploy environments with, and clones of this project whose rules run in them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.workflow.project import Project

HERE = Path(__file__).resolve().parent
CLONED = ("Snakefile", "config", "envs", "prism", "profiles", "report", "rules", "workflow_scripts")
# Found in an environment or not at all: the system's own are out of sight.
FROM_ENVIRONMENTS = ("python", "pip", "bedtools", "macs3", "conda", "mamba")


@dataclass
class Conda:
    """`folder` holds the program `conda`, which needs `variables`; `unavailable`: package -> why it is not there."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)
    is_real: bool = True

    def environment(self, system: Path) -> dict[str, str]:
        """Variables to run with: conda and `system` on the PATH, nothing of the virtual environment of the tests."""
        kept = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
        return kept | self.variables | {"PATH": f"{self.folder}:{system}", "OMP_NUM_THREADS": "1"}


def link_system_programs(folder: Path) -> Path:
    """`folder` with a link to each program on the PATH but those that the environments bring."""
    folder.mkdir(parents=True)
    own = Path(sys.executable).parent
    for place in map(Path, os.environ["PATH"].split(":")):
        if place == own or not place.is_dir():
            continue
        for program in place.iterdir():
            link = folder / program.name
            hidden = program.name.startswith(FROM_ENVIRONMENTS) or not program.is_file()
            if not hidden and not link.is_symlink():
                link.symlink_to(program)
    return folder


def real_conda() -> Conda | None:
    """The conda on the PATH; Snakemake calls no other program (mamba, micromamba)."""
    program = shutil.which("conda")
    return Conda(Path(program).parent) if program else None


def standin_conda(root: Path) -> Conda:
    """py-rattler in .venv-conda, with channels built from .venv; kept until an environment or the lock changes."""
    home = root / ".venv-conda"
    sources = [root / "requirements.txt", root / "requirements-enformer.txt", HERE / "requirements.txt"]
    sources += sorted((root / "envs").glob("*.yaml")) + sorted((HERE / "standin").glob("*.py"))
    key = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    kept, python = home / f"standin-{key}", home / "bin/python"
    if not (kept / "channels").is_dir():
        for old in home.glob("standin-*"):
            shutil.rmtree(old)
        kept.mkdir()
        build = [python, HERE / "standin/channel.py", kept / "channels", "--clone", root]
        subprocess.run([*build, "--extras", home / "extras"], check=True)
    variables = {
        "PRISM_CONDA_PYTHON": str(python),
        "PRISM_CONDA_CHANNELS": str(kept / "channels"),
        "PRISM_CONDA_PACKAGES": str(kept / "packages"),
    }
    unavailable = json.loads((kept / "channels/unavailable.json").read_text())
    return Conda(HERE / "standin/bin", variables, unavailable, is_real=False)


def clone(root: Path, folder: Path) -> Path:
    """A copy of the project in `folder`, whose interpreters leave a record (see witness/)."""
    for name in CLONED:
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, folder / name)
    shutil.copy(HERE / "witness/sitecustomize.py", folder)
    return folder


@dataclass
class CondaProject(Project):
    """A working directory whose rules run in environments that `conda` deploys below `environments`."""

    conda: Conda
    system: Path
    environments: Path

    def snakemake(self, *arguments: str, succeeds: bool = True) -> str:
        """Run Snakemake with --use-conda on two cores; stdout and stderr together."""
        command = [sys.executable, "-m", "snakemake", "-s", str(self.workflow / "Snakefile")]
        command += ["--configfile", "config.yaml", "--cores", "2", "--use-conda"]
        command += ["--conda-prefix", str(self.environments), *arguments]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.conda.environment(self.system),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert (done.returncode == 0) == succeeds, done.stdout
        return done.stdout

    def interpreters(self) -> list[dict]:
        """What every Python that a rule started was; the environment's name beside its prefix."""
        lines = (self.workflow / "interpreters.jsonl").read_text().splitlines()
        return [each | {"environment": self.named(Path(each["prefix"]))} for each in map(json.loads, lines)]

    def named(self, prefix: Path) -> str | None:
        """Name of the environment at `prefix`: Snakemake keeps a copy of the file beside it."""
        copy = prefix.with_name(prefix.name + ".yaml")
        if not copy.is_file():
            return None
        files = (self.workflow / "envs").glob("*.yaml")
        return next((file.stem for file in files if file.read_bytes() == copy.read_bytes()), None)

    def prefixes(self) -> dict[str, Path]:
        """Name -> prefix of every environment that is deployed."""
        flags = self.environments.glob("*.env_setup_done")
        return {self.named(flag.with_suffix("")): flag.with_suffix("") for flag in flags}


def pin_file_fell_back(output: str) -> bool:
    """Whether a pin file did not install: Snakemake only warns of it and takes the environment file instead."""
    return "Failed to install conda environment from pin file" in output

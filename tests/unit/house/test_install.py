"""Which interpreters `make setup` takes, and what it says of the others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def interpreter(path: Path, version: str) -> Path:
    """A program that says that it is this Python, and runs `-c` on a Python whose version_info is that."""
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = tuple(map(int, version.split(".")))
    path.write_text(
        "#!/bin/bash\n"
        f'if [ "$1" = --version ]; then echo "Python {version}"; exit; fi\n'
        f'exec {sys.executable} -c "import sys; sys.version_info = {numbers}; ${{2/import sys;/}}"\n'
    )
    path.chmod(0o755)
    return path


def set_up(clone: Path, python: Path | str) -> subprocess.CompletedProcess:
    """Run the script in a clone that holds nothing else."""
    (clone / "workflow_scripts").mkdir(exist_ok=True)
    shutil.copy(ROOT / "workflow_scripts/install.sh", clone / "workflow_scripts")
    return subprocess.run(
        ["bash", clone / "workflow_scripts/install.sh"],
        env=os.environ | {"PYTHON": str(python)},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("version", ["3.10.9", "3.14.0"])
def test_another_python_is_refused_with_its_version(tmp_path, version):
    done = set_up(tmp_path, interpreter(tmp_path / "bin/python", version))
    assert done.returncode == 1
    assert f"is Python {version}; it must be 3.11, 3.12 or 3.13; install one" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_an_environment_of_another_python_is_refused(tmp_path):
    interpreter(tmp_path / ".venv/bin/python", "3.14.0")
    done = set_up(tmp_path, interpreter(tmp_path / "bin/python", "3.13.2"))
    assert done.returncode == 1
    assert ".venv has Python 3.14.0; delete .venv and run again" in done.stderr


@pytest.mark.parametrize("version", ["3.11.2", "3.13.9"])
def test_these_are_taken(tmp_path, version):
    """It goes on to the requirements, which are not in this clone."""
    done = set_up(tmp_path, interpreter(tmp_path / "bin/python", version))
    assert f"setup: Python {version}" in done.stdout
    assert "it must be" not in done.stderr
    assert "requirements.txt" in done.stderr

"""Which commit a run says that it was made by: in a clone, an archive, a copy, within another repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ASK = "from prism.runs.provenance import git_revision; print(git_revision())"


@pytest.fixture
def committed(git):
    """Function: make a folder a repository that holds its files, or commit what is new there; the commit."""

    def commit(folder: Path) -> str:
        git(folder, "init", "--quiet")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--allow-empty", "--message", folder.name)
        return git(folder, "rev-parse", "HEAD")

    return commit


def said_in(folder: Path) -> str:
    """The commit that the code in `folder` names."""
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-P", "-c", ASK]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def code(tmp_path, root) -> Path:
    """The package as it is here, in no repository."""
    folder = tmp_path / "code"
    shutil.copytree(root / "prism", folder / "prism", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / ".gitattributes", folder)
    return folder


@pytest.fixture
def host(tmp_path, committed) -> Path:
    """A repository of the user's own, with a commit of its own."""
    folder = tmp_path / "host"
    folder.mkdir()
    committed(folder)
    return folder


def test_a_clone_names_its_commit(code, committed):
    commit = committed(code)
    assert said_in(code) == commit


def test_an_archive_names_its_commit_within_another_repository(code, host, committed, git):
    commit = committed(code)
    git(code, "archive", f"--output={host}/code.tar", "HEAD")
    with tarfile.open(host / "code.tar") as archive:
        archive.extractall(host / "unpacked", filter="data")
    assert said_in(host / "unpacked") == commit


@pytest.mark.parametrize("tracked", [False, True])
def test_a_copy_within_another_repository_has_no_commit(code, host, committed, tracked):
    code.rename(host / "copy")
    if tracked:
        committed(host)
    assert said_in(host / "copy") == "None"


def test_a_copy_in_no_repository_has_no_commit(code):
    assert said_in(code) == "None"

"""Fixtures of the conda tier, which only `make test-conda` runs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.conda.deployment import Conda, CondaProject, clone, link_system_programs, real_conda, standin_conda
from tests.workflow.project import make_project


@pytest.fixture(scope="session")
def conda(root) -> Conda:
    """The conda of this machine, else a stand-in for it."""
    if not os.environ.get("PRISM_TEST_CONDA"):
        pytest.skip("environments are deployed by `make test-conda` only")
    return real_conda() or standin_conda(root)


@pytest.fixture(scope="session")
def place(root) -> Path:
    """An empty folder on the file system of the package cache, so that environments are hard links."""
    folder = root / ".venv-conda/run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="session")
def system(tmp_path_factory) -> Path:
    """A folder of links to the system's programs, for the PATH."""
    return link_system_programs(tmp_path_factory.mktemp("system") / "bin")


@pytest.fixture(scope="session")
def new_project(root, conda, place, system):
    """Function: a project of a name, with a clone and environments of its own."""

    def make(name: str) -> CondaProject:
        folder = place / name
        project = make_project(folder / "work", clone(root, folder / "clone"))
        return CondaProject(project.folder, project.workflow, conda, system, folder / "environments")

    return make

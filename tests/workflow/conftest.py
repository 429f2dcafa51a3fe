"""Projects to run the workflow in."""

from __future__ import annotations

import pytest

from tests.workflow.project import Project, make_project


@pytest.fixture(scope="session")
def finished(tmp_path_factory, root) -> Project:
    """A project whose workflow has run to the end, once a session; tests leave it finished."""
    project = make_project(tmp_path_factory.mktemp("finished"), root)
    project.snakemake()
    return project


@pytest.fixture
def fresh(tmp_path, root) -> Project:
    """A project in which nothing has run."""
    return make_project(tmp_path / "project", root)

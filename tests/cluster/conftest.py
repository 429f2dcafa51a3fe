"""A Slurm for these tests, and the demo run on it; only `make test-cluster` starts it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.slurm import Slurm, why_not
from tests.cluster.submission import Submission, submit
from tests.workflow.project import make_project


@pytest.fixture(scope="session")
def slurm() -> Iterator[Slurm]:
    """The cluster, stopped by its pid files when the tests are over."""
    if os.environ.get("PRISM_TEST_CLUSTER") != "1":
        pytest.skip("a Slurm is started by `make test-cluster` only")
    if problem := why_not():
        pytest.skip(problem)
    # beside and not below pytest's folders: a socket's path may have 107 characters
    with tempfile.TemporaryDirectory(prefix="prism-slurm-") as folder:
        cluster = Slurm(Path(folder))
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture(scope="session")
def demo(slurm, tmp_path_factory, root) -> Submission:
    """The workflow run to its end through profiles/slurm as it is shipped."""
    project = make_project(tmp_path_factory.mktemp("cluster"), root)
    # `auto` asks for a GPU; the one that Slurm gives is none, and training takes the CPU
    project.configure(device="auto")
    done = submit(project, slurm)
    assert done.status == 0, done.output
    return done

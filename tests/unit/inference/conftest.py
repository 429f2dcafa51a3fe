"""Fixtures of the predictions' tests."""

from __future__ import annotations

import pytest

from prism.runs.paths import RunPaths
from prism.training.fit import train
from tests.unit.training.tiny_training import RIDGE, paths_in, run_of


@pytest.fixture(scope="session")
def trained(dataset, tmp_path_factory) -> RunPaths:
    """The files of a ridge on the tiny dataset, for tests that only read them."""
    paths = paths_in(tmp_path_factory.mktemp("run"))
    train(run_of(dataset, RIDGE), paths, "cpu")
    return paths

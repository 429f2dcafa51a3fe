"""Fixtures of the trainings' tests."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from prism.runs.paths import RunPaths
from prism.training.fit import train
from prism.training.loop import save_state
from tests.unit.training.tiny_training import paths_in, run_of


@pytest.fixture(scope="session")
def trained(dataset, tmp_path_factory) -> tuple[dict, RunPaths]:
    """An undisturbed training on the tiny dataset: its record and its files, for tests that only read them."""
    paths = paths_in(tmp_path_factory.mktemp("run"))
    return train(run_of(dataset), paths, "cpu"), paths


@pytest.fixture
def stand_still(monkeypatch) -> None:
    """No step takes time, which would widen the margin on a busy machine."""
    monkeypatch.setattr(save_state, "time", SimpleNamespace(monotonic=lambda: 0.0))

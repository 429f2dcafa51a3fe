"""Fixtures of the tests of captured steps: trainings that capture, and ordinary ones beside them."""

from __future__ import annotations

import pytest

from prism.training.cuda_graph.task import CapturedTask, task_of
from prism.training.fit import train
from tests.unit.training import tiny_dataset
from tests.unit.training.cuda_graph.captured_training import LENGTH, StandIn, entry_of
from tests.unit.training.tiny_training import paths_in, run_of


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    """The tiny dataset in windows of 64 bp."""
    return tiny_dataset.write(tmp_path_factory.mktemp("tiny"), length=LENGTH)


@pytest.fixture
def capturing(monkeypatch):
    """Let trainings capture with what is given, by default with a stand-in."""

    def by(capture):
        def task(module, data, place, precision, cuda_graphs):
            return CapturedTask(module, data, precision, capture)

        monkeypatch.setattr("prism.training.gradient.task_of", task)
        return capture

    by(StandIn())
    return by


@pytest.fixture
def not_capturing(monkeypatch):
    """A function after which trainings are ordinary ones again."""
    return lambda: monkeypatch.setattr("prism.training.gradient.task_of", task_of)


@pytest.fixture(scope="session")
def eager(dataset, tmp_path_factory):
    """Paths of an ordinary run of each architecture."""
    done = {}

    def of(name):
        if name not in done:
            done[name] = paths_in(tmp_path_factory.mktemp(name))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("prism.training.gradient.task_of", task_of)
                train(run_of(dataset, entry_of(name)), done[name], "cpu")
        return done[name]

    return of

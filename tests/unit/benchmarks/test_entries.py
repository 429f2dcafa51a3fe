"""Entries as benchmarks read them are those that the workflow trains."""

from __future__ import annotations

import json

import pytest

from benchmarks.entries import MODELS, entry_of
from workflow_scripts.planning.tables.models import read_models


def test_every_entry_is_the_one_that_the_workflow_trains():
    for name, entry in read_models([MODELS]).items():
        assert json.dumps(entry_of(name), sort_keys=True) == entry.canonical(), name


def test_an_unknown_entry_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no entry 'prism_3k'; there are: .*prism_2k"):
        entry_of("prism_3k")

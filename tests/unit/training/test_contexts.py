"""Trainings of Prism with each kind of contexts: killed and gone on, and pairs with one another."""

from __future__ import annotations

import pytest

from prism.training.fit import train
from prism.training.run import Conditions
from tests.unit.training.tiny_training import ENTRY, KillError, die_at, paths_in, run_of, same_files


def entry_of(**own) -> dict:
    """Random and constant contexts need no encoder, so a window of 32 bp is long enough."""
    settings = {"d_model": 8, "n_layer": 1, "center_len": 32, "n_context": 2} | own
    return ENTRY | {"architecture": "prism", "settings": settings}


def test_random_masks_go_on_as_if_nothing_had_happened(dataset, tmp_path):
    entry = entry_of(context="random")
    whole = train(run_of(dataset, entry), paths_in(tmp_path / "whole"), "cpu")
    paths = paths_in(tmp_path / "killed")
    with pytest.raises(KillError):
        train(die_at(run_of(dataset, entry), 12), paths, "cpu", Conditions(state_minutes=0))
    assert train(run_of(dataset, entry), paths, "cpu") == whole
    same_files(paths, paths_in(tmp_path / "whole"))


def test_arms_see_the_same_genes_in_the_same_order(dataset, tmp_path):
    """Masks are drawn from torch's generator, the order of the genes is not."""
    seen = {}
    for kind in ("random", "constant"):
        run, seen[kind] = run_of(dataset, entry_of(context=kind)), []

        def batch(indices, read=run.windows.batch, asked=seen[kind]):
            asked.append(list(indices))
            return read(indices)

        run.windows.batch = batch
        train(run, paths_in(tmp_path / kind), "cpu")
    assert seen["random"] == seen["constant"]
    assert len(seen["random"]) > 24

"""A training of seconds on the tiny dataset, and what a test does to it."""

from __future__ import annotations

import pandas as pd

from prism.genome.dataset.windows import Windows
from prism.runs.paths import RunPaths
from prism.training.run import Run
from tests.unit.training import tiny_dataset

ENTRY = {
    "architecture": "caduceus_signals", "length": 32, "signals": None, "rna_features": True,
    "settings": {"d_model": 8, "n_layer": 1, "center_len": 32},
    "training": {"steps": 24, "batch_size": 4, "warmup_steps": 4, "learning_rate": 0.01},
}  # fmt: skip
RIDGE = {"architecture": "ridge", "length": 32, "signals": None, "rna_features": True}
CLOCK = ["seconds", "steps_per_s", "peak_memory_gb"]  # of the process, not of the run


def paths_in(folder) -> RunPaths:
    """The files of a run in a folder."""
    return RunPaths.within(folder)


def run_of(dataset, entry=ENTRY, seed=2, **windows) -> Run:
    """A run of an entry on a dataset (its windows and its genes table)."""
    windows.setdefault("orientation", entry.get("orientation", "plus"))
    reader = Windows(*dataset, entry["length"], entry["signals"], entry["rna_features"], **windows)
    return Run(reader, tiny_dataset.FOLDS, entry, "tiny", "small", 1, seed, {"assay": "made up"})


class KillError(Exception):
    """Stands for a kill in the middle of a step."""


def kill():
    """The kill itself."""
    raise KillError


def die_at(run, batches, death=kill):
    """Let `death` come when the reader of a run is asked for its `batches`-th batch."""
    plain, asked = run.windows.batch, 0

    def batch(indices):
        nonlocal asked
        asked += 1
        if asked == batches:
            death()
        return plain(indices)

    run.windows.batch = batch
    return run


def same_files(paths, others):
    """Predictions and history of two runs are the same, bit for bit."""
    assert paths.predictions.read_bytes() == others.predictions.read_bytes()
    histories = [pd.read_csv(each.history).drop(columns=CLOCK) for each in (paths, others)]
    pd.testing.assert_frame_equal(*histories, check_exact=True)


def counted(seconds):
    """A clock that goes on by `seconds` whenever it is looked at."""
    looks = iter(range(1, 1000))
    return lambda: seconds * next(looks)

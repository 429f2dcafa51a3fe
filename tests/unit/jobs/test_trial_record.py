"""What the record of a trial says, and when its training is refused."""

from __future__ import annotations

import pytest

from prism.jobs.trial_record import cuts, refuse_cut


def test_a_cut_trial_is_refused_with_what_was_cut_and_the_fix(trial_record):
    with pytest.raises(
        ValueError,
        match=r"^prism_2k on K562: its trial did not fit and was cut from 8 genes at once to 2 \(no room\)",
    ) as refused:
        refuse_cut(trial_record, "trial.json")
    for fix in (
        "micro_batch: 2 ",
        "checkpoint_layers",
        "batch_size",
        "delete trial.json",
        "smoke_first: false",
    ):
        assert fix in str(refused.value)


def test_a_cut_window_is_told_and_no_micro_batch_proposed(trial_record):
    shorter = {"window": 1000, "genes_at_once": None, "genes_at_once_wanted": None}
    record = trial_record | shorter | {"reduced": ["a window of 1,000 bp: no room"]}
    assert cuts(record) == "cut from a window of 2,000 bp to 1,000 bp (no room)"
    with pytest.raises(ValueError, match=r"In its entry set settings\.checkpoint_layers"):
        refuse_cut(record, "trial.json")

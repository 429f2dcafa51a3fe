"""Candidates of `tune`, by hand."""

from __future__ import annotations

import pytest

from prism.models.catalogue import ARCHITECTURES
from prism.protocol.tuning import OF_TRAINING, candidates, check_count, in_words, with_values


def test_every_combination_in_the_order_of_the_keys_names():
    assert candidates({"kmer": [3, 4], "bin_size": [50, 100]}) == [
        {"bin_size": 50, "kmer": 3},
        {"bin_size": 50, "kmer": 4},
        {"bin_size": 100, "kmer": 3},
        {"bin_size": 100, "kmer": 4},
    ]
    assert candidates({}) == []


def test_eight_are_allowed_and_nine_are_not():
    check_count({"d_model": [16, 32], "n_layer": [1, 2], "learning_rate": [1e-3, 3e-3]})
    with pytest.raises(
        ValueError, match=r"9 candidates \(3 of learning_rate x 3 of n_layer\) are more than 8"
    ):
        check_count({"n_layer": [1, 2, 4], "learning_rate": [1e-3, 2e-3, 3e-3]})


def test_values_go_where_their_keys_belong_and_the_lists_are_gone():
    entry = {
        "architecture": "prism",
        "settings": {"d_model": 8, "alpha": 1.0},
        "training": {"steps": 5},
        "tune": {"alpha": [0.5], "learning_rate": [0.1]},
    }
    assert with_values(entry, {"alpha": 0.5, "learning_rate": 0.1}) == {
        "architecture": "prism",
        "settings": {"d_model": 8, "alpha": 0.5},
        "training": {"steps": 5, "learning_rate": 0.1},
    }
    assert entry["settings"]["alpha"] == 1.0


def test_no_setting_has_the_name_of_a_key_of_training():
    for name, entry in ARCHITECTURES.items():
        assert set(OF_TRAINING).isdisjoint(entry.own_settings), name


def test_words_of_a_choice():
    tuned = {
        "values": {"learning_rate": 0.003, "schedule": "constant"},
        "tune": {"learning_rate": [0.001, 0.003, 0.01], "schedule": ["constant"]},
    }
    assert in_words(tuned) == "learning_rate 0.003 of 3, schedule constant of 1"

"""Seeds: those that random generators tell apart."""

from __future__ import annotations

import pytest
import torch

from prism.protocol.seeds import LARGEST, check_seed
from prism.training.loop.state import seed_everything
from workflow_scripts.planning.tables.validation import read_schema


@pytest.mark.parametrize("seed", [0, 2, LARGEST])
def test_a_seed_that_is_read_whole(seed):
    assert check_seed(seed) == seed


@pytest.mark.parametrize("seed", [-1, LARGEST + 1, 2**32 + 1, 2**64, -(2**63) - 1])
def test_others_are_refused_with_the_limit(seed):
    with pytest.raises(ValueError, match=rf"seed {seed}: seeds are 0 to 4294967295"):
        seed_everything(seed)


def test_the_limit_is_that_of_the_generator():
    """Why: one more bit, and two seeds give the same weights."""
    draws = []
    for seed in (1, 2**32 + 1):
        torch.manual_seed(seed)
        draws.append(torch.rand(4))
    assert torch.equal(*draws)


def test_the_schema_says_the_same():
    seeds = read_schema("config")["properties"]["run"]["properties"]["seeds"]
    assert (seeds["items"]["minimum"], seeds["items"]["maximum"]) == (0, LARGEST)
    assert f"0 to {LARGEST}" in seeds["items"]["description"]

"""The table of the published and the fast step of Prism."""

from __future__ import annotations

import pytest

from benchmarks import fast_step
from benchmarks.entries import entry_of


def test_the_ratio_is_of_steps_of_the_same_round():
    found = {"published": [2.0, 8.0, 3.0], "fast": [0.2, 0.4, 0.2]}  # ratios 10, 20, 15
    shown = fast_step.report(
        found,
        memory={"published": 1.1, "fast": 0.1},
        limits={"published": 1.5, "fast": 0.05},
        batches={"published": 8, "fast": 8},
        head="here",
    ).splitlines()
    assert shown[-1] == "the fast step is 15.0 times faster"
    # 20 x 16,000 / 8 steps of 3 s are 33.3 hours; 1.5 of 3 s is the limit, 8 genes in 3 s
    assert shown[2].split()[4:10] == ["3.000", "2.000", "2.7", "1.10", "GB", "50%"]
    assert shown[2].endswith("20 passes over 16000 genes: 33.3 hours")
    assert shown[3].split()[4:9] == ["0.200", "0.200", "40.0", "0.10", "GB"]


def test_the_work_of_the_fast_step_is_that_of_its_tokens():
    rates = {"products": 1e9, "operations": 1e9}
    published, fast = (fast_step.limit_of(entry_of(name), rates) for name in fast_step.ENTRIES.values())
    assert published / fast == pytest.approx(20)  # a token is 20 bases


def test_both_entries_take_a_step():
    for name in fast_step.ENTRIES.values():
        step = fast_step.step_of_entry(entry_of(name), tiny=True)
        before = step.module.head.last.bias.item()
        step.whole()
        assert step.module.head.last.bias.item() != before

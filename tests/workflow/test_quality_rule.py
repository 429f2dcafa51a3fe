"""The page on the data's quality is part of a whole run."""

from __future__ import annotations

import json


def test_page_and_numbers_are_there(finished):
    folder = finished.folder / "results/qc"
    numbers = json.loads((folder / "simA.json").read_text())
    assert numbers["genes"]["in_windows"] > 30
    assert numbers["label"]["strand_sums"]["sense"] > numbers["label"]["strand_sums"]["antisense"]
    assert {"no_tss_peak", "swapped_strands"}.isdisjoint(each["key"] for each in numbers["findings"])
    assert "Signals around the TSS" in (folder / "simA.html").read_text()


def test_the_page_alone_needs_no_training(fresh):
    jobs = fresh.planned("results/qc/simA.html")
    assert jobs["quality"] == 1
    assert not any(rule.startswith("train") for rule in jobs)

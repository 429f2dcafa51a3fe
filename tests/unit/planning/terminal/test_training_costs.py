"""Hours of trainings, worked out by hand from a table of step times."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from workflow_scripts.planning.tables.models import Entry
from workflow_scripts.planning.terminal import announcement
from workflow_scripts.planning.terminal.training_costs import (
    StepTime,
    Trained,
    beyond_limit,
    read_step_times,
    told,
    training_hours,
    with_candidates,
)

HEADER = "entry\tgenes_a_step\tseconds_a_step\toutcome\tdevice\n"


def entry(name: str, architecture: str = "prism", settings: dict | None = None, **training) -> Entry:
    return Entry(
        name, architecture, 2000, None, True, settings or {}, {"batch_size": 8, "steps": 50_000} | training
    )


ENTRIES = {
    each.name: each
    for each in (
        entry("prism_2k"),
        Entry("prism_2k_norna", "prism", 2000, None, False, {}, {"batch_size": 8, "steps": 50_000}),
        entry("prism_2k_n4", settings={"n_context": 4}),
        entry("long", architecture="caduceus"),
        Entry("ridge_2k", "ridge", 2000, None, True, {}, {}),
    )
}
TIMES = [
    StepTime("prism_2k", 1.8, 8, "cpu (a processor)"),
    StepTime("long", 3.6, 2, "cpu (a processor)"),
    StepTime("prism_2k", 0.036, 8, "cuda (a card)"),
]


def test_steps_times_seconds():
    total = training_hours([Trained("prism_2k"), Trained("prism_2k")], ENTRIES, TIMES, genes=100, gpu=False)
    assert total.hours == pytest.approx(2 * 50_000 * 1.8 / 3600)  # 50 hours
    assert (total.runs, total.scaled, total.unmeasured) == (2, 0, set())


def test_an_entry_without_rna_features_takes_the_time_of_its_like():
    total = training_hours([Trained("prism_2k_norna")], ENTRIES, TIMES, genes=100, gpu=True)
    assert total.hours == pytest.approx(0.5)
    assert total.devices == {"cuda (a card)"}


def test_a_step_of_fewer_genes_is_taken_in_proportion():
    total = training_hours([Trained("long")], ENTRIES, TIMES, genes=100, gpu=False)
    assert total.hours == pytest.approx(50_000 * 3.6 * 4 / 3600)
    assert total.scaled == 1


def test_what_nobody_measured_is_named_and_counts_nothing():
    total = training_hours(
        [Trained("prism_2k"), Trained("prism_2k_n4")], ENTRIES, TIMES, genes=100, gpu=False
    )
    assert total.hours == pytest.approx(25.0)
    assert "without prism_2k_n4: not measured" in told(total, "CPU")
    nothing = training_hours([Trained("long")], ENTRIES, TIMES, genes=100, gpu=True)
    assert told(nothing, "GPU") == "Training on a GPU: hours unknown, no step was measured"


def test_a_closed_form_takes_no_hours():
    assert training_hours([Trained("ridge_2k")], ENTRIES, TIMES, genes=100, gpu=False).runs == 0


def test_epochs_are_passes_over_the_training_genes():
    passes = Entry("passes", "epinformer", 2000, (), True, {}, {"batch_size": 16, "epochs": 20})
    times = [StepTime("passes", 3600.0, 16, "cpu (x, 2 thread(s))")]
    # full batches only, as the trainer has it: 2 of 16 in a pass over 33 genes, 6 over those of three cell types
    for cell_types, hours in ((1, 40), (3, 120)):
        trained = [Trained("passes", cell_types)]
        assert training_hours(trained, {"passes": passes}, times, genes=33, gpu=False).hours == hours
    steps = training_hours([Trained("prism_2k", 3)], ENTRIES, TIMES, genes=100, gpu=False)
    assert steps.hours == pytest.approx(50_000 * 1.8 / 3600)  # their number is given


def test_an_entry_may_leave_its_batch_to_the_default():
    short = Entry("short", "prism", 2000, None, True, {}, {"steps": 1000})
    times = [StepTime("short", 3.6, 8, "cpu (x, 2 thread(s))")]
    total = training_hours([Trained("short")], {"short": short}, times, genes=100, gpu=False)
    assert (total.hours, total.scaled) == (pytest.approx(1.0), 0)


def test_rows_without_a_time_are_left_out(tmp_path):
    table = tmp_path / "model_costs.tsv"
    table.write_text(
        HEADER + "a_2k\t16\t2.5\tdone\tcpu (x, 2 thread(s))\nb_2k\t1\t\tout of memory: 24 GB\tcpu (x)\n"
    )
    assert read_step_times(table) == [StepTime("a_2k", 2.5, 16, "cpu (x, 2 thread(s))")]
    assert read_step_times(tmp_path / "absent.tsv") == []


def test_a_training_longer_than_its_attempts_is_told():
    """25 hours of prism_2k on a CPU, half an hour on a GPU: 50,000 steps of 1.8 and 0.036 s."""
    words = "Time limit: prism_2k takes about 25 hours a run on a CPU, more than 4 attempts of 6 hours"
    for minutes, attempts, kind, told_lines in (
        (360, 4, "CPU", 1),  # 24 hours
        (375, 4, "CPU", 0),  # 25 hours
        (360, 5, "CPU", 0),
        (360, 4, "GPU", 0),
        (7, 4, "GPU", 1),  # 28 minutes
        (0, 4, "CPU", 0),  # no limit
        (None, 4, "CPU", 0),
    ):
        lines = beyond_limit({Trained("prism_2k"): (minutes, attempts)}, ENTRIES, TIMES, 100, kind)
        assert len(lines) == told_lines, (minutes, attempts, kind)
        assert all(line.startswith(words) for line in lines if kind == "CPU")
    unmeasured = {Trained("prism_2k_n4"): (1, 1), Trained("ridge_2k"): (1, 1)}
    assert beyond_limit(unmeasured, ENTRIES, TIMES, 100, "CPU") == []


def test_limits_are_those_of_the_jobs(monkeypatch):
    monkeypatch.setattr(announcement, "read_step_times", lambda: TIMES)
    jobs = [
        SimpleNamespace(
            wildcards=SimpleNamespace(model=name, cell_type="liver"),
            resources={"runtime": minutes},
            restart_times=3,
        )
        for name, minutes in (("prism_2k", 360), ("prism_2k", 360), ("prism_2k_norna", 0), ("long", 7000))
    ]
    for device, told_lines in (("cpu", 1), ("cuda", 0), ("auto", 1)):
        plan = SimpleNamespace(config={"device": device}, entries=ENTRIES, members=lambda name: [name])
        assert len(announcement.limit_lines(jobs, plan)) == told_lines


def test_candidates_are_counted_and_what_they_choose_for_counts_as_the_longest(monkeypatch):
    tuned = replace(ENTRIES["prism_2k"], name="tuned", tune={"steps": [50_000, 100_000]})
    entries = with_candidates({"prism_2k": ENTRIES["prism_2k"], "tuned": tuned})
    runs = [Trained(name) for name in ("tuned, candidate 1", "tuned, candidate 2", "tuned", "tuned")]
    total = training_hours(runs, entries, TIMES, genes=100, gpu=False)
    assert total.hours == pytest.approx((1 + 2 + 2 + 2) * 50_000 * 1.8 / 3600)
    assert total.runs == 4
    width = replace(tuned, tune={"d_model": [128, 64]})
    entries = with_candidates({"prism_2k": ENTRIES["prism_2k"], "tuned": width})
    assert training_hours([Trained("tuned")], entries, TIMES, genes=100, gpu=False).unmeasured == {"tuned"}


def test_the_announcement_says_how_many_candidates_there_are():
    jobs = [
        SimpleNamespace(wildcards=SimpleNamespace(model=model, **({"candidate": place} if place else {})))
        for model, place in (("a", "1"), ("a", "2"), ("b", "1"), ("b", None), ("c", None))
    ]
    assert announcement.tuning_lines(jobs) == [
        "Tuning: 3 candidates to train (2 of a, 1 of b), judged on validation"
    ]
    assert announcement.tuning_lines(jobs[3:]) == []
